"""Many rows at once: the quickest way that each database has, inside the transaction of an action."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from feedsvc.gateways.database.plain import RAW, Plain, on_sqlite, raised

_NAME = re.compile(r":(\w+)")
INSTANT = len("2017-12-07 09:00:00.000000")
UNNAMED = sqlite.dialect(paramstyle="qmark")


def store(session: Session, table: Table, columns: Sequence[str], rows: Iterable[Any]) -> None:
    """Insert rows whose values stand in the order of `columns`, which is that of the table.

    Words are text, instants as `instants` writes them.

    Raises IntegrityError when a row is there already: somebody was quicker (PostgreSQL).
    """
    if getattr(session, "opened", True):  # one that is not has nothing to flush
        session.flush()
    if on_sqlite(session):
        _insert(session, table, tuple(columns), rows)
    else:
        _copy(session, table, columns, rows)


def instants(session: Session) -> Callable[[datetime | None], Any]:
    """Return what writes an instant the way `store` wants it; many rows have the same."""
    if not on_sqlite(session):
        return lambda value: value
    return cache(lambda value: value and value.isoformat(" ", "microseconds")[:INSTANT])


def among(session: Session, statement: Plain, many: Sequence[Any], **values: Any) -> Sequence[Any]:
    """Ask for the rows that have one of `many` values; on SQLite those come first in the statement."""
    if on_sqlite(session):
        asked = _cursor(session).execute(*_positional(statement, many, values))
        return list(asked.fetchall())
    given = {"many": list(many), **values}
    return session.connection().exec_driver_sql(statement.postgresql, given).fetchall()


def read_instant(value: datetime | str | None) -> datetime | None:
    """Read an instant as `among` gives it; SQLite has them as text."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value


def _positional(
    statement: Plain, many: Sequence[Any], values: dict[str, Any]
) -> tuple[str, list[Any]]:
    """Spell out a mark for each value: there is no quicker way to tell SQLite of many blobs."""
    marks = ", ".join("?" * len(many))
    asked = _NAME.findall(statement.sqlite)
    return _NAME.sub("?", statement.sqlite) % marks, [*many, *(values[name] for name in asked)]


def _cursor(session: Session) -> Any:
    """Return what runs statements on SQLite, past SQLAlchemy, in the transaction of the session."""
    return session.info.get(RAW) or session.connection().connection.driver_connection


def _insert(session: Session, table: Table, columns: tuple[str, ...], rows: Iterable[Any]) -> None:
    try:
        _cursor(session).executemany(_statement(table, columns), rows)
    except sqlite3.Error as error:
        raise raised(error) from error


@cache
def _statement(table: Table, columns: tuple[str, ...]) -> str:
    if [column.name for column in table.columns if column.name in columns] != list(columns):
        raise ValueError(columns)  # values would land in each other's columns
    return str(table.insert().compile(dialect=UNNAMED, column_keys=columns))


def _copy(session: Session, table: Table, columns: Sequence[str], rows: Iterable[Any]) -> None:
    raw: Any = session.connection().connection.driver_connection
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.IntegrityError as error:
        raise IntegrityError("a bulk insert", {}, error) from error
    except psycopg.OperationalError as error:
        raise OperationalError("a bulk insert", {}, error) from error
