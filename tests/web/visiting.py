"""A visitor of the public pages: real HTTP into the real routes, in the world of a test."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx2
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from feedsvc.web import confirming, door, leaving, me, moving, pages, signing
from feedsvc.web.problems import exception_handlers
from tests.world import World

BASE = "http://127.0.0.1:8000"
READ = timedelta(seconds=5)


class InWorld:
    """Gives each request what the lifespan of the service would; counts the nudges."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self.nudges = 0
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        given = {"here": self._world.here, "clock": self._world.clock, "nudge": self._nudge}
        await self._app({**scope, "state": given}, receive, send)

    def _nudge(self) -> None:
        self.nudges += 1


def service(world: World, more: Sequence[BaseRoute] = ()) -> InWorld:
    """Put the public pages of a world together."""
    app = Starlette(
        routes=[
            *more,
            *signing.routes,
            *confirming.routes,
            *leaving.routes,
            *me.routes,
            *moving.routes,
            *pages.routes,
        ],
        exception_handlers=exception_handlers,
    )
    return InWorld(app, world)


def by_hand(world: World, typed: dict[str, str]) -> dict[str, str]:
    """Return what a form sends that was shown a few seconds ago, and filled in."""
    return {"token": door.mark(world.here.keys, world.now - READ)} | typed


@asynccontextmanager
async def visitor(
    world: World, more: Sequence[BaseRoute] = (), client: str = "127.0.0.1"
) -> AsyncIterator[httpx2.AsyncClient]:
    """Come by from an address, with a client that takes English, as browsers do."""
    transport = httpx2.ASGITransport(service(world, more), client=(client, 5))
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "en"}
    async with httpx2.AsyncClient(transport=transport, base_url=BASE, headers=browser) as visiting:
        yield visiting
