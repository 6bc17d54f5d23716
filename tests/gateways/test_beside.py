"""Files beside an update are named by its front matter, read with it, and written with it."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from feedsvc.domain.content import NamedFile, Site, UpdateFile
from feedsvc.domain.filetypes import SIZE_LIMIT
from feedsvc.errors import Conflict, Invalid
from feedsvc.gateways import files
from feedsvc.gateways.beside import Fetch
from tests import made_files as made

CAMPAIGN = '+++\ntitle = "A"\nkind = "petition"\nlanguage = "en"\n+++\n'
MAP = '[[file]]\nname = "map.png"\ntext = "The map"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with one campaign, and a file beside its update."""
    (tmp_path / "in/a").mkdir(parents=True)
    (tmp_path / "in/a/campaign.md").write_text(CAMPAIGN)
    (tmp_path / "in/a/map.png").write_bytes(made.PNG)
    put(tmp_path / "in", "u.md", MAP)
    return tmp_path / "in"


def put(folder: Path, name: str, front: str = "") -> None:
    (folder / "a" / name).write_text(f'+++\ntitle = "U"\n{front}+++\n\nWords.\n')


def fetch_from(site: Site) -> Fetch:
    contents = {one.digest: one.read() for folder in site.folders for one in folder.contents}
    return contents.__getitem__


def named(site: Site) -> list[list[tuple[str, str]]]:
    return [[(file.name, file.text) for file in text.files] for text in update(site).texts]


def update(site: Site) -> UpdateFile:
    return site.folders[0].updates[0]


def test_file_is_read_with_its_digest_and_its_words(folder: Path) -> None:
    site = files.read(folder)
    digest = sha256(made.PNG).hexdigest()
    assert update(site).texts[0].files == (NamedFile("map.png", "The map", digest),)
    (content,) = site.folders[0].contents
    assert (content.digest, content.media_type, content.length) == (digest, "image/png", 67)
    assert content.read() == made.PNG


def test_language_that_names_no_file_has_those_of_the_first_text(folder: Path) -> None:
    put(folder, "u.ar.md")
    put(folder, "u.de.md", MAP.replace("The map", "Die Karte"))
    put(folder, "u.fr.md", "file = []\n")
    assert named(files.read(folder)) == [
        [("map.png", "The map")],
        [("map.png", "The map")],
        [("map.png", "Die Karte")],
        [],
    ]


def test_what_is_written_is_read_again_unchanged(folder: Path, tmp_path: Path) -> None:
    for name, front in (
        ("u.ar.md", ""),
        ("u.de.md", MAP.replace("map", "Ort")),
        ("u.fr.md", "file = []\n"),
    ):
        put(folder, name, front.replace("Ort.png", "map.png"))
    site = files.read(folder)
    files.write(tmp_path / "out", site, fetch_from(site))
    assert files.read(tmp_path / "out") == site
    assert (tmp_path / "out/a/map.png").read_bytes() == made.PNG


def test_two_files_of_one_name_lie_under_two_and_keep_it(folder: Path, tmp_path: Path) -> None:
    (folder / "a/map-2.png").write_bytes(made.png(2))
    put(folder, "v.md", MAP + 'from = "map-2.png"\n')
    site = files.read(folder)
    files.write(tmp_path / "out", site, fetch_from(site))
    assert files.read(tmp_path / "out") == site
    assert [one.texts[0].files[0].name for one in site.folders[0].updates] == ["map.png"] * 2
    assert (tmp_path / "out/a/map-2.png").read_bytes() == made.png(2)


def test_file_that_changes_while_it_is_loaded_is_refused(folder: Path) -> None:
    (content,) = files.read(folder).folders[0].contents
    (folder / "a/map.png").write_bytes(made.png(3))
    with pytest.raises(Conflict, match=r"^a/map\.png changed while it was loaded"):
        content.read()


def test_file_that_is_not_at_hand_is_not_written_as_nothing(folder: Path, tmp_path: Path) -> None:
    site = files.read(folder)
    with pytest.raises(Conflict, match="is not in the store"):
        files.write(tmp_path / "out", replace(site))


@pytest.mark.parametrize(
    ("front", "error"),
    [
        (
            MAP.replace("map.png", "plan.png"),
            r"^a/v\.md, line 3, file: there is no file 'plan.png'",
        ),
        ('[[file]]\nname = "map.png"\n', r"^a/v\.md, text: is missing"),
        (MAP + MAP, r"^a/v\.md, line 3, file: names one file twice"),
        (MAP * 11, r"^a/v\.md, line 3, file: stands there 11 times; a text has at most 10"),
        ('file = "map.png"\n', r"^a/v\.md, line 3, file: is not a table"),
        (MAP + 'alt = "x"\n', r"^a/v\.md, line 6, alt: is not a key"),
        (MAP.replace("map.png", "../u.md"), r"^a/v\.md, line 3, file: '../u\.md' is not a name"),
        (MAP + 'from = "../map.png"\n', r"^a/v\.md, line 3, file: '../map\.png' is not a name"),
        (
            MAP.replace("map.png", "page.html"),
            r"^a/v\.md, line 3, file: 'page\.html' is not a name",
        ),
    ],
)
def test_front_matter_that_names_a_file_wrongly_says_where(
    folder: Path, front: str, error: str
) -> None:
    put(folder, "v.md", front)
    with pytest.raises(Invalid, match=error):
        files.read(folder)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (made.PDF, r"^a/map\.png: ends in \.png, and its content is application/pdf"),
        (made.SVG, r"^a/map\.png: is of no kind that we take"),
        (made.PNG + bytes(SIZE_LIMIT), r"^a/map\.png: has more than 10000000 bytes"),
    ],
)
def test_content_that_cannot_be_taken_names_its_file(
    folder: Path, content: bytes, error: str
) -> None:
    (folder / "a/map.png").write_bytes(content)
    with pytest.raises(Invalid, match=error):
        files.read(folder)


@pytest.mark.parametrize("name", ["plan.png", "notes.txt", "page.html", "readme", "u.pdf/x"])
def test_file_that_nobody_names_is_refused_with_a_remedy(folder: Path, name: str) -> None:
    path = folder / "a" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(made.PNG)
    with pytest.raises(Invalid, match=r"no update names it\. Name it in a \[\[file\]\]"):
        files.read(folder)


def test_campaign_names_no_files(folder: Path) -> None:
    (folder / "a/campaign.md").write_text(CAMPAIGN.replace("+++\n", f"+++\n{MAP}", 1))
    with pytest.raises(Invalid, match=r"^a/campaign\.md, line 2, file: is not a key of this file"):
        files.read(folder)
