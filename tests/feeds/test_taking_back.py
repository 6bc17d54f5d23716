"""A withdrawn update as readers meet it: stub, announcement and tombstone, and later the tombstone (D1 to D4)."""

import pytest

from feedsvc.domain.tables.content import Update
from tests.feeds.atom_rules import ATOM, Atom
from tests.feeds.deeds import withdrawn
from tests.feeds.json_rules import JSON, JsonFeed
from tests.feeds.parsers import Facts
from tests.feeds.rss_rules import RSS, Rss
from tests.feeds.site import documents
from tests.feeds.test_moments import FORMATS
from tests.feeds.test_parsers import READINGS
from tests.web.serving import client
from tests.world import World

SECRET = "The village is called Ghost"


@pytest.fixture
def wrong(here_and_now: World) -> Update:
    """Post sixty updates and give the first of them, which is in an archive by now."""
    here_and_now.campaign()
    here_and_now.pass_time(hours=1)
    first = here_and_now.post(title=SECRET, body=SECRET, summary=SECRET)
    for number in range(60):
        here_and_now.pass_time(minutes=1)
        here_and_now.post(title=f"News {number}")
    here_and_now.pass_time(hours=1)
    return first


def shown(world: World, suffix: str) -> list[Facts]:
    """Return what a parser finds in the campaign's feed, the newest first."""
    with client(world) as http:
        return READINGS[FORMATS[suffix]][1](http.get(f"/c/river.{suffix}").content)


def tombstones(world: World) -> list[tuple[str, str]]:
    """Return what the campaign's Atom feed says is deleted, and since when."""
    with client(world) as http:
        atom = Atom(http.get("/c/river.atom").content)
    return [(str(e.get("ref")), str(e.get("when"))) for e in atom.all("at:deleted-entry")]


def id_of(world: World, title: str) -> str:
    """Find the id of an entry by its title, in any document."""
    found = [f for url, raw in documents(world).items() if url.endswith(".json")
             for f in READINGS["atoma, JSON Feed"][1](raw) if f.title == title]  # fmt: skip
    return found[0].id


@pytest.mark.parametrize("suffix", FORMATS)
def test_it_comes_back_to_the_head_under_its_id_and_is_announced(
    here_and_now: World, wrong: Update, suffix: str
) -> None:
    taken = id_of(here_and_now, SECRET)
    withdrawn(here_and_now, wrong, en="It was wrong.")

    newest = shown(here_and_now, suffix)[:2]

    stub = next(each for each in newest if each.id == taken)
    announced = next(each for each in newest if each.id != taken)
    assert stub.updated == announced.published > stub.published
    assert "ithdrawn" in stub.title
    assert "ithdrawn" in announced.title


def test_its_words_are_gone_from_every_document_archives_included(
    here_and_now: World, wrong: Update
) -> None:
    before = documents(here_and_now)
    withdrawn(here_and_now, wrong)
    after = documents(here_and_now)

    assert any("archive" in url and SECRET.encode() in raw for url, raw in before.items())
    assert [url for url, raw in after.items() if SECRET.encode() in raw] == []


def test_the_tombstone_is_younger_than_what_it_stands_for_and_stays(
    here_and_now: World, wrong: Update
) -> None:
    taken = id_of(here_and_now, SECRET)
    withdrawn(here_and_now, wrong)
    (ref, when), *others = tombstones(here_and_now)

    assert (ref, others) == (taken, [])
    assert when > wrong.created_at.isoformat()


async def test_after_thirty_days_the_stub_leaves_and_the_tombstone_stays(
    here_and_now: World, wrong: Update
) -> None:
    taken = id_of(here_and_now, SECRET)
    withdrawn(here_and_now, wrong)
    here_and_now.pass_time(days=29)
    await here_and_now.tick()
    with_stub = {suffix: {f.id for f in shown(here_and_now, suffix)} for suffix in FORMATS}
    here_and_now.pass_time(days=2)
    await here_and_now.tick()

    without = {suffix: {f.id for f in shown(here_and_now, suffix)} for suffix in FORMATS}

    assert [taken in ids for ids in with_stub.values()] == [True] * 3
    assert [taken in ids for ids in without.values()] == [False] * 3
    assert [ref for ref, _ in tombstones(here_and_now)] == [taken]


async def test_every_validator_is_silent_before_and_after(
    here_and_now: World, wrong: Update
) -> None:
    withdrawn(here_and_now, wrong, en="It was <b>wrong</b> & old.")
    stages = [documents(here_and_now)]
    here_and_now.pass_time(days=31)
    await here_and_now.tick()
    stages.append(documents(here_and_now))

    assert [complaints(url, raw) for stage in stages for url, raw in stage.items()] == [
        [] for stage in stages for _ in stage
    ]


def complaints(url: str, raw: bytes) -> list[str]:
    """Ask the checker of a document's format."""
    if url.endswith(".atom"):
        return ATOM.complaints(Atom(raw))
    if url.endswith(".rss"):
        return RSS.complaints(Rss(raw))
    return JSON.complaints(JsonFeed(raw))
