"""A file is answered as long as an update that is out names it, whole or in ranges, and never runs."""

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest
from sqlmodel import Session, select

from feedsvc.commands.content import load_all
from feedsvc.domain.tables.content import RevisionText, Update, UpdateStatus
from feedsvc.gateways import files
from feedsvc.records import feeds
from feedsvc.web import files as web
from tests import made_files as made
from tests.web.visiting import visitor
from tests.world import START, World

SOUND = made.MP3 + bytes(range(256)) * 20
DIGEST = sha256(SOUND).hexdigest()
PATH = f"/files/{DIGEST}/talk.mp3"
KIND = 'title = "River"\nkind = "statement"\nlanguage = "en"'
FILE = '\n[[file]]\nname = "talk.mp3"\ntext = "The talk"'

Put = Callable[..., None]


@pytest.fixture
def put(here_and_now: World, tmp_path: Path) -> Put:
    """Load an update that has a file beside it."""

    def load(front: str = "", name: str = "talk.mp3", content: bytes = SOUND) -> None:
        folder = tmp_path / "content/river"
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("talk*"):
            old.unlink()
        (folder / "campaign.md").write_text(f"+++\n{KIND}\n+++\n\nWords.\n")
        named = FILE.replace("talk.mp3", name)
        (folder / "u.md").write_text(f'+++\ntitle = "News"\n{front}\n{named}\n+++\n\nWords.\n')
        (folder / name).write_bytes(content)
        here_and_now.pass_time(minutes=1)
        load_all(here_and_now.here, files.read(tmp_path / "content"), now=here_and_now.now)

    return load


@pytest.fixture
async def client(here_and_now: World) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client of the files."""
    async with visitor(here_and_now, web.routes) as made_client:
        yield made_client


async def test_file_comes_as_it_was_put_in(put: Put, client: httpx2.AsyncClient) -> None:
    put()
    answer = await client.get(PATH)
    assert (answer.status_code, answer.content) == (200, SOUND)
    assert dict(answer.headers) == {
        "accept-ranges": "bytes",
        "access-control-allow-origin": "*",
        "cache-control": "public, max-age=31536000, s-maxage=60, immutable",
        "content-disposition": 'inline; filename="talk.mp3"',
        "content-length": str(len(SOUND)),
        "content-security-policy": "sandbox; default-src 'none'; media-src 'self'",
        "content-type": "audio/mpeg",
        "etag": f'"{DIGEST}"',
        "x-content-type-options": "nosniff",
    }


async def test_text_says_its_encoding(put: Put, client: httpx2.AsyncClient) -> None:
    put(name="talk.csv", content=made.TEXT)
    answer = await client.get(f"/files/{sha256(made.TEXT).hexdigest()}/talk.csv")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_large_file_comes_in_parts_and_whole(
    put: Put, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    put()
    monkeypatch.setattr(web, "PART_BYTES", 1000)
    assert (await client.get(PATH)).content == SOUND
    part = await client.get(PATH, headers={"Range": "bytes=1500-4999"})
    assert part.content == SOUND[1500:5000]


async def test_range_is_answered_with_its_place(put: Put, client: httpx2.AsyncClient) -> None:
    put()
    answer = await client.get(PATH, headers={"Range": "bytes=5-9"})
    assert (answer.status_code, answer.content) == (206, SOUND[5:10])
    assert answer.headers["content-range"] == f"bytes 5-9/{len(SOUND)}"
    assert answer.headers["content-length"] == "5"


async def test_range_that_lies_outside_is_told_the_length(
    put: Put, client: httpx2.AsyncClient
) -> None:
    put()
    answer = await client.get(PATH, headers={"Range": f"bytes={len(SOUND)}-"})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"


async def test_range_of_another_version_gets_the_whole(
    put: Put, client: httpx2.AsyncClient
) -> None:
    put()
    answer = await client.get(PATH, headers={"Range": "bytes=5-9", "If-Range": '"other"'})
    assert (answer.status_code, len(answer.content)) == (200, len(SOUND))


async def test_head_is_answered_like_get_without_the_bytes(
    put: Put, client: httpx2.AsyncClient
) -> None:
    put()
    head = await client.head(PATH, headers={"Range": "bytes=5-9"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == (await client.get(PATH)).headers


@pytest.mark.parametrize("tags", [f'"{DIGEST}"', f'W/"{DIGEST}"', f'"x", "{DIGEST}"', "*"])
async def test_who_has_it_already_is_told_so(
    put: Put, client: httpx2.AsyncClient, tags: str
) -> None:
    put()
    answer = await client.get(PATH, headers={"If-None-Match": tags, "Range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == f'"{DIGEST}"'
    assert "immutable" in answer.headers["cache-control"]


async def test_nothing_is_posted_to_a_file(put: Put, client: httpx2.AsyncClient) -> None:
    put()
    assert (await client.post(PATH)).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        PATH.replace("talk", "walk"),
        PATH.replace(DIGEST, "0" * 64),
        PATH.replace(DIGEST, DIGEST.upper()),
        PATH.replace(DIGEST, DIGEST[:32]),
        PATH.replace(DIGEST, "%25"),
    ],
)
async def test_other_address_is_unknown(put: Put, client: httpx2.AsyncClient, path: str) -> None:
    put()
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "front", ['status = "draft"', 'status = "scheduled"\npublish_at = 2026-03-03T09:00:00Z']
)
async def test_file_of_what_is_not_out_is_unknown(
    put: Put, client: httpx2.AsyncClient, front: str
) -> None:
    put(front)
    assert (await client.get(PATH)).status_code == 404


async def test_file_of_a_draft_stays_unknown_when_another_took_its_place(
    put: Put, client: httpx2.AsyncClient
) -> None:
    put('status = "draft"')
    put('status = "draft"', content=made.MP3)
    put("based_on = 2", content=made.MP3)
    assert (await client.get(PATH)).status_code == 404
    assert (await client.get(PATH.replace(DIGEST, sha256(made.MP3).hexdigest()))).status_code == 200


async def test_file_of_an_earlier_revision_is_still_there(
    put: Put, client: httpx2.AsyncClient
) -> None:
    put()
    put(content=made.MP3)
    assert (await client.get(PATH)).content == SOUND


async def test_file_of_what_was_withdrawn_is_gone(
    put: Put, client: httpx2.AsyncClient, here_and_now: World
) -> None:
    put()
    here_and_now.write(_withdraw)
    answer = await client.get(PATH, headers={"If-None-Match": f'"{DIGEST}"'})
    assert answer.status_code == 410
    assert answer.headers["cache-control"] == "no-store"


async def test_file_that_was_erased_from_every_revision_is_unknown(
    put: Put, client: httpx2.AsyncClient, here_and_now: World
) -> None:
    put()
    here_and_now.write(_redact)
    assert (await client.get(PATH)).status_code == 404


async def test_what_was_found_is_found_anew_when_the_feeds_have_moved(
    put: Put, client: httpx2.AsyncClient, here_and_now: World
) -> None:
    put()
    statuses = [(await client.get(PATH)).status_code for _ in range(2)]
    here_and_now.write(_withdraw)
    statuses += [(await client.get(PATH)).status_code for _ in range(2)]
    assert statuses == [200, 200, 410, 410]


def _withdraw(session: Session) -> None:
    session.exec(select(Update)).one().status = UpdateStatus.WITHDRAWN
    feeds.bump(session, feeds.SITE, START)


def _redact(session: Session) -> None:
    for text in session.exec(select(RevisionText)).all():
        text.files = []
    feeds.bump(session, feeds.SITE, START)
