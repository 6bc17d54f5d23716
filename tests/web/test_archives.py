"""Archives, and feeds that are elsewhere, not there yet, or over."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import Session, select
from starlette.testclient import TestClient

from feedsvc.domain import feeds
from feedsvc.domain.tables.content import Campaign, CampaignStatus
from feedsvc.records import documents
from feedsvc.records.feeds import move
from feedsvc.web import shelf
from feedsvc.web.boards import Key
from feedsvc.web.shelf import Missing
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
def http(river: World) -> Iterator[TestClient]:
    """Give a client of its feeds that follows no redirect."""
    with client(river) as made:
        made.follow_redirects = False
        yield made


@pytest.fixture
def archived(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Let every run be an archive; give the list of what was asked for."""
    asked: list[tuple[Any, ...]] = []
    gather: Callable[..., feeds.Feed | None] = documents.gather

    def gathered(*found: Any) -> feeds.Feed | None:
        *place, language, run = found
        asked.append((language, run))
        feed = gather(*place, language, None)
        return replace(feed, current=feed.urls) if feed and run else feed

    monkeypatch.setattr(documents, "gather", gathered)
    return asked


def change(session: Session, world: World, status: CampaignStatus) -> None:
    """Give the campaign another status."""
    campaign = session.exec(select(Campaign)).one()
    campaign.status = status
    move(session, campaign, world.now)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/c/river/archive/3.atom", (None, "3")),
        ("/c/river/archive/3-17.rss", (None, "3-17")),
        ("/c/river/archive/3.en.json", ("en", "3")),
        ("/updates/archive/12.atom", (None, "12")),
        ("/updates/archive/1-2.en.rss", ("en", "1-2")),
    ],
)
def test_an_archive_is_found_by_run_and_language(
    http: TestClient, archived: list[tuple[Any, ...]], path: str, asked: tuple[Any, ...]
) -> None:
    assert http.get(path).status_code == 200
    assert archived == [asked]


@pytest.mark.parametrize(
    "run", ["0", "03", "3-", "-3", "3-0", "a", "٣", "3-4-5", "1" * 10, "3..en"]
)
def test_what_is_no_run_is_not_looked_for(
    http: TestClient, archived: list[tuple[Any, ...]], run: str
) -> None:
    assert http.get(f"/c/river/archive/{run}.atom").status_code == 404
    assert not archived


def test_an_archive_is_kept_long_by_readers_and_a_minute_by_caches_that_many_share(
    http: TestClient, archived: list[tuple[Any, ...]]
) -> None:
    kept = http.get("/c/river/archive/3.atom").headers["cache-control"]
    assert kept == (
        "public, max-age=86400, s-maxage=60, stale-while-revalidate=60, stale-if-error=3600"
    )


def test_an_archive_that_is_not_there_is_404(http: TestClient) -> None:
    answer = http.get("/c/river/archive/3.atom")
    assert answer.status_code == 404
    assert "max-age=60" in answer.headers["cache-control"]


def test_a_run_after_the_last_leads_to_the_newest_for_a_short_time(
    http: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "_gather", lambda *_: Missing.NOT_YET)
    answer = http.get("/c/river/archive/4.en.json")
    assert (answer.status_code, answer.headers["location"]) == (307, f"{BASE}/c/river.en.json")
    assert "max-age=60" in answer.headers["cache-control"]


@pytest.mark.parametrize("rest", [".atom", ".en.rss", "/archive/3.json", "/archive/3-4.en.atom"])
def test_the_feeds_of_a_campaign_that_was_renamed_lead_to_their_like(
    http: TestClient, monkeypatch: pytest.MonkeyPatch, rest: str
) -> None:
    moved = documents.Version(1, 1, "river")
    monkeypatch.setattr(documents, "versions", lambda _session, slugs: dict.fromkeys(slugs, moved))
    answer = http.get(f"/c/stream{rest}")
    assert (answer.status_code, answer.headers["location"]) == (301, f"{BASE}/c/river{rest}")
    assert "max-age=86400" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["/c/river.atom", "/c/river.en.json", "/c/river/archive/3.rss"])
def test_the_feeds_of_a_withdrawn_campaign_are_over_for_ever(
    river: World, http: TestClient, archived: list[tuple[Any, ...]], path: str
) -> None:
    http.get(path)
    river.write(change, river, CampaignStatus.WITHDRAWN)
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
    river: World, archived: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "ARCHIVE_CAPACITY_BYTES", 20_000)
    made = shelf.Shelf(river.here)
    newest = await made.find(Key("river"))
    for run in range(1, 30):
        await made.find(Key("river", None, str(run)))
    assert await made.find(Key("river")) is newest
    assert made.rendered == 30
