"""What those who watch over the service are told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.testclient import TestClient

from feedsvc.web import operation
from feedsvc.web.health import Health
from feedsvc.web.state import State
from tests.world import World


def client(of: World, problem: str | None) -> TestClient:
    """Ask from this machine."""
    health = Health(lambda: None, lambda: None, lambda: 0, lambda: problem)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        yield {"here": of.here, "clock": of.clock, "nudge": lambda: None, "health": health}

    app = Starlette(routes=operation.routes, lifespan=lifespan)
    return TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5))


def test_the_status_counts_what_is_in_hand_and_shows_the_problem(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    here_and_now.send()
    here_and_now.join("bea@example.org")
    here_and_now.pass_time(seconds=5)
    with client(here_and_now, "plans: KeyError") as asking:
        status = asking.get("/statusz").json()
        metrics = asking.get("/metrics").text
    assert status["mails"] == {"queued": 1, "sending": 0, "deferred": 0}
    assert (status["oldest_in_hand_seconds"], status["problem"]) == (5, "plans: KeyError")
    assert "feedsvc_problem 1.0" in metrics
    assert 'feedsvc_mails{state="queued"} 1.0' in metrics


def test_nothing_in_hand_is_no_age(here_and_now: World) -> None:
    with client(here_and_now, None) as asking:
        assert asking.get("/statusz").json()["oldest_in_hand_seconds"] == 0
        assert "feedsvc_problem 0.0" in asking.get("/metrics").text
