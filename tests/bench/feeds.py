"""CPU of a feed poll in the server process, against a bare ASGI app that answers as many bytes."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.bench.result import Result

REQUESTS = 5_000
CONNECTIONS = 8


def measure() -> Iterator[Result]:
    """Measure 200 and 304."""
    with _serving("ours") as (port, process):
        etag, length = asyncio.run(_probe(port))
        full = _cpu(port, process, "")
        not_modified = _cpu(port, process, f"If-None-Match: {etag}\r\n")
    with _serving("bare", str(length)) as (port, process):
        bare = _cpu(port, process, "")
    with _serving("bare", "0") as (port, process):
        bare_304 = _cpu(port, process, "")
    name = f"a bare ASGI app on the same server, {length:,} bytes"
    yield Result("feed 200, CPU", full, "µs", bare, name)
    yield Result("feed 304, CPU", not_modified, "µs", bare_304, "the same, 304 without a body")


def _cpu(port: int, process: psutil.Process, header: str) -> float:
    """Return the CPU microseconds that the server spends on one request."""
    asyncio.run(_load(port, header, REQUESTS // 5))
    before = sum(process.cpu_times()[:2])
    asyncio.run(_load(port, header, REQUESTS))
    return (sum(process.cpu_times()[:2]) - before) / REQUESTS * 1e6


async def _load(port: int, header: str, requests: int) -> None:
    request = f"GET /c/river.atom HTTP/1.1\r\nHost: x\r\n{header}\r\n".encode()
    each = requests // CONNECTIONS
    await asyncio.gather(*(_client(port, request, each) for _ in range(CONNECTIONS)))


async def _client(port: int, request: bytes, times: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(times):
        writer.write(request)
        await _answer(reader)
    writer.close()
    await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:") and b" 304 " not in head[:20]:
            await reader.readexactly(int(line[15:]))
    return head


async def _probe(port: int) -> tuple[str, int]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /c/river.atom HTTP/1.1\r\nHost: x\r\n\r\n")
    headers = dict(
        line.split(": ", 1) for line in (await _answer(reader)).decode().split("\r\n")[1:] if line
    )
    writer.close()
    await writer.wait_closed()
    found = {name.lower(): value for name, value in headers.items()}
    return found["etag"], int(found["content-length"])


@contextmanager
def _serving(*arguments: str) -> Iterator[tuple[int, psutil.Process]]:
    command = [sys.executable, str(Path(__file__).with_name("server.py")), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path.cwd()) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            time.sleep(0.5)
            yield port, psutil.Process(process.pid)
        finally:
            process.kill()
