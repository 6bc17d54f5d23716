"""The mark of a database moves when feeds may have moved, and only an honest one is given."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psycopg
import pytest
from sqlalchemy import URL, make_url

from feedsvc import migrations
from feedsvc.domain.tables.content import Fact
from feedsvc.gateways.database import Database, open_database, watches
from feedsvc.gateways.database.watches import BLINK_SECONDS, SILENCE_SECONDS, ServerWatch
from feedsvc.records.feeds import SITE, bump

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
RAW = "INSERT INTO feed_version (scope, version, updated_at, urgent) VALUES (0, 7, '2026-03-02', 0)"


@pytest.fixture
def embedded(sqlite_url: str) -> Iterator[Database]:
    yield from opened(sqlite_url)


@pytest.fixture
def server(postgresql_url: str) -> Iterator[Database]:
    yield from opened(postgresql_url)


def opened(url: str) -> Iterator[Database]:
    made = open_database(url)
    migrations.upgrade(made.engine)
    yield made
    made.close()


async def soon(true: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is true, and return whether it became so."""
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:  # noqa: ASYNC110  a watch has no bell
        await asyncio.sleep(0.005)
    return true()


@asynccontextmanager
async def listening(watch: ServerWatch) -> AsyncIterator[ServerWatch]:
    """Let a watch listen."""
    task = asyncio.create_task(watch.listen())
    try:
        assert await soon(lambda: watch.mark() is not None, 5)
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Line(NamedTuple):
    """A line to the server behind a URL of its own, which can fall silent."""

    url: str
    silent: asyncio.Event


@asynccontextmanager
async def line_to(url: URL, folder: str) -> AsyncIterator[Line]:
    """Give a line to the server."""
    silent, ends = asyncio.Event(), list[asyncio.StreamWriter]()

    async def connected(ours: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        socket = f"{url.query['host']}/.s.PGSQL.{url.port or 5432}"
        theirs, on = await asyncio.open_unix_connection(socket)
        ends.extend((back, on))
        await asyncio.gather(passed(ours, on), passed(theirs, back))

    async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(65_536):
                if not silent.is_set():
                    writer.write(piece)
        writer.close()

    door = await asyncio.start_unix_server(connected, f"{folder}/.s.PGSQL.5432")
    through = url.update_query_dict({"host": folder}).set(port=5432)
    try:
        yield Line(through.render_as_string(hide_password=False), silent)
    finally:
        door.close()
        for end in ends:
            end.close()
            with suppress(ConnectionError):
                await end.wait_closed()


def test_on_sqlite_the_mark_moves_when_another_process_moves_the_feeds(
    embedded: Database, sqlite_url: str
) -> None:
    before = embedded.mark()
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as other:
        other.execute(RAW)
    other.close()
    time.sleep(BLINK_SECONDS)
    assert embedded.mark() != before


def test_on_sqlite_the_mark_moves_at_once_with_our_own_commits(
    embedded: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "BLINK_SECONDS", 60)
    before = embedded.mark()
    embedded.write_now(bump, SITE, NOW)
    assert embedded.mark() != before


def test_on_sqlite_the_mark_stays_when_something_else_is_committed(embedded: Database) -> None:
    before = embedded.mark()
    embedded.write_now(lambda session: session.add(Fact(name="a", value=b"")))
    assert embedded.mark() == before


def test_on_postgresql_nobody_can_tell_who_does_not_listen(server: Database) -> None:
    assert server.mark() is None


async def test_on_postgresql_a_listener_is_told_of_a_move(server: Database) -> None:
    async with listening(ServerWatch(server.url)) as watch:
        await asyncio.sleep(0.1)  # between two beats
        before = watch.mark()
        server.write_now(bump, SITE, NOW)
        assert await soon(lambda: watch.mark() != before, 0.2)


async def test_on_postgresql_the_mark_stays_while_nothing_moves(server: Database) -> None:
    async with listening(ServerWatch(server.url)) as watch:
        before = watch.mark()
        server.write_now(lambda session: session.add(Fact(name="a", value=b"")))
        await asyncio.sleep(1.5)
        assert watch.mark() == before


async def test_on_postgresql_a_move_that_nobody_told_of_is_seen_at_the_next_beat(
    server: Database,
) -> None:
    async with listening(ServerWatch(server.url)) as watch:
        before = watch.mark()
        with psycopg.connect(server.url) as other:
            other.execute(RAW)
        assert await soon(lambda: watch.mark() != before, 2)


async def test_on_postgresql_all_counts_as_moved_after_a_line_was_lost(server: Database) -> None:
    async with listening(ServerWatch(server.url)) as watch:
        before = watch.mark()
        with psycopg.connect(server.url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' "
                "OR query LIKE 'SELECT version%'"
            )
        assert await soon(lambda: watch.mark() is None, 2)
        assert await soon(lambda: watch.mark() is not None, 5)
        assert watch.mark() != before


async def test_on_postgresql_a_line_that_falls_silent_is_not_believed_for_long(
    server: Database,
) -> None:
    url = make_url(server.url)
    if "host" not in url.query:
        pytest.skip("the server is not reached by a socket in a folder")
    with TemporaryDirectory() as folder:
        async with (
            line_to(url, folder) as line,
            listening(ServerWatch(line.url)) as watch,
        ):
            line.silent.set()
            assert await soon(lambda: watch.mark() is None, SILENCE_SECONDS + 1.5)
