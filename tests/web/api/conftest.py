"""The staff API over real HTTP messages, on a database of either kind."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from feedsvc.actions import keys
from feedsvc.domain.tables.staff import Scope
from feedsvc.web.api import routes
from feedsvc.web.problems import exception_handlers
from tests.world import World

EVERY_UPDATE_SCOPE = (Scope.UPDATES_READ, Scope.UPDATES_WRITE, Scope.UPDATES_PUBLISH)

Headers = dict[str, str]
Bearer = Callable[..., Headers]


class Bell:
    """Counts how often the timetable was woken."""

    rung = 0

    def ring(self) -> None:
        """Wake the timetable."""
        self.rung += 1


@pytest.fixture
def bell() -> Bell:
    """Give the bell of the timetable."""
    return Bell()


@asynccontextmanager
async def client(world: World, bell: Bell) -> AsyncIterator[httpx2.AsyncClient]:
    """Come by on this machine, without a proxy."""
    app = Starlette(routes=routes, exception_handlers=exception_handlers)
    app.router.redirect_slashes = False

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        state = {"here": world.here, "clock": world.clock, "nudge": bell.ring}
        await app(scope | {"state": state}, receive, send)

    transport = httpx2.ASGITransport(app=with_state, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.fixture
async def api(here_and_now: World, bell: Bell) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client of the staff API."""
    async with client(here_and_now, bell) as made:
        yield made


@pytest.fixture
def bearer(here_and_now: World) -> Bearer:
    """Give a maker of keys, as the header that shows them."""

    def made(*scopes: Scope, name: str = "staff", **limits: Any) -> Headers:
        _, secret = here_and_now.write(
            keys.create_key,
            name,
            scopes=scopes or EVERY_UPDATE_SCOPE,
            by="test",
            now=here_and_now.now,
            **limits,
        )
        return {"Authorization": f"Bearer {secret}"}

    return made


def repeatable(key: str = "k1") -> Headers:
    """Name a request, so that it can be sent again."""
    return {"Idempotency-Key": key}
