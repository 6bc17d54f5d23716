"""Polls a feed over connections that are kept open, as quickly as one process of Python can."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

import psutil

HOST = "127.0.0.1"
CONNECTIONS = 8


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return the value of one header, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), "")


@dataclass(frozen=True)
class Server:
    """A server of ours in a process of its own."""

    port: int
    process: psutil.Process

    @property
    def busy(self) -> float:
        """The seconds of CPU that it and its children have spent."""
        family = (self.process, *self.process.children(recursive=True))
        return sum(_busy(thread) for one in family for thread in _threads(one.pid))


def _threads(pid: int) -> Iterator[Path]:
    return Path(f"/proc/{pid}/task").iterdir()


def _busy(thread: Path) -> float:
    """Read how long a thread has run: to the nanosecond, where `times` counts hundredths."""
    return int((thread / "schedstat").read_text().split()[0]) / 1e9


@contextmanager
def serving(
    command: list[str], port: int | None = None, *, quiet: bool = False
) -> Iterator[Server]:
    """Start a server that prints its port, or is told it, and end it; a quiet one keeps its log."""
    log = DEVNULL if quiet else None
    with Popen(command, stdout=PIPE, stderr=log, cwd=Path.cwd()) as process:
        try:
            assert process.stdout is not None
            found = port or int(process.stdout.readline())
            wait_for(found)
            yield Server(found, psutil.Process(process.pid))
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    """Return when somebody listens."""
    for _ in range(200):
        try:
            asyncio.run(_touch(port))
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(port)


async def _touch(port: int) -> None:
    _, writer = await asyncio.open_connection(HOST, port)
    writer.close()
    await writer.wait_closed()


def request(path: str, headers: str = "") -> bytes:
    """Write the request of a reader."""
    usual = (
        "Host: feeds.example\r\nUser-Agent: Bench/1.0\r\nAccept: */*\r\nConnection: keep-alive\r\n"
    )
    return f"GET {path} HTTP/1.1\r\n{usual}{headers}\r\n".encode()


def cpu(server: Server, asked: bytes, times: int) -> float:
    """Return the µs of CPU that the server spends on one request."""
    before = server.busy
    asyncio.run(load(server.port, asked, times))
    return (server.busy - before) / times * 1e6


async def load(port: int, asked: bytes, times: int) -> None:
    """Ask so many times."""
    each = times // CONNECTIONS
    await asyncio.gather(*(_client(port, asked, each) for _ in range(CONNECTIONS)))


async def _client(port: int, asked: bytes, times: int) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    for _ in range(times):
        writer.write(asked)
        await read(reader)
    writer.close()
    await writer.wait_closed()


async def read(reader: asyncio.StreamReader) -> Answer:
    """Read one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    answer = Answer(int(first.split()[1]), headers, b"")
    length = int(answer.header("content-length") or 0) if answer.status != 304 else 0
    return Answer(answer.status, headers, await reader.readexactly(length))


def once(port: int, asked: bytes) -> Answer:
    """Ask once."""
    return asyncio.run(_once(port, asked))


async def _once(port: int, asked: bytes) -> Answer:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(asked)
    answer = await read(reader)
    writer.close()
    await writer.wait_closed()
    return answer
