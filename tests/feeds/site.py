"""A site with everything that feeds have to carry, and what staff do to it, served over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree
from sqlmodel import select
from starlette.testclient import TestClient

from feedsvc.actions import campaigns
from feedsvc.commands.content import load_all
from feedsvc.domain.tables.content import Campaign, EditClass
from feedsvc.gateways import files
from feedsvc.records import folders, stored
from tests.domain.feeds.arrange import HOSTILE_TITLES
from tests.feeds.deeds import revised, withdrawn
from tests.feeds.walking import walk
from tests.web.serving import client
from tests.world import World, world

FORMATS = ("atom", "rss", "json")
BASE = "http://127.0.0.1:8000"
MANY = 500
MECHANISM = "khan-sheikhoun/2017-12-07-un-mechanism.md"
HUB = "https://hub.example/?a=1&b=2"
FILED = {"resolution.pdf": b"%PDF-1.4\n%%EOF\n", "figures.csv": b"year,number\n2017,7\n"}
_FOLDERS = count()

Edit = Callable[[str], str]


def load(made: World, folder: Path) -> None:
    """Load a folder of content."""
    load_all(made.here, files.read(folder), now=made.now)


def edit(made: World, folder: Path, edits: Mapping[str, Edit]) -> None:
    """Change content as people who keep it in files do: dump, edit, load."""
    place = folder / f"edit-{next(_FOLDERS)}"
    files.write(place, made.read(folders.of_site), lambda name: made.read(stored.content, name))
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
    load(made, filed(folder / "filed"))
    made.pass_time(hours=1)
    old = [f"busy/k{number}.md" for number in (0, 49, 50, 251, MANY - 1)]
    edit(made, folder, dict.fromkeys([*old, MECHANISM], amended))
    take_back(made)
    made.pass_time(hours=1)


def take_back(made: World) -> None:
    """Correct and withdraw updates, new and old, and withdraw a campaign."""
    revised(made, made.post("busy", "About to be corrected"), EditClass.CORRECTION)
    withdrawn(
        made, made.post("busy", "About to be withdrawn & <b>"), en="It was wrong & <i>old</i>."
    )
    made.campaign("taken")
    made.post("taken", "Last news")
    made.pass_time(hours=1)
    by = {"site": made.here.settings.site, "by": "test", "now": made.now}
    made.write(campaigns.withdraw_campaign, "taken", **by)


def filed(folder: Path) -> Path:
    """Write a campaign with an update beside which files lie."""
    place = folder / "filed"
    place.mkdir(parents=True)
    (place / "campaign.md").write_text(
        '+++\ntitle = "Filed"\nkind = "petition"\nlanguage = "en"\n+++\n\nWords.\n'
    )
    files_ = "".join(f'[[file]]\nname = "{name}"\ntext = "In words & <b>"\n' for name in FILED)
    (place / "papers.md").write_text(f'+++\ntitle = "Papers"\n{files_}+++\n\nSee these.\n')
    for name, content in FILED.items():
        (place / name).write_bytes(content)
    return folder


@contextmanager
def site(url: str, folder: Path) -> Iterator[World]:
    """Open a site that has everything."""
    with world(url, folder, feeds={"hub": HUB}) as made:
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
    """Fetch every feed of a site in every format, archives included; also those no longer listed."""
    slugs = made.read(lambda session: session.exec(select(Campaign.slug)).all())
    with client(made) as http:
        found: dict[str, bytes] = {}
        for stem in sorted({*stems(http), *(f"/c/{slug}" for slug in slugs)}):
            for suffix in FORMATS:
                found |= {page.url: page.raw for page in walk(http, f"{stem}.{suffix}")}
        return found
