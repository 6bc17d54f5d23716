"""Archives, and feeds that are elsewhere, not there yet, or over."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from feedsvc.actions import campaigns
from feedsvc.actions.retire import STAY, retire
from feedsvc.domain import feeds
from feedsvc.domain.tables.content import Campaign, CampaignStatus
from feedsvc.records import documents
from feedsvc.records.feeds import move
from feedsvc.web import shelf
from feedsvc.web.boards import Key
from tests.web.serving import client
from tests.world import World

BASE = "http://127.0.0.1:8000"
HUBS = ("https://hub.example/", "https://other.example/hub?a=1")


@pytest.fixture
def river(here_and_now: World) -> World:
    """Give a world with a campaign and an update."""
    here_and_now.campaign()
    here_and_now.post()
    here_and_now.pass_time(seconds=1)
    return here_and_now


@pytest.fixture
def old(river: World) -> World:
    """Give a world with a campaign that has two runs in its archives, and six updates more."""
    for number in range(104):
        river.post(title=f"News {number}", notify="none")
    river.pass_time(seconds=1)
    return river


@pytest.fixture
def http(river: World) -> Iterator[TestClient]:
    """Give a client of its feeds that follows no redirect."""
    with client(river) as made:
        made.follow_redirects = False
        yield made


def change(session: Session, world: World, status: CampaignStatus) -> None:
    """Give the campaign another status."""
    campaign = session.exec(select(Campaign)).one()
    campaign.status = status
    move(session, campaign, world.now)


def rename(world: World) -> None:
    """Call the campaign stream."""
    world.write(campaigns.rename_campaign, "river", "stream", by="test", now=world.now)


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/c/river/archive/2.json", 50),
        ("/c/river/archive/3-5.json", 5),
        ("/c/river/archive/1.en.json", 50),
        ("/updates/archive/2.json", 50),
        ("/updates/archive/1-2.en.json", 2),
    ],
)
def test_an_archive_is_found_by_run_and_language(
    old: World, http: TestClient, path: str, count: int
) -> None:
    found = json.loads(http.get(path).content)
    assert len(found["items"]) == count
    assert found["feed_url"] == BASE + path


@pytest.mark.parametrize(
    "run", ["0", "03", "3-", "-3", "3-0", "a", "٣", "3-4-5", "1" * 10, "3..en", "1-50"]
)
def test_what_is_no_run_is_not_there(http: TestClient, run: str) -> None:
    assert http.get(f"/c/river/archive/{run}.atom").status_code == 404


def test_an_archive_is_kept_long_by_readers_and_a_minute_by_caches_that_many_share(
    old: World, http: TestClient
) -> None:
    kept = http.get("/c/river/archive/1.atom").headers["cache-control"]
    assert kept == (
        "public, max-age=18000, s-maxage=60, stale-while-revalidate=60, stale-if-error=3600"
    )


@pytest.mark.parametrize("run", ["2", "4", "3-7"])
def test_an_archive_that_is_not_there_is_404(http: TestClient, run: str) -> None:
    answer = http.get(f"/c/river/archive/{run}.atom")
    assert answer.status_code == 404, answer.text
    assert "max-age=60" in answer.headers["cache-control"]


def test_the_run_after_the_last_leads_to_the_newest_for_a_short_time(
    old: World, http: TestClient
) -> None:
    answer = http.get("/c/river/archive/3.en.json")
    assert (answer.status_code, answer.headers["location"]) == (307, f"{BASE}/c/river.en.json")
    assert "max-age=60" in answer.headers["cache-control"]


@pytest.mark.parametrize("rest", [".atom", ".en.rss", "/archive/3.json", "/archive/3-4.en.atom"])
def test_the_feeds_of_a_campaign_that_was_renamed_lead_to_their_like(
    river: World, http: TestClient, rest: str
) -> None:
    rename(river)
    answer = http.get(f"/c/river{rest}")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{BASE}/c/stream{rest}")
    assert "max-age=86400" in answer.headers["cache-control"]


def test_a_feed_that_was_in_memory_under_the_former_slug_leads_on(
    river: World, http: TestClient
) -> None:
    http.get("/c/river.atom")
    rename(river)
    assert http.get("/c/river.atom").status_code == 301
    assert http.get("/c/stream.atom").status_code == 200


@pytest.mark.parametrize("path", ["/c/river.atom", "/c/river.en.json", "/c/river/archive/3.rss"])
def test_the_feeds_of_a_withdrawn_campaign_are_over_for_ever(
    river: World, http: TestClient, path: str
) -> None:
    values: dict[str, Any] = {"site": river.here.settings.site, "by": "test", "now": river.now}
    http.get(path)
    river.write(campaigns.withdraw_campaign, "river", **values)
    river.write(retire, now=river.now + STAY + timedelta(days=1))
    answer = http.get(path)
    assert answer.status_code == 410
    assert "max-age=86400" in answer.headers["cache-control"]


def test_the_feeds_of_a_closed_campaign_are_kept_for_four_hours(
    river: World, http: TestClient
) -> None:
    river.write(change, river, CampaignStatus.CLOSED)
    assert "max-age=14400" in http.get("/c/river.atom").headers["cache-control"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_headers_name_every_hub_after_the_feed_itself(
    http: TestClient, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    gather = documents.gather

    def gathered(*found: Any) -> feeds.Feed | None:
        feed = gather(*found)
        return replace(feed, hubs=HUBS) if feed else None

    monkeypatch.setattr(documents, "gather", gathered)
    answer = http.request(method, "/c/river.atom")
    links = [f'<{BASE}/c/river.atom>; rel="self"', *(f'<{hub}>; rel="hub"' for hub in HUBS)]
    assert answer.headers["link"] == ", ".join(links)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_feed_that_cannot_be_rendered_is_our_fault_and_not_the_readers(
    http: TestClient, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(documents, "gather", broken)
    answer = http.request(method, "/c/river.atom")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_a_walk_through_the_archives_pushes_no_newest_document_out(
    old: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for capacity in ("CAPACITY_BYTES", "ARCHIVE_CAPACITY_BYTES"):
        monkeypatch.setattr(shelf, capacity, 20_000)
    made = shelf.Shelf(old.here)
    newest = await made.find(Key("river"))
    for part in range(1, 6):
        await made.find(Key("river", None, f"3-{part}"))
    assert await made.find(Key("river")) is newest
    assert made.rendered == 6
