"""From the answered POST to the new entry in all three formats, in every process that serves HTTP."""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from unittest.mock import patch

from feedsvc import app
from feedsvc.actions import keys
from feedsvc.domain.tables.staff import Scope
from tests import postgresql
from tests.bench.disk import scratch
from tests.bench.polling import HOST, read, request, serving
from tests.bench.result import Result
from tests.world import world

POSTS = 300
PAUSE = 0.3
"""Between two: what one has set going (fan-out, plan) is over before the next."""

FORMATS = ("atom", "rss", "json")
ASKED = {"SQLite": 50, "PostgreSQL": 200}


def measure() -> Iterator[Result]:
    """Measure one process on SQLite, and two on PostgreSQL."""
    with TemporaryDirectory(dir=scratch()) as folder:
        yield from _measured("SQLite", f"sqlite:///{folder}/bench.db", Path(folder), ["all"])
    with (
        TemporaryDirectory() as folder,
        postgresql.running(durable=True) as server,
        server.fresh_database() as url,
    ):
        yield from _measured("PostgreSQL", url, Path(folder), ["web", "web"])


def _measured(name: str, url: str, folder: Path, roles: list[str]) -> Iterator[Result]:
    with _served(url, folder, roles) as (ports, secret):
        waits = asyncio.run(_post_and_look(ports, secret))
    cuts = quantiles(waits, n=100)
    what = f"news in all formats, {name}, {len(roles)} process{'es' if roles[1:] else ''}"
    asked = f"after the answered POST, {POSTS} posts"
    yield Result(f"{what}, median", cuts[49], "ms", referred=asked)
    yield Result(f"{what}, p99", cuts[98], "ms", ASKED[name], f"what is asked, {asked}")


@contextmanager
def _served(url: str, folder: Path, roles: list[str]) -> Iterator[tuple[list[int], str]]:
    """Run `feedsvc serve`, each role a process; give the ports, and the secret of a staff key."""
    with world(url, folder) as here:
        here.now = datetime.now(UTC)
        here.campaign()
        app.ready(here.here.settings).close()
        scopes = [Scope.UPDATES_WRITE, Scope.UPDATES_PUBLISH]
        _, secret = here.write(keys.create_key, "bench", scopes=scopes, by="bench", now=here.now)
        file = here.here.settings.keys.file
    with ExitStack() as stack:
        ports = []
        for role in roles:
            port = _free_port()
            told = {"DATABASE__URL": url, "KEYS__FILE": str(file), "HTTP__PORT": str(port)}
            told = {f"FEEDSVC_{name}": value for name, value in told.items()}
            with patch.dict(os.environ, told):
                command = [sys.executable, "-m", "feedsvc", "serve", "--role", role]
                stack.enter_context(serving(command, port, quiet=True))
            ports.append(port)
        yield ports, secret


async def _post_and_look(ports: list[int], secret: str) -> list[float]:
    """Post again and again, and return how long each took to be everywhere, in ms."""
    return [await _once(ports, secret, number) for number in range(POSTS)]


async def _once(ports: list[int], secret: str, number: int) -> float:
    title = f"Number {number} is out"
    reader, writer = await asyncio.open_connection(HOST, ports[0])
    writer.write(_post(secret, title, number))
    answer = await read(reader)
    answered = time.perf_counter()
    assert answer.status == 201, answer
    looks = [_look(port, suffix, title) for port in ports for suffix in FORMATS]
    seen = await asyncio.gather(*looks)
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(PAUSE)
    return (max(seen) - answered) * 1e3


async def _look(port: int, suffix: str, title: str) -> float:
    """Poll until the title is there; return when it was."""
    reader, writer = await asyncio.open_connection(HOST, port)
    async with asyncio.timeout(10):
        found = False
        while not found:
            writer.write(request(f"/c/river.{suffix}"))
            found = title.encode() in (await read(reader)).body
    seen = time.perf_counter()
    writer.close()
    await writer.wait_closed()
    return seen


def _post(secret: str, title: str, number: int) -> bytes:
    body = json.dumps({"title": title, "body": "A paragraph of an update. " * 40}).encode()
    lines = (
        "POST /api/campaigns/river/updates HTTP/1.1",
        f"Host: {HOST}",
        f"Authorization: Bearer {secret}",
        f"Idempotency-Key: bench-{number}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])
