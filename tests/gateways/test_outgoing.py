"""A stranger who says whom to call never lets us call this machine, however it is spelled."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import web

from feedsvc.domain import reach
from feedsvc.domain.reach import Callbacks
from feedsvc.gateways import outgoing
from feedsvc.gateways.outgoing import LIMIT_BYTES, Answer, Outgoing
from tests.push.spellings import HOSTS, NAMES, REACHABLE


class Trap:
    """Sockets on every loopback address of one port, and how often somebody came."""

    def __init__(self) -> None:
        self.sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port = self.sockets[0].getsockname()[1]
        self.sockets.append(socket.create_server(("127.0.0.2", self.port)))
        self.sockets.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))

    def visits(self) -> int:
        """Count who stands at the door."""
        count = 0
        for one in self.sockets:
            one.setblocking(False)
            while True:
                try:
                    one.accept()[0].close()
                except BlockingIOError:
                    break
                count += 1
        return count


@pytest.fixture
def trap() -> Iterator[Trap]:
    made = Trap()
    yield made
    for one in made.sockets:
        one.close()


def names(host: str, port: int, family: int = 0, kind: int = 0) -> list[Any]:
    """Answer for all names there are, as a C library would; nobody else is asked."""
    numeric = socket.AI_NUMERICHOST
    if "localhost" in host.lower():
        return names("127.0.0.1", port, family, kind) + names("::1", port, family, kind)
    found: list[Any] = []
    for address in NAMES.get(host, [host]):
        found += socket.getaddrinfo(address, port, family, kind, 0, numeric)
    return found


@asynccontextmanager
async def calling(callbacks: Callbacks | None, **options: Any) -> AsyncIterator[Outgoing]:
    made = Outgoing(callbacks, **options)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def serving(answer: Any) -> AsyncIterator[str]:
    """Run a server on loopback that answers everything alike."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_an_address_within_is_ever_connected_to(
    trap: Trap, scheme: str
) -> None:
    assert len(HOSTS) >= 60
    async with calling(Callbacks.HTTP, names=names) as out:
        for host in HOSTS:
            answer = await out.get(f"{scheme}://{host}:{trap.port}/x")
            assert (host, answer.status, bool(answer.problem)) == (host, 0, True)
    assert trap.visits() == 0


async def test_the_connection_is_refused_even_if_the_name_was_thought_fit(
    trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "unfit", lambda *_: "")
    monkeypatch.setattr(outgoing, "PATIENCE_SECONDS", 1.0)
    async with calling(Callbacks.HTTP, names=names) as out:
        for host in HOSTS:
            assert (await out.get(f"http://{host}:{trap.port}/x")).status == 0
    assert trap.visits() == 0


@pytest.mark.parametrize("host", REACHABLE)
async def test_the_trap_is_a_trap(trap: Trap, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr(outgoing, "PATIENCE_SECONDS", 0.2)
    async with calling(None, names=names) as out:
        await out.get(f"http://{host}:{trap.port}/x")
    assert trap.visits() > 0


async def test_a_name_that_moves_between_two_looks_is_seen_when_it_counts(trap: Trap) -> None:
    answers = iter(["8.8.8.8", "127.0.0.1", "127.0.0.1", "127.0.0.1"])

    def moving(_host: str, port: int, *_: int) -> list[Any]:
        return socket.getaddrinfo(next(answers), port, 0, socket.SOCK_STREAM)

    next(answers)  # somebody looked before
    async with calling(Callbacks.HTTP, names=moving) as out:
        assert not (await out.get(f"http://reader.example:{trap.port}/")).taken
    assert trap.visits() == 0


async def test_whom_the_operator_names_may_be_within() -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async with serving(answer) as url, calling(None) as out:
        assert await out.get(url) == Answer(200, b"hello")


async def test_any_callback_is_called_when_that_is_allowed() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=request.raw_path)

    async with serving(answer) as url, calling(Callbacks.ANY) as out:
        assert (await out.get(f"{url}/a%2Fb?c=%7E&d")).body == b"/a%2Fb?c=%7E&d"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_no_yes(status: int) -> None:
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with serving(answer) as url, calling(Callbacks.ANY) as out:
        got = await out.post(f"{url}/here", b"x", {})
    assert (got.status, got.taken, seen) == (status, False, ["/here"])


async def test_of_an_endless_answer_only_the_beginning_is_read() -> None:
    written = []

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            for _ in range(1_000):
                await response.write(b"x" * 65_536)
                written.append(1)
        return response

    async with serving(answer) as url, calling(Callbacks.ANY) as out:
        assert len((await out.get(url)).body) == LIMIT_BYTES
    assert len(written) < 500


async def test_a_bomb_stays_packed() -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=b"packed", headers={"Content-Encoding": "gzip"})

    async with serving(answer) as url, calling(Callbacks.ANY) as out:
        assert (await out.get(url)).body == b"packed"


async def test_an_answer_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "PATIENCE_SECONDS", 0.5)

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(40):
            await response.write(b"x")
            await asyncio.sleep(0.1)
        return response

    began = time.monotonic()
    async with serving(answer) as url, calling(Callbacks.ANY) as out:
        got = await out.get(url)
        took = time.monotonic() - began
    assert (got.status, got.problem) == (0, "no answer in time")
    assert took < 2


async def test_a_name_server_that_is_silent_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outgoing, "PATIENCE_SECONDS", 0.2)

    def silent(*_: object) -> list[Any]:
        time.sleep(1)
        return []

    async with calling(Callbacks.HTTPS, names=silent) as out:
        assert (await out.get("https://reader.example/")).problem == "no answer in time"


HANGS = """
import asyncio, time
from feedsvc.domain.reach import Callbacks
from feedsvc.gateways import outgoing
outgoing.PATIENCE_SECONDS = 0.1
async def main():
    out = outgoing.Outgoing(Callbacks.HTTPS, names=lambda *_: time.sleep(60))
    print((await out.get("https://reader.example/")).problem)
    await out.close()
asyncio.run(main())
"""


def test_a_name_server_that_is_silent_keeps_no_process_from_ending() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, timeout=20, check=True
    )
    assert ended.stdout == b"no answer in time\n"


async def test_nobody_there_is_a_value_and_names_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    async with calling(Callbacks.ANY) as out:
        assert await out.get(f"http://127.0.0.1:{port}/") == Answer(
            0, problem="ClientConnectorError"
        )


async def test_no_proxy_of_the_environment_is_used(
    trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{trap.port}")

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="straight")

    async with serving(answer) as url, calling(Callbacks.ANY) as out:
        assert (await out.get(url)).body == b"straight"
    assert trap.visits() == 0
