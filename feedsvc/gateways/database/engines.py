"""Engines for SQLite and PostgreSQL, with the settings that keep what was acknowledged."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from feedsvc.errors import Unavailable

BUSY_SECONDS = 5.0
WRITER = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL loses acknowledged commits in a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # what is erased must not stay in free pages
    "PRAGMA cache_size=-8192",  # memory must not grow with the list; the system keeps the rest
    "PRAGMA journal_size_limit=67108864",
)
HURRIED = (*WRITER, "PRAGMA synchronous=NORMAL")
"""For what may be done again after a power cut: a commit holds the lock, but waits for no disk."""

READER = (
    "PRAGMA query_only=ON",
    "PRAGMA wal_autocheckpoint=0",  # a reader that checkpoints meets the WAL-reset fault of < 3.51.3
    "PRAGMA foreign_keys=ON",
)


class Lost(Unavailable):
    """The database did not answer: nothing of the action is stored."""


def is_sqlite(url: str) -> bool:
    """Whether `url` names the embedded database."""
    return url.startswith("sqlite:")


def file_of(url: str) -> Path:
    """The file of an embedded database."""
    return Path(make_url(url).database or "")


def make_engine(url: str, *, pool: int = 4, reader: bool = False, durable: bool = True) -> Engine:
    """Make an engine; one for readers of SQLite cannot write, one that is not durable is quicker."""
    if is_sqlite(url):
        writer = WRITER if durable else HURRIED
        return _sqlite(url, pool, READER if reader else writer, "" if reader else " IMMEDIATE")
    return create_engine(
        url,
        pool_size=pool,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,  # an error must not name anybody in the log
        connect_args={"connect_timeout": 5},
    )


def _sqlite(url: str, pool: int, pragmas: tuple[str, ...], begin: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        raw: Any = connection.connection.driver_connection
        if not raw.in_transaction:  # else the writer has begun, see `lazy`
            raw.execute(f"BEGIN{begin}")

    return engine


def away(error: DBAPIError) -> bool:
    """Whether the database is away, full or locked; SQLite calls a fault in a statement the same.

    A full disk undoes the whole transaction, and our savepoint with it; a file that was taken away
    leaves an empty one in its place, without our tables.
    """
    if getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR:
        return True
    return str(error.orig).startswith(("no such savepoint", "no such table"))


@contextmanager
def translated() -> Iterator[None]:
    """Turn "the database is away, full or locked" into Lost; let faults of statements pass."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if not away(error):
            raise
        raise Lost(
            f"The database cannot answer now ({type(error.orig).__name__}).",
            remedy="Try again in a few seconds; if it stays so, look at disk space and the server.",
        ) from error
    except OSError as error:
        raise Lost(
            f"The journal cannot be written ({error.strerror}).", remedy="Look at the disk."
        ) from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise Lost("The connection to the database was lost.", remedy="Try again.") from error
