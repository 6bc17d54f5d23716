"""Files are enclosed with their true length and type, and titled in the words of their text."""

from datetime import UTC, datetime

from sqlmodel import Session

from feedsvc.domain.content import FileContent
from feedsvc.domain.tables.content import RevisionText
from feedsvc.records import content, enclosures
from tests.world import World

NOW = datetime(2026, 3, 2, tzinfo=UTC)
MAP = {"name": "map.png", "text": "خريطة", "digest": "a" * 64}
TALK = {"name": "talk.mp3", "text": "The talk", "digest": "b" * 64}
GONE = {"name": "gone.pdf", "text": "Gone", "digest": "c" * 64}


def test_files_are_enclosed_in_their_order_and_one_that_is_gone_is_left_out(
    here_and_now: World,
) -> None:
    here_and_now.write(_store)
    texts = [_text("en", [TALK, GONE, MAP]), _text("ar", [MAP]), _text("de", [])]
    found = here_and_now.read(enclosures.of_texts, here_and_now.here.settings.site, texts)
    english = [(one.media_type, one.length, one.title) for one in found[7, "en"]]
    assert english == [("audio/mpeg", 3, "The talk"), ("image/png", 2, "خريطة")]
    assert found[7, "en"][1] == found[7, "ar"][0]
    assert found[7, "ar"][0].url == f"http://127.0.0.1:8000/files/{'a' * 64}/map.png"
    assert found[7, "de"] == ()


def test_first_image_among_them_is_the_image_of_the_entry(here_and_now: World) -> None:
    here_and_now.write(_store)
    texts = [_text("en", [TALK, MAP]), _text("ar", [TALK])]
    found = here_and_now.read(enclosures.of_texts, here_and_now.here.settings.site, texts)
    assert enclosures.image(found[7, "en"]) == found[7, "en"][1].url
    assert enclosures.image(found[7, "ar"]) == ""


def _text(language: str, files: list[dict[str, str]]) -> RevisionText:
    return RevisionText(
        revision_id=7, language=language, position=0, title="T", body="B", files=files
    )


def _store(session: Session) -> None:
    for file, kind, held in ((MAP, "image/png", b"12"), (TALK, "audio/mpeg", b"123")):
        one = FileContent(file["digest"], kind, len(held), lambda held=held: held)  # type: ignore[misc]  # the value of now
        content.put_file(session, one, NOW)
