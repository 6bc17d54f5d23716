"""What is known to be the newest is answered before the application; all else by the application."""

import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from feedsvc import app
from feedsvc.app import Role
from tests.web.serving import client
from tests.world import World

PUBLIC = "93.184.216.34"
PATHS = ("/c/river.atom", "/c/river.en.rss", "/updates.json", "/updates.en.atom", "/feeds.opml")


@pytest.fixture
def river(here_and_now: World) -> World:
    """Give a world with a campaign and an update, and the second of both is over."""
    here_and_now.campaign()
    here_and_now.post()
    here_and_now.pass_time(seconds=1)
    return here_and_now


@pytest.fixture
def http(river: World) -> Iterator[TestClient]:
    """Give a client of a process that is told of what moves."""
    with client(river, listens=True) as made:
        _wait_for_the_mark(river)
        yield made


def _wait_for_the_mark(river: World) -> None:
    until = time.monotonic() + 5
    while river.here.database.mark() is None and time.monotonic() < until:
        time.sleep(0.01)


def warm(http: TestClient, *paths: str) -> None:
    """Poll until it is known to be the newest: it is shown after the second time."""
    for path in paths * 3:
        assert http.get(path).status_code == 200


def take_away_the_application(http: TestClient) -> None:
    """Leave nothing behind the front."""

    async def nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise AssertionError("the application was asked")

    http.app.middleware_stack = nothing  # type: ignore[attr-defined]  # it is a Front


@pytest.mark.parametrize("path", PATHS)
def test_a_poll_of_what_is_newest_does_not_reach_the_application(
    http: TestClient, path: str
) -> None:
    warm(http, path)
    take_away_the_application(http)
    first = http.get(f"{path}?null")
    again = http.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)


@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
def test_the_front_says_what_the_application_says(http: TestClient, coding: str) -> None:
    wanted = {"Accept-Encoding": coding}
    by_route = http.get("/c/river.atom", headers=wanted)
    warm(http, "/c/river.atom")
    take_away_the_application(http)
    by_front = http.get("/c/river.atom", headers=wanted)
    assert dict(by_front.headers) == dict(by_route.headers)
    assert by_front.content == by_route.content


def test_the_front_reads_lists_that_come_in_several_lines(http: TestClient) -> None:
    warm(http, "/c/river.atom")
    tag = http.get("/c/river.atom").headers["etag"]
    take_away_the_application(http)
    lines = [("If-None-Match", '"other"'), ("If-None-Match", tag), ("If-None-Match", '"more"')]
    assert http.get("/c/river.atom", headers=lines).status_code == 304


def test_what_has_moved_is_passed_on_to_the_application(river: World, http: TestClient) -> None:
    warm(http, "/c/river.json")
    river.post(title="Newest")
    time.sleep(0.2)  # PostgreSQL tells within that
    assert "Newest" in http.get("/c/river.json").text


def test_what_moves_elsewhere_is_looked_at_once_and_stays(river: World, http: TestClient) -> None:
    river.campaign("lake")
    warm(http, "/c/river.json")
    rendered = http.app.state.shelf.rendered  # type: ignore[attr-defined]  # it is a Front
    river.post("lake")
    warm(http, "/c/river.json")
    assert http.app.state.shelf.rendered == rendered  # type: ignore[attr-defined]  # same


def test_a_feed_is_seen_within_a_fifth_of_a_second_by_a_process_that_listens(
    river: World, http: TestClient
) -> None:
    warm(http, "/updates.atom")
    for number in range(5):
        river.post(title=f"Number {number}")
        until = time.monotonic() + 0.2
        while (seen := f"Number {number}" in http.get("/updates.atom").text) is False:
            assert time.monotonic() < until
        assert seen


def test_an_answer_that_is_an_error_has_its_line_in_the_log_and_others_have_none(
    river: World,
) -> None:
    built = app.build(river.here, role=Role.WEB, clock=river.clock)
    with TestClient(built, client=(PUBLIC, 50_000)) as http, capture_logs() as lines:
        statuses = [http.get("/c/river.atom").status_code for _ in range(14)]
    logged = [(line["route"], line["status"]) for line in lines if line["event"] == "request"]
    assert statuses == [200] * 12 + [429] * 2
    assert logged == [("/c/{slug}.atom", 429)] * 2


def test_a_worker_serves_no_feeds(river: World) -> None:
    with TestClient(app.build(river.here, role=Role.WORKER, clock=river.clock)) as http:
        assert http.get("/c/river.atom").status_code == 404
