"""Taking turns on PostgreSQL, and inserts that meet a row already there, on both databases."""

import zlib
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from feedsvc.gateways.database import on_sqlite


def on_postgresql(session: Session) -> bool:
    """Whether the session talks to PostgreSQL."""
    return not on_sqlite(session)


def hold(session: Session, name: str) -> None:
    """Wait for the turn called `name`; it is given back at the end of the transaction.

    SQLite has one writer, so there all is in turn.
    """
    if on_postgresql(session):
        number = zlib.crc32(name.encode())
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def share(session: Session, name: str) -> None:
    """Let nobody `hold` the turn called `name` until the end of the transaction."""
    if on_postgresql(session):
        number = zlib.crc32(name.encode())
        session.execute(text("SELECT pg_advisory_xact_lock_shared(:number)"), {"number": number})


def insert(session: Session, model: type[SQLModel]) -> Any:
    """Start an INSERT that knows ON CONFLICT."""
    dialect = postgresql if on_postgresql(session) else sqlite
    return dialect.insert(model.__table__)  # type: ignore[attr-defined]  # SQLModel hides the table
