"""Hubs and the cache are told what has moved: all of it, once it is served, until they have taken it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlmodel import Session, col, select

from feedsvc.actions import campaigns, hub
from feedsvc.domain.tables.content import FeedVersion
from feedsvc.domain.tables.hubs import Listener
from feedsvc.push import Push
from feedsvc.records import hubs
from tests.push.outside import Outside, Pushing, outside, pushing
from tests.web.test_operation import client


@pytest.fixture
async def other() -> AsyncIterator[Outside]:
    """Give a hub of somebody else, or a cache."""
    async with outside() as made:
        yield made


@pytest.fixture
async def here(database_url: str, tmp_path: Path, other: Outside) -> AsyncIterator[Pushing]:
    """Give a world with a hub outside, which has met it."""
    async with pushing(database_url, tmp_path, hub=f"{other.url}/hub") as made:
        await made.run()
        yield made


@pytest.fixture
async def cached(database_url: str, tmp_path: Path, other: Outside) -> AsyncIterator[Pushing]:
    """Give a world with a cache in front, and no hub."""
    async with pushing(database_url, tmp_path, purge_url=f"{other.url}/purge") as made:
        await made.run()
        yield made


@pytest.fixture
async def both(database_url: str, tmp_path: Path, other: Outside) -> AsyncIterator[Pushing]:
    """Give a world with a cache in front and a hub behind it."""
    urls = {"hub": [f"{other.url}/hub"], "purge_url": f"{other.url}/purge"}
    async with pushing(database_url, tmp_path, **urls) as made:
        await made.run()
        yield made


def topics(*scopes: str) -> set[str]:
    """List the addresses of feeds: each in three formats, plain and in English."""
    return {
        f"http://127.0.0.1:8000{scope}{language}.{suffix}"
        for scope in scopes
        for language in ("", ".en")
        for suffix in ("atom", "rss", "json")
    }


def listener(here: Pushing) -> Listener:
    """Find the only hub that is told."""
    found = here.world.read(
        lambda session: session.exec(select(Listener).where(col(Listener.name) != "cache")).one()
    )
    assert isinstance(found, Listener)
    return found


async def test_a_hub_seen_for_the_first_time_is_told_nothing(here: Pushing, other: Outside) -> None:
    await here.run(minutes=5)
    assert other.sent == []


async def test_every_address_that_moved_is_told_under_both_names(
    here: Pushing, other: Outside
) -> None:
    here.world.post(title="Second")
    await here.run(seconds=1)
    forms = other.forms()
    assert {form["hub.topic"] for form in forms} == topics("/c/river", "/updates")
    assert len(forms) == 12
    for form in forms:
        assert form == {**form, "hub.mode": "publish", "hub.url": form["hub.topic"]}
    assert {call.path for call in other.sent} == {"/hub"}


async def test_what_is_told_is_the_self_link_byte_for_byte(here: Pushing, other: Outside) -> None:
    here.world.post(title="Second")
    await here.run(seconds=1)
    for form in other.forms():
        path = form["hub.topic"].removeprefix("http://127.0.0.1:8000")
        served = await here.client.get(path)
        assert f'<{form["hub.topic"]}>; rel="self"' in served.headers["link"]


async def test_a_hub_is_told_of_a_campaign_under_its_former_slug_too(
    here: Pushing, other: Outside
) -> None:
    world = here.world
    world.write(campaigns.rename_campaign, "river", "stream", by="test", now=world.now)
    await here.run(seconds=1)
    told = {form["hub.topic"] for form in other.forms()}
    assert told == topics("/c/river", "/c/stream", "/updates")


async def test_a_campaign_that_has_not_moved_is_not_told(here: Pushing, other: Outside) -> None:
    here.world.campaign("forest")
    await here.run(seconds=1)
    assert {form["hub.topic"] for form in other.forms()} == topics("/c/forest", "/updates")


async def test_nothing_is_told_before_it_is_served_everywhere(
    here: Pushing, other: Outside
) -> None:
    here.world.post(title="Second")
    await here.run(milliseconds=900)
    assert other.sent == []
    await here.run(milliseconds=100)
    assert len(other.sent) == 12


async def test_it_is_told_once(here: Pushing, other: Outside) -> None:
    here.world.post(title="Second")
    for _ in range(3):
        await here.run(minutes=1)
    assert len(other.sent) == 12


async def test_a_hub_that_was_down_is_told_when_it_is_back(here: Pushing, other: Outside) -> None:
    other.status = 503
    here.world.post(title="Second")
    for _ in range(10):
        await here.run(minutes=1)
    here.world.post(title="Third")
    other.sent, other.status = [], 200
    for _ in range(10):
        await here.run(minutes=15)
    assert {form["hub.topic"] for form in other.forms()} == topics("/c/river", "/updates")
    assert len(other.sent) == 12


async def test_a_hub_that_is_down_is_asked_ever_more_rarely(here: Pushing, other: Outside) -> None:
    other.status = 503
    here.world.post(title="Second")
    for _ in range(60):
        await here.run(minutes=1)
    first, other.sent = len(other.sent), []
    for _ in range(60):
        await here.run(minutes=1)
    assert 6 * 5 <= first <= 6 * 12
    assert len(other.sent) <= 6 * 2


async def test_its_trouble_is_shown_and_no_outage(here: Pushing, other: Outside) -> None:
    other.status = 503
    here.world.post(title="Second")
    await here.run(seconds=1)
    url = f"{other.url}/hub"
    with client(here.world) as asking:
        shown = asking.get("/statusz").json()
        numbers = asking.get("/metrics").text
        ready = asking.get("/readyz").status_code
    (told,) = shown["listeners"]
    assert (told["listener"], told["behind"], told["problem"]) == (url, 2, "it answers 503")
    assert (told["left_out"], shown["problem"], shown["hub"], ready) == (False, None, None, 200)
    assert f'feedsvc_listener_problem{{listener="{url}"}} 1.0' in numbers
    assert f'feedsvc_listener_behind{{listener="{url}"}} 2.0' in numbers
    other.status = 200
    await here.run(minutes=1)
    with client(here.world) as asking:
        assert asking.get("/statusz").json()["listeners"][0]["problem"] == ""


async def test_a_hub_that_fails_for_a_day_is_no_longer_advertised(
    here: Pushing, other: Outside
) -> None:
    def advertised() -> Any:
        return here.world.read(hubs.advertised, here.world.here.settings)

    assert advertised() == (f"{other.url}/hub",)
    other.status = 500
    here.world.post(title="Second")
    await here.run(seconds=1)
    await here.run(hours=23)
    before = _version(here)
    assert advertised() == (f"{other.url}/hub",)
    await here.run(hours=2)
    assert advertised() == ()
    assert _version(here) == before + 1
    await here.run(hours=2)
    assert _version(here) == before + 1
    other.status, other.sent = 200, []
    for _ in range(5):
        await here.run(hours=2)
    assert advertised() == (f"{other.url}/hub",)
    assert _version(here) == before + 2
    assert listener(here).failing_since is None


def _version(here: Pushing) -> int:
    scope = here.world.campaign_id()
    return int(here.world.read(lambda session: session.get_one(FeedVersion, scope).version))


async def test_our_own_hub_is_always_advertised(database_url: str, tmp_path: Path) -> None:
    async with pushing(database_url, tmp_path, hub=["https://hub.example/", "self"]) as here:
        found = here.world.read(hubs.advertised, here.world.here.settings)
    assert found == ("http://127.0.0.1:8000/hub", "https://hub.example/")


async def test_one_address_that_is_refused_keeps_no_other_from_being_told(
    here: Pushing, other: Outside
) -> None:
    here.world.campaign("forest")
    await here.run(seconds=1)
    other.refused, other.sent = {"river"}, []
    here.world.post(slug="river", title="Second")
    here.world.post(slug="forest", title="Second")
    await here.run(seconds=1)
    assert topics("/c/forest", "/updates") <= {form["hub.topic"] for form in other.forms()}
    other.sent = []
    here.world.post(slug="forest", title="Third")
    await here.run(seconds=1)
    assert {form["hub.topic"] for form in other.forms()} == topics("/c/forest", "/updates")
    other.refused, other.sent = set(), []
    await here.run(minutes=5)
    assert {form["hub.topic"] for form in other.forms()} == topics("/c/river")


async def test_two_workers_tell_it_once(here: Pushing, other: Outside) -> None:
    rival = Push(here.world.here, here.world.clock)
    here.world.post(title="Second")
    here.world.pass_time(seconds=1)
    jobs = [job for push in (here.push, rival) for job in push.jobs.values()]
    await asyncio.gather(*(job() for job in jobs))
    await rival.close()
    assert len(other.sent) == 12


async def test_what_a_worker_took_and_died_with_is_told_by_another(
    here: Pushing, other: Outside
) -> None:
    here.world.post(title="Second")
    here.world.pass_time(seconds=1)
    settings = here.world.here.settings
    taken = here.world.write(hub.take_news, f"{other.url}/hub", settings, now=here.world.now)
    assert len(taken) == 2
    await here.run(seconds=60)
    assert other.sent == []
    await here.run(seconds=60)
    assert len(other.sent) == 12


async def test_a_hub_that_has_been_named_again_is_not_new(here: Pushing, other: Outside) -> None:
    here.world.post(title="Second")
    again = Push(here.world.here, here.world.clock)
    here.world.pass_time(seconds=1)
    for job in again.jobs.values():
        await job()
    await again.close()
    assert len(other.sent) == 12


async def test_the_cache_is_told_what_was_taken_back(cached: Pushing, other: Outside) -> None:
    cached.world.post(title="Second")
    await cached.run(minutes=1)
    assert other.sent == []
    cached.world.write(_urgent, cached.world.campaign_id())
    await cached.run()
    (call,) = other.sent
    assert (call.path, call.headers["Content-Type"]) == ("/purge", "application/json")
    urls = set(orjson.loads(call.body)["urls"])
    assert urls == topics("/c/river") | {"http://127.0.0.1:8000/c/river"}
    await cached.run(minutes=1)
    assert len(other.sent) == 1


async def test_a_cache_that_was_down_is_told_when_it_is_back(
    cached: Pushing, other: Outside
) -> None:
    other.status = 500
    cached.world.write(_urgent, 0)
    await cached.run()
    other.status = 204
    await cached.run(minutes=1)
    await cached.run(minutes=1)
    assert len(other.sent) == 2
    urls = set(orjson.loads(other.sent[1].body)["urls"])
    assert {"http://127.0.0.1:8000/", "http://127.0.0.1:8000/feeds.opml"} <= urls


def _urgent(session: Session, scope: int) -> None:
    """Take something back, as a withdrawal does."""
    moved = session.get_one(FeedVersion, scope)
    moved.version += 1
    moved.urgent = moved.version


async def test_a_hub_that_fetches_through_a_cache_waits_for_it(
    both: Pushing, other: Outside
) -> None:
    both.world.post(title="Second")
    await both.run(seconds=1)
    paths = [call.path for call in other.sent]
    assert paths == ["/purge"] * 2 + ["/hub"] * 12


async def test_but_no_longer_than_the_cache_keeps_what_was_before(
    both: Pushing, other: Outside
) -> None:
    other.refused = {'"urls"'}
    both.world.post(title="Second")
    await both.run(seconds=59)
    assert {call.path for call in other.sent} == {"/purge"}
    await both.run(seconds=1)
    assert [call.path for call in other.sent].count("/hub") == 12
