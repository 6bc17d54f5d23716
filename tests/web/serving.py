"""The feeds of a world behind HTTP, without the rest of the house."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient

from feedsvc.errors import Unavailable
from feedsvc.web import feeds
from feedsvc.web.front import Front
from feedsvc.web.state import State
from tests.world import World


async def _away(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("away", status_code=503, headers={"Retry-After": "5"})


def app(of: World, *, listens: bool = False) -> Front:
    """Make an application of nothing but the feeds; on PostgreSQL it may listen, as `serve` does."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        listening = asyncio.create_task(of.here.database.listen()) if listens else None
        yield {"here": of.here, "clock": of.clock, "nudge": lambda: None}
        if listening:
            listening.cancel()
            await asyncio.wait({listening})

    return Front(
        of.here, routes=feeds.routes, lifespan=lifespan, exception_handlers={Unavailable: _away}
    )


@contextmanager
def client(of: World, *, host: str = "127.0.0.1", listens: bool = False) -> Iterator[TestClient]:
    """Give a client at this address that asks for no coding unless a test does."""
    with TestClient(app(of, listens=listens), client=(host, 50_000)) as made:
        del made.headers["accept-encoding"]
        yield made
