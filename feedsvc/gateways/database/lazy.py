"""A session that costs nothing until it is used: an action of plain statements needs none (SQLite).

Opening a session, a savepoint and a transaction through SQLAlchemy costs ten times what the marks of
a mail cost. So the transaction is begun past it, and it is told of it when it is wanted.
"""

import sqlite3
import time
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session

from feedsvc.gateways.database.engines import BUSY_SECONDS
from feedsvc.gateways.database.plain import RAW, raised

BLINK_MILLISECONDS = 20
LOOK_SECONDS = 0.0005


def begin(connection: Connection) -> None:
    """Begin a transaction that is ours to write.

    Another process that writes much leaves a short turn between two transactions. SQLite looks ever
    more seldom while it waits, up to every 100 ms, and would miss it; so we look ourselves.
    """
    raw, until = _raw(connection), time.monotonic() + BUSY_SECONDS
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if not busy(error) or time.monotonic() > until:
                raise raised(error) from error
            time.sleep(LOOK_SECONDS)
        else:
            return


def impatient(connection: Connection) -> Connection:
    """Let SQLite not wait where we look ourselves."""
    _raw(connection).execute("PRAGMA busy_timeout=0")
    return connection


def busy(error: sqlite3.Error) -> bool:
    """Whether somebody else is writing; more exact codes have this one in their last byte."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF == sqlite3.SQLITE_BUSY


def commit(connection: Connection) -> None:
    """Make durable what was done, by plain statements and by sessions."""
    if connection.in_transaction():
        connection.commit()
        return
    try:
        _raw(connection).execute("COMMIT")
    except sqlite3.Error as error:
        raise raised(error) from error


def empty_log(connection: Connection) -> bool:
    """Bring the log into the file and cut it to nothing; False when somebody was reading in it.

    What takes long is done first, while others write and read; then both wait for a blink.
    """
    raw = _raw(connection)
    try:
        raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        raw.execute(f"PRAGMA busy_timeout={BLINK_MILLISECONDS}")
        try:
            (busy, _, _) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            raw.execute("PRAGMA busy_timeout=0")
    except sqlite3.Error as error:
        raise raised(error) from error
    return not busy


class LazySession(Session):
    """A session on a connection that is in a transaction already."""

    def __init__(self, connection: Connection, joining: str) -> None:
        self.__dict__["opened"] = False
        self.__dict__["info"] = {RAW: _raw(connection)}
        self.__dict__["_waits"] = (connection, joining)

    def __getattr__(self, name: str) -> Any:
        """Open the session: something is asked of it that only an open one has."""
        waits = self.__dict__.pop("_waits", None)
        if waits is None:
            raise AttributeError(name)
        connection, joining = waits
        if not connection.in_transaction():
            connection.begin()
        self.__dict__["opened"] = True
        how: dict[str, Any] = {"join_transaction_mode": joining, "info": self.__dict__["info"]}
        super().__init__(connection, expire_on_commit=False, autoflush=True, **how)
        return getattr(self, name)

    def close(self) -> None:
        """Close it, if it was ever opened."""
        if self.__dict__["opened"]:
            super().close()


def _raw(connection: Connection) -> Any:
    return connection.connection.driver_connection
