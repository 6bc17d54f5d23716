"""Those outside, on loopback: subscribers with their callback, hubs, caches; and a world that pushes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
from aiohttp import web
from starlette.applications import Starlette

from feedsvc import app as service
from feedsvc.app import Role
from feedsvc.push import Push
from tests.world import World, world

NOBODY = "http://127.0.0.1:1/"
SECRET = "correct horse battery staple"


class Call(NamedTuple):
    """What somebody outside was sent."""

    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Outside:
    """A server that notes what it is sent and answers with `status`; a callback echoes the challenge."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.refused: set[str] = set()
        self.echoes = True
        self.asked: list[dict[str, str]] = []
        self.sent: list[Call] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a question of the hub, or take what is sent."""
        body = await request.read()
        headers = {"Location": f"{self.url}/elsewhere"}
        if request.method == "GET":
            self.asked.append(dict(request.query))
            echo = request.query.get("hub.challenge", "") if self.echoes else "no"
            return web.Response(status=self.status, text=echo, headers=headers)
        call = Call(request.path, request.rel_url.raw_query_string, dict(request.headers), body)
        self.sent.append(call)
        refused = any(part.encode() in body for part in self.refused)
        return web.Response(status=400 if refused else self.status, headers=headers)

    def forms(self) -> list[dict[str, str]]:
        """Read what was sent as forms."""
        return [dict(httpx2.QueryParams(call.body.decode())) for call in self.sent]


@asynccontextmanager
async def outside() -> AsyncIterator[Outside]:
    """Run a server on loopback."""
    made = Outside()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


class Pushing:
    """A world that pushes, and somebody who comes by over HTTP."""

    def __init__(self, of: World, client: httpx2.AsyncClient) -> None:
        self.world = of
        self.client = client
        self.push = Push(of.here, of.clock)

    async def run(self, **span: float) -> None:
        """Let time pass and run every job once."""
        self.world.pass_time(**(span or {"seconds": 0}))
        for job in self.push.jobs.values():
            await job()

    def topic(self, path: str = "/c/river.atom") -> str:
        """Return the address of a feed."""
        return f"{self.world.here.settings.site.base_url}{path}"

    async def ask(self, callback: str = NOBODY, **fields: str) -> httpx2.Response:
        """Ask the hub for something; by default to subscribe to the campaign's Atom feed."""
        form = {"mode": "subscribe", "topic": self.topic(), "callback": callback} | fields
        data = {f"hub.{name}": value for name, value in form.items()}
        return await self.client.post("/hub", data=data)

    async def subscribe(self, subscriber: Outside, path: str = "/callback", **fields: str) -> None:
        """Subscribe, and be asked."""
        asked = await self.ask(f"{subscriber.url}{path}", secret=SECRET, **fields)
        assert asked.status_code == 202
        await self.run()

    async def get(self, path: str) -> bytes:
        """Fetch what the web serves."""
        return (await self.client.get(path, headers={"Accept-Encoding": "identity"})).content


@asynccontextmanager
async def pushing(database_url: str, folder: Path, **feeds: Any) -> AsyncIterator[Pushing]:
    """Open a world with one campaign and one update; by default with a hub of its own."""
    settings = feeds or {"hub": "self", "hub_callbacks": "any"}
    with world(database_url, folder, feeds=settings) as of:
        of.campaign()
        of.post(title="First")
        async with _visited(of) as client:
            made = Pushing(of, client)
            try:
                yield made
            finally:
                await made.push.close()


@asynccontextmanager
async def _visited(of: World) -> AsyncIterator[httpx2.AsyncClient]:
    built: Starlette = service.build(of.here, role=Role.WEB, clock=of.clock)
    state = {"here": of.here, "clock": of.clock, "nudge": lambda: None}

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await built(scope | {"state": state}, receive, send)

    transport = httpx2.ASGITransport(app=with_state)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
