"""Those who tell when feeds may have moved, by the version of the site's feeds, without a query's cost.

That version moves with every change of any feed. On SQLite it is read where it stands, on PostgreSQL
a connection that only listens is told of it.
"""

import asyncio
import sqlite3
import time
from typing import Any, Final, LiteralString, Protocol

import psycopg
import structlog
from psycopg import AsyncConnection, AsyncCursor
from sqlalchemy import Engine

from feedsvc.gateways.database.engines import Lost

VERSION: Final = "SELECT version FROM feed_version WHERE scope = 0"
LISTEN: Final = "LISTEN feedsvc_feeds"
TELL: Final = "SELECT pg_notify('feedsvc_feeds', version::text) FROM feed_version WHERE scope = 0"
"""Tells those who listen of the new version, with the commit that makes it (PostgreSQL)."""

BUSY_MILLISECONDS: Final = 50
BLINK_SECONDS: Final = 0.001
"""How long a look at the file counts: of a thousand polls a second only some look again."""

BEAT_SECONDS: Final = 1.0
SILENCE_SECONDS: Final = 3.0
PAUSES: Final = (0.1, 0.5, 1.0, 2.0, 5.0)

# What lets the kernel notice a network that is gone, where no answer ever comes.
ALIVE: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

Line = AsyncConnection[tuple[Any, ...]]
Cursor = AsyncCursor[tuple[Any, ...]]

log = structlog.get_logger()


class Watch(Protocol):
    """Tells whether feeds may have moved."""

    def mark(self) -> int | None:
        """Return a number that moves when feeds may have moved; None when nobody can tell."""

    def doubt(self) -> None:
        """Look anew at the next mark: something was just committed here."""

    async def listen(self) -> None:
        """Hear of moves, until it is cancelled or there is no need to listen."""

    def close(self) -> None:
        """Let go."""


class FileWatch:
    """Reads it from the file, and only when anything was committed (PRAGMA data_version)."""

    def __init__(self, readers: Engine) -> None:
        self._connection = readers.connect()
        raw: Any = self._connection.connection.dbapi_connection
        raw.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        self._cursor: sqlite3.Cursor = raw.cursor()
        self._commits = -1
        self._version = 0
        self._until = 0.0

    def mark(self) -> int | None:
        """Return the version; costs microseconds, and other processes' commits are seen.

        Raises Lost when the file does not answer.
        """
        now = time.monotonic()
        if now < self._until:
            return self._version
        try:
            (commits,) = self._cursor.execute("PRAGMA data_version").fetchone()
            if commits != self._commits:
                found = self._cursor.execute(VERSION).fetchone()
                self._commits, self._version = commits, found[0] if found else 0
        except sqlite3.Error as error:
            raise Lost("The database file does not answer.", remedy="Look at the disk.") from error
        self._until = now + BLINK_SECONDS
        return self._version

    def doubt(self) -> None:
        """Look anew at the next mark."""
        self._until = 0.0

    async def listen(self) -> None:
        """Hear nothing: the file is looked at."""

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


class ServerWatch:
    """Is told of it (LISTEN), and asks every second, so that a dead line is known for one.

    After a line was lost, everything counts as moved.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lines = 0
        self._version = 0
        self._heard = -SILENCE_SECONDS

    def mark(self) -> int | None:
        """Return a number for the line and the version; None while no line is known to be alive."""
        if time.monotonic() - self._heard >= SILENCE_SECONDS:
            return None
        return self._lines << 40 | self._version

    def doubt(self) -> None:
        """Wait: the server tells of our own commits as of all others."""

    async def listen(self) -> None:
        """Hold a line until it is cancelled; one that is lost is laid anew, after longer and longer."""
        failed = 0
        while True:
            try:
                async with await AsyncConnection.connect(
                    self._url, autocommit=True, **ALIVE
                ) as line:
                    await _ask(line, LISTEN)
                    self._lines, self._version, failed = self._lines + 1, 0, 0
                    await self._hear(line)
            except (psycopg.Error, OSError) as error:
                log.warning("not told of new feeds, asking instead", kind=type(error).__name__)
            self._heard = -SILENCE_SECONDS
            await asyncio.sleep(PAUSES[min(failed, len(PAUSES) - 1)])
            failed += 1

    async def _hear(self, line: Line) -> None:
        while True:
            found = await (await _ask(line, VERSION)).fetchone()
            self._note(found[0] if found else 0)
            async for told in line.notifies(timeout=BEAT_SECONDS):
                self._note(int(told.payload))

    def _note(self, version: int) -> None:
        self._version = max(self._version, version)
        self._heard = time.monotonic()

    def close(self) -> None:
        """Hold nothing: the line is let go of by whoever listens."""


async def _ask(line: Line, statement: LiteralString) -> Cursor:
    """Ask and wait for the answer, but not for ever: a line that is silent is hung up.

    Raises TimeoutError then. Cancelling a question would wait for the server, so it is hung up as well.
    """
    asking = asyncio.ensure_future(line.execute(statement))
    try:
        await asyncio.wait({asking}, timeout=SILENCE_SECONDS)
    finally:
        if not asking.done():
            _hang_up(line)
            asking.cancel()
            await asyncio.wait({asking})
    if asking.cancelled():
        raise TimeoutError
    return asking.result()


def _hang_up(line: Line) -> None:
    loop = asyncio.get_running_loop()
    loop.remove_reader(line.fileno())
    loop.remove_writer(line.fileno())
    line.pgconn.finish()
