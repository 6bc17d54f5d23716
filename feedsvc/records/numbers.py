"""Numbers for rows that are stored in bulk and spoken of by others in the same transaction."""

from sqlalchemy import func, text
from sqlmodel import Session, SQLModel, select

from feedsvc.gateways.database import on_sqlite


def numbers(session: Session, model: type[SQLModel], count: int) -> list[int]:
    """Take as many ids of a table as are wanted; on SQLite nobody else writes meanwhile."""
    if not count:
        return []
    if on_sqlite(session):
        highest = session.exec(select(func.max(model.id))).one() or 0  # type: ignore[attr-defined]  # all tables have one
        return list(range(highest + 1, highest + 1 + count))
    sequence = text(
        "SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)"
    )
    found = session.execute(sequence, {"name": model.__tablename__, "count": count})
    return list(found.scalars())
