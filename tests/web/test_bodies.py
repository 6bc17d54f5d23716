"""A client that takes a whole feed again and again is told how to ask (FEEDS H13)."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from feedsvc.web import bodies
from feedsvc.web.bodies import HOUR_SECONDS, Bodies
from tests.web.serving import client
from tests.world import World

PUBLIC = "93.184.216.34"
LIMIT = 12


class Clock:
    """A clock of ours."""

    now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def poll(host: str | None = PUBLIC, path: str = "/c/river.atom", **headers: str) -> Any:
    """Give what `allow` is asked about."""
    said = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return {"client": host and (host, 1), "path": path}, {b"user-agent": b"Reader"} | said, b'"1"'


def allowed(counted: Bodies, times: int, host: str | None = PUBLIC, **headers: str) -> int:
    """Return how many of so many documents were allowed."""
    return sum(counted.allow(*poll(host, **headers)) for _ in range(times))


@pytest.fixture
def river(here_and_now: World) -> World:
    """Give a world with a campaign."""
    here_and_now.campaign()
    here_and_now.pass_time(seconds=1)
    return here_and_now


@pytest.fixture
def http(river: World) -> Iterator[TestClient]:
    """Give a client at a public address."""
    with client(river, host=PUBLIC) as made:
        yield made


def statuses(http: TestClient, times: int, **options: Any) -> list[int]:
    """Ask so many times, and return the statuses."""
    method = options.pop("method", "GET")
    path = options.pop("path", "/c/river.atom")
    return [http.request(method, path, **options).status_code for _ in range(times)]


def test_who_takes_the_whole_feed_too_often_is_told_what_to_do(http: TestClient) -> None:
    assert statuses(http, LIMIT + 1) == [200] * LIMIT + [429]
    refused = http.get("/c/river.atom")
    assert refused.headers["retry-after"] == "3600"
    assert "If-None-Match" in refused.text


def test_who_says_what_it_has_is_never_refused(http: TestClient) -> None:
    tag = http.get("/c/river.atom").headers["etag"]
    statuses(http, LIMIT + 1)
    assert statuses(http, 40, headers={"If-None-Match": tag}) == [304] * 40


def test_head_and_what_is_not_there_are_not_counted(http: TestClient) -> None:
    assert statuses(http, 20, method="HEAD") == [200] * 20
    assert statuses(http, 20, path="/c/lake.atom") == [404] * 20
    assert statuses(http, LIMIT) == [200] * LIMIT


def test_each_feed_and_each_program_is_counted_by_itself(http: TestClient) -> None:
    statuses(http, LIMIT + 1)
    assert http.get("/c/river.rss").status_code == 200
    assert http.get("/c/river.atom", headers={"User-Agent": "Another"}).status_code == 200


def test_a_query_makes_no_other_feed(http: TestClient) -> None:
    statuses(http, LIMIT)
    assert http.get("/c/river.atom?x=1").status_code == 429


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.0.0.4", "172.17.0.1", "fe80::1", None])
def test_an_address_that_is_not_public_may_be_a_proxy_and_is_never_refused(
    host: str | None,
) -> None:
    assert allowed(Bodies(LIMIT), 50, host) == 50


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "via"])
def test_a_proxy_that_nobody_named_is_never_refused(header: str) -> None:
    assert allowed(Bodies(LIMIT), 50, **{header: "1.1.1.1"}) == 50


def test_behind_a_proxy_that_is_named_each_reader_is_counted() -> None:
    assert allowed(Bodies(LIMIT, proxies=True), 50, x_forwarded_for="1.1.1.1") == LIMIT


def test_a_collector_counts_for_as_many_as_it_reads_for() -> None:
    agent = "Collector/1.0 (+https://reader.example; 3 subscribers)"
    assert allowed(Bodies(LIMIT), 50, user_agent=agent) == 3 * LIMIT


def test_a_limit_of_nought_is_none() -> None:
    assert allowed(Bodies(0), 50) == 50


def test_after_an_hour_it_begins_anew() -> None:
    clock = Clock()
    counted = Bodies(LIMIT, clock=clock)
    assert allowed(counted, 20) == LIMIT
    clock.now = HOUR_SECONDS
    assert allowed(counted, 20) == LIMIT


def test_no_more_than_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST", 100)
    counted = Bodies(LIMIT)
    allowed(counted, LIMIT)
    for number in range(100):
        allowed(counted, 1, user_agent=str(number))
    assert allowed(counted, 1) == 1
    assert len(vars(counted)["_sent"]) == 100


def test_nothing_is_kept_that_names_anybody() -> None:
    counted = Bodies(LIMIT)
    allowed(counted, 20)
    assert PUBLIC not in repr(vars(counted))
    assert "Reader" not in repr(vars(counted))


def test_a_reader_that_says_what_it_has_is_sent_whatever_is_new(
    river: World, http: TestClient
) -> None:
    tag, found = '"none"', []
    for number in range(LIMIT + 3):
        river.post(title=f"News {number}")
        answer = http.get("/c/river.atom", headers={"If-None-Match": tag})
        tag = answer.headers["etag"]
        found.append(answer.status_code)
    assert found == [200] * (LIMIT + 3)


def test_a_reader_that_says_it_has_something_else_is_told_like_the_others(
    http: TestClient,
) -> None:
    found = statuses(http, LIMIT + 1, headers={"If-None-Match": '"made-up"'})
    assert found == [200] * LIMIT + [429]
