"""What a campaign offers next is given in its file, and comes back from it as it was."""

from pathlib import Path

import pytest
from sqlmodel import select

from feedsvc.domain import portable
from feedsvc.domain.tables.content import Campaign, FeedVersion
from feedsvc.errors import Conflict, Invalid
from feedsvc.gateways import files
from feedsvc.records import folders
from tests.actions.test_load import CAMPAIGN, Desk
from tests.world import World

FILE = "river/campaign.md"
OFFERS = 'donate = "https://give.example.org/?a=1&b=2"\nrelated = ["lake", "not-yet"]'


@pytest.fixture
def desk(here_and_now: World, tmp_path: Path) -> Desk:
    """Give a folder with one campaign that is not loaded yet."""
    (tmp_path / "content").mkdir()
    return Desk(here_and_now, tmp_path / "content")


def stored(desk: Desk) -> Campaign:
    """Look the campaign up."""
    found = desk.world.read(lambda session: session.exec(select(Campaign)).one())
    assert isinstance(found, Campaign)
    return found


def versions(desk: Desk) -> dict[int, int]:
    """Tell how often the feeds have moved."""
    rows = desk.world.read(lambda session: session.exec(select(FeedVersion)).all())
    return {row.scope: row.version for row in rows}


def test_what_a_new_campaign_offers_is_stored(desk: Desk) -> None:
    desk.put(FILE, f"{CAMPAIGN}\n{OFFERS}")
    desk.load()
    assert stored(desk).donate_url == "https://give.example.org/?a=1&b=2"
    assert stored(desk).related == ["lake", "not-yet"]


def test_what_a_stored_campaign_offers_changes_and_no_feed_moves(desk: Desk) -> None:
    desk.load()
    before = versions(desk)
    desk.put(FILE, f"{CAMPAIGN}\n{OFFERS}")
    assert desk.load() == ["river/campaign.md: revision 2 (silent): donate, related"]
    assert stored(desk).related == ["lake", "not-yet"]
    assert versions(desk) == before


def test_what_is_taken_out_of_the_file_is_no_longer_offered(desk: Desk) -> None:
    desk.put(FILE, f"{CAMPAIGN}\n{OFFERS}")
    desk.load()
    desk.put(FILE, CAMPAIGN)
    desk.load()
    assert (stored(desk).donate_url, stored(desk).related) == ("", [])


def test_change_of_the_text_beside_it_moves_the_feeds(desk: Desk) -> None:
    desk.load()
    before = versions(desk)
    desk.put(FILE, f"{CAMPAIGN}\n{OFFERS}", "Other words.")
    desk.load()
    assert versions(desk) != before


def test_offer_from_an_old_revision_is_refused(desk: Desk) -> None:
    desk.load()
    desk.put(FILE, CAMPAIGN, "Other words.")
    desk.load()
    desk.put(FILE, f"{CAMPAIGN}\n{OFFERS}", "Other words.")
    with pytest.raises(Conflict, match="names no revision"):
        desk.load()


def test_dump_that_is_loaded_dumps_the_same_bytes(desk: Desk, tmp_path: Path) -> None:
    desk.put(FILE, f"{CAMPAIGN}\n{OFFERS}")
    desk.load()
    written = portable.format_campaign(desk.world.read(folders.of_site).folders[0].campaign)
    assert OFFERS in written
    files.write(tmp_path / "dump", desk.world.read(folders.of_site), lambda _: b"")
    read = files.read(tmp_path / "dump").folders[0].campaign
    assert portable.format_campaign(read) == written


@pytest.mark.parametrize(
    ("offer", "place"),
    [
        ('donate = "http://give.example.org"', "line 6, donate"),
        ("donate = 5", "line 6, donate"),
        ('related = "lake"', "line 6, related"),
        ('related = ["The Lake"]', "line 6, related"),
        ('related = ["lake", "lake"]', "line 6, related"),
        ("related = [1]", "line 6, related"),
    ],
)
def test_offer_that_cannot_be_taken_is_refused_by_its_line(
    desk: Desk, offer: str, place: str
) -> None:
    desk.put(FILE, f"{CAMPAIGN}\n{offer}")
    with pytest.raises(Invalid, match=f"river/campaign.md, {place}"):
        desk.load()
