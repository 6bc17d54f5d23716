"""Sign-ups over HTTP, each durable before it is answered, by one process as `serve` runs it.

The reference commits one row for each request, by the same writer, and does nothing else.

python -m tests.bench.signups ours
python -m tests.bench.signups bare
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from statistics import median_low, quantiles

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from feedsvc.actions import sign
from feedsvc.app import Role
from feedsvc.commands.serve import log_as_lines, options, server
from tests.bench.crowd import crowded
from tests.bench.polling import HOST, read, serving
from tests.bench.result import Result
from tests.bench.server import run
from tests.world import World

CONNECTIONS, REQUESTS, ROUNDS = 32, 8_000, 3
LIFTED = {"sign_ups_per_network": 10**9, "confirm_mails_per_hour": 10**9}
NOBODY = {"relay": "smtp://127.0.0.1:9"}
WHAT = "a bare endpoint that commits one row"

Figures = tuple[float, float]
"""Requests a second, and the time in ms in which 99 of 100 were answered."""


def measure() -> Iterator[Result]:
    """Measure one after the other, again and again; take the round with the median ratio."""
    rounds = [(_measured("ours", number), _measured("bare", number)) for number in range(ROUNDS)]
    middle = median_low([ours[0] / bare[0] for ours, bare in rounds])
    ours, bare = next(pair for pair in rounds if pair[0][0] / pair[1][0] == middle)
    yield Result("sign-ups over HTTP", ours[0], "a second", bare[0], WHAT)
    yield Result("a sign-up, 99th of 100", ours[1], "ms", bare[1], WHAT)


def _measured(which: str, number: int) -> Figures:
    with serving([sys.executable, "-m", "tests.bench.signups", which], quiet=True) as here:
        asyncio.run(_load(here.port, CONNECTIONS * 4, f"first{number}"))
        begun = time.perf_counter()
        waits = asyncio.run(_load(here.port, REQUESTS, f"then{number}"))
        return len(waits) / (time.perf_counter() - begun), quantiles(waits, n=100)[98] * 1_000


async def _load(port: int, requests: int, word: str) -> list[float]:
    """Let as many people sign; return how long each waited."""
    each = requests // CONNECTIONS
    waits = await asyncio.gather(
        *(_client(port, each, f"{word}.{place}") for place in range(CONNECTIONS))
    )
    return [wait for some in waits for wait in some]


async def _client(port: int, requests: int, word: str) -> list[float]:
    reader, writer = await asyncio.open_connection(HOST, port)
    waits = []
    for number in range(requests):
        begun = time.perf_counter()
        writer.write(_request(f"{word}.{number}@crowd.example.org"))
        answer = await read(reader)
        waits.append(time.perf_counter() - begun)
        assert answer.status == 202, answer
    writer.close()
    await writer.wait_closed()
    return waits


def _request(email: str) -> bytes:
    body = json.dumps({"email": email, "name": "Zoë Müller", "updates": True}).encode()
    head = (
        f"POST /c/petition/sign HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: Bench/1.0\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def ours(here: World) -> uvicorn.Server:
    """Serve a petition, everything in one process."""
    here.campaign("petition", kind="petition")
    return server(here.here, Role.ALL)


def bare(here: World) -> uvicorn.Server:
    """Serve the least that takes something in."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            return
        body = await receive()
        await here.here.database.write(sign.take_in, [(body["body"], here.now)])
        await send({"type": "http.response.start", "status": 202, "headers": [LENGTH]})
        await send({"type": "http.response.body", "body": b"{}"})

    made: ASGIApp = application
    return uvicorn.Server(options(made))


LENGTH = (b"content-length", b"2")


if __name__ == "__main__":
    log_as_lines()
    with crowded(0, limits=LIFTED, mail=NOBODY) as world:
        run({"ours": ours, "bare": bare}[sys.argv[1]](world))
