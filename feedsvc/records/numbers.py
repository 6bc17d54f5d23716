"""Numbers for rows that are stored in bulk and spoken of by others in the same transaction."""

from functools import cache

from sqlalchemy import text
from sqlmodel import Session, SQLModel

from feedsvc.gateways.database import Plain, fetch, on_sqlite, plain


def numbers(session: Session, model: type[SQLModel], count: int) -> list[int]:
    """Take as many ids of a table as are wanted; on SQLite nobody else writes meanwhile."""
    if not count:
        return []
    if on_sqlite(session):
        ((highest,),) = fetch(session, _highest(str(model.__tablename__)))
        return list(range((highest or 0) + 1, (highest or 0) + 1 + count))
    sequence = text(
        "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)"
    )
    found = session.execute(sequence, {"name": model.__tablename__, "count": count})
    return list(found.scalars())


@cache
def _highest(table: str) -> Plain:
    return plain(f"SELECT max(id) FROM {table}")  # noqa: S608  a table of ours
