"""A site with everything that feeds have to carry, and what staff do to it, served over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree
from starlette.testclient import TestClient

from feedsvc.commands.content import load_all
from feedsvc.gateways import files
from feedsvc.records import folders
from tests.domain.feeds.arrange import HOSTILE_TITLES
from tests.feeds.walking import walk
from tests.web.serving import client
from tests.world import World, world

FORMATS = ("atom", "rss", "json")
BASE = "http://127.0.0.1:8000"
MANY = 500
_FOLDERS = count()

Edit = Callable[[str], str]


def load(made: World, folder: Path) -> None:
    """Load a folder of content."""
    load_all(made.here, files.read(folder), now=made.now)


def edit(made: World, folder: Path, edits: Mapping[str, Edit]) -> None:
    """Change content as people who keep it in files do: dump, edit, load."""
    place = folder / f"edit-{next(_FOLDERS)}"
    files.write(place, made.read(folders.of_site))
    for name, change in edits.items():
        file = place / name
        file.write_text(change(file.read_text()))
    load(made, place)


def amended(text: str) -> str:
    """Say more in a file of an update, so that its feeds move."""
    return text.replace("+++\n", '+++\nedit_class = "amended"\n', 1) + "\nOne sentence more.\n"


def retitled(text: str) -> str:
    """Give a file another title."""
    return "\n".join(
        'title = "Another title"' if line.startswith("title = ") else line
        for line in text.split("\n")
    )


def fill(made: World, folder: Path) -> None:
    """Set up campaigns of every kind, and let time pass."""
    load(made, files.shipped("updates"))
    made.campaign("quiet")
    made.campaign("busy", body="Much happens here.")
    for number in range(MANY):
        made.pass_time(minutes=1)
        made.post("busy", f"News {number}", key=f"k{number}", occurred_on="2026-02")
    made.campaign("hostile", title="A & B <i>", summary="1 < 2 & 3")
    for number, title in enumerate(HOSTILE_TITLES):
        made.pass_time(seconds=1)
        made.post("hostile", title, summary=title, key=f"k{number}", body=f"# {title}\n\n`{title}`")
    arabic = {"title": "خبر", "body": "نص [رابط](https://example.org/)"}
    made.campaign("halab", title="حلب", language="ar", texts={"en": {"title": "Aleppo"}})
    made.post("halab", **arabic, texts={"en": {"title": "News", "body": "Words."}})
    made.post("halab", title="STJ خبر", body="نص", occurred_on="2017-12-07")
    made.campaign("over", status="closed")
    made.pass_time(hours=1)
    edit(
        made,
        folder,
        {"busy/k7.md": amended, "khan-sheikhoun/2017-04-10-homs-air-strikes.md": amended},
    )
    made.pass_time(hours=1)


@contextmanager
def site(url: str, folder: Path) -> Iterator[World]:
    """Open a site that has everything."""
    with world(url, folder) as made:
        fill(made, folder)
        yield made


def stems(http: TestClient) -> list[str]:
    """List where the feeds of a site are, without what their formats are called."""
    listed = etree.fromstring(http.get("/feeds.opml").content)
    by_language = {
        str(each.get("xmlUrl")).removesuffix(".atom")
        for each in listed.iter("outline")
        if each.get("xmlUrl")
    }
    plain = {stem.rpartition(".")[0] for stem in by_language}
    return sorted(urlsplit(stem).path for stem in by_language | plain)


def documents(made: World) -> dict[str, bytes]:
    """Fetch every feed of a site in every format, archives included."""
    with client(made) as http:
        found: dict[str, bytes] = {}
        for stem in stems(http):
            for suffix in FORMATS:
                found |= {page.url: page.raw for page in walk(http, f"{stem}.{suffix}")}
        return found
