"""Statements spelled out for each database, for the few that nearly every mail passes through.

On SQLite they go past SQLAlchemy, on the writer's own connection and inside its transaction: there
the way to the statement costs more than the statement.
"""

import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect
from sqlalchemy.dialects import sqlite as dialects
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

RAW = "raw"
_NAME = re.compile(r":(\w+)")


class Plain(NamedTuple):
    """One statement in both dialects."""

    sqlite: str
    postgresql: str


def plain(statement: str, **words: tuple[str, str]) -> Plain:
    """Spell a statement out; each of `words` is (as SQLite says it, as PostgreSQL does)."""
    first, second = (
        statement % {name: said[which] for name, said in words.items()} for which in (0, 1)
    )
    return Plain(first, _NAME.sub(r"%(\1)s", second))


def execute(session: Session, statement: Plain, **values: Any) -> int:
    """Run a statement and return how many rows it changed."""
    return int(_run(session, statement, values).rowcount)


def execute_many(session: Session, statement: Plain, rows: Sequence[dict[str, Any]]) -> int:
    """Run a statement once for each of `rows`, and return how many rows were changed in all."""
    raw: Any = session.info.get(RAW)
    if raw is None:
        sqlite = session.get_bind().dialect.name == "sqlite"
        written = statement.sqlite if sqlite else statement.postgresql
        return int(session.connection().exec_driver_sql(written, list(rows)).rowcount)
    try:
        return int(raw.executemany(statement.sqlite, rows).rowcount)
    except sqlite3.Error as error:
        raise raised(error) from error


def fetch(session: Session, statement: Plain, **values: Any) -> Sequence[Any]:
    """Run a statement and return its rows."""
    return list(_run(session, statement, values).fetchall())


@lru_cache(maxsize=1024)
def day_of(read: date | str) -> date:
    """Return a day as a plain statement reads it."""
    return date.fromisoformat(read) if isinstance(read, str) else read


@lru_cache(maxsize=1024)
def instant_of(read: datetime | str) -> datetime:
    """Return an instant as a plain statement reads it."""
    if isinstance(read, str):
        return datetime.fromisoformat(read).replace(tzinfo=UTC)
    return read.astimezone(UTC)


def on_sqlite(session: Session) -> bool:
    """Whether the session talks to SQLite."""
    return RAW in session.info or session.get_bind().dialect.name == "sqlite"


def _run(session: Session, statement: Plain, values: dict[str, Any]) -> Any:
    raw: Any = session.info.get(RAW)
    dialect = session.get_bind().dialect if raw is None else None
    given = {name: _written(value, dialect) for name, value in values.items()}
    if dialect is not None:
        written = statement.sqlite if dialect.name == "sqlite" else statement.postgresql
        return session.connection().exec_driver_sql(written, given)
    try:
        return raw.execute(statement.sqlite, given)
    except sqlite3.Error as error:
        raise raised(error) from error


def raised(error: sqlite3.Error) -> DatabaseError:
    """Say it as SQLAlchemy would, without what was asked: that may name somebody."""
    kind = OperationalError if isinstance(error, sqlite3.OperationalError) else DatabaseError
    return kind("a plain statement", {}, error)


def _written(value: Any, dialect: Dialect | None) -> Any:
    """Write an instant as the tables have it; everything else is taken as it is."""
    if not isinstance(value, datetime):
        return value
    process = _processor(dialect)
    return process(value) if process else value


@cache
def _processor(dialect: Dialect | None) -> Any:
    known = dialect or dialects.dialect()
    return UTCDateTime().dialect_impl(known).bind_processor(known)
