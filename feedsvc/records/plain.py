"""Statements spelled out for each database, for the few that nearly every mail passes through."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from feedsvc.domain.tables.ledger import Mail

_NAME = re.compile(r":(\w+)")
_INSTANT = Mail.__table__.c.changed_at.type  # type: ignore[attr-defined]  # SQLModel hides the table


class Plain(NamedTuple):
    """One statement in both dialects."""

    sqlite: str
    postgresql: str


def plain(statement: str, **words: tuple[str, str]) -> Plain:
    """Spell a statement out; each of `words` is (as SQLite says it, as PostgreSQL does)."""
    sqlite, postgresql = (
        statement % {name: said[which] for name, said in words.items()} for which in (0, 1)
    )
    return Plain(sqlite, _NAME.sub(r"%(\1)s", postgresql))


def run(session: Session, statement: Plain, **values: Any) -> Sequence[Any]:
    """Run a statement and return its rows; instants are written as the tables have them."""
    connection = session.connection()
    dialect = connection.dialect
    process = _INSTANT.dialect_impl(dialect).bind_processor(dialect)
    given = {
        name: process(value) if process and isinstance(value, datetime) else value
        for name, value in values.items()
    }
    return connection.exec_driver_sql(getattr(statement, dialect.name), given).all()
