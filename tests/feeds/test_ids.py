"""Ids never change, not with the address of the site and not with the slug of a campaign (F3, F4)."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from feedsvc.actions import campaigns
from feedsvc.domain.tables.content import EditClass
from tests.feeds.atom_rules import Atom
from tests.feeds.deeds import revised, withdrawn
from tests.feeds.site import documents
from tests.feeds.test_parsers import READINGS
from tests.world import World, world

ARABIC = {"ar": {"title": "نهر", "body": "نص"}}
NEW_HOME = "https://updates.example.org"


def ids(found: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Return the ids of entries that each parser finds in a site, sorted."""
    read: dict[str, set[str]] = {reading: set() for reading in READINGS}
    for url, raw in found.items():
        for reading, (suffix, parser) in READINGS.items():
            if url.endswith(f".{suffix}"):
                read[reading] |= {facts.id for facts in parser(raw)}
    return {reading: sorted(each) for reading, each in read.items()}


def ids_in_atom(found: Mapping[str, bytes]) -> set[str]:
    """Return every id that an Atom document has: of feeds, entries, sources and tombstones."""
    read = [Atom(raw) for url, raw in found.items() if url.endswith(".atom")]
    stones = {str(e.get("ref")) for each in read for e in each.all("at:deleted-entry")}
    return stones | {e.text or "" for each in read for e in each.all("//a:id")}


def set_up(made: World) -> None:
    """Publish in two languages, amend, correct and take back, until there are archives."""
    made.campaign(texts=ARABIC)
    for number in range(60):
        made.pass_time(minutes=1)
        made.post(title=f"News {number}", texts=ARABIC if number % 2 else {})
    revised(made, made.post(title="Amended"), EditClass.AMENDED)
    revised(made, made.post(title="Corrected"), EditClass.CORRECTION)
    withdrawn(made, made.post(title="Taken back"))
    made.pass_time(hours=1)


@pytest.fixture
def before(database_url: str, tmp_path: Path) -> dict[str, bytes]:
    """Give the feeds of a site, which is then closed."""
    with world(database_url, tmp_path) as made:
        set_up(made)
        return documents(made)


def test_another_address_of_the_site_changes_no_id(
    before: Mapping[str, bytes], database_url: str, tmp_path: Path
) -> None:
    with world(database_url, tmp_path, site={"base_url": NEW_HOME}) as moved:
        after = documents(moved)

    assert all(NEW_HOME.encode() in raw for raw in after.values())
    assert ids(after) == ids(before)
    assert ids_in_atom(after) == ids_in_atom(before)


def test_another_slug_of_a_campaign_changes_no_id(
    before: Mapping[str, bytes], database_url: str, tmp_path: Path
) -> None:
    with world(database_url, tmp_path) as made:
        made.pass_time(days=2)
        made.write(campaigns.rename_campaign, "river", "stream", by="test", now=made.now)
        after = documents(made)

    assert any(url.startswith("/c/stream") for url in after)
    assert ids(after) == ids(before)
    assert ids_in_atom(after) == ids_in_atom(before)


def test_an_id_is_that_of_one_entry_only(before: Mapping[str, bytes]) -> None:
    """An id stands for one update in one language, however often it was amended (F4)."""
    atom = READINGS["atoma, Atom"][1]
    links: dict[str, set[str]] = {}
    for url, raw in before.items():
        if url.endswith(".atom"):
            for facts in atom(raw):
                links.setdefault(facts.id, set()).add(facts.link)

    assert {id_: where for id_, where in links.items() if len(where) > 1} == {}
