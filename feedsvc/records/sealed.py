"""Every column that holds something sealed, and which of its rows are under another key than the newest."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Table, text
from sqlmodel import Session

from feedsvc.domain.sealing import Sealed
from feedsvc.domain.tables import metadata
from feedsvc.gateways.database import Plain, plain

SUFFIX = "sealed"
KINDS = {
    "address_sealed": Sealed.ADDRESS,
    "name_sealed": Sealed.NAME,
    "language_sealed": Sealed.LANGUAGE,
    "zone_sealed": Sealed.ZONE,
    "callback_sealed": Sealed.CALLBACK,
    "secret_sealed": Sealed.SIGNING,
    "snapshot.sealed": Sealed.MAIL,
    "intake.sealed": Sealed.INTAKE,
}

Row = Sequence[Any]
"""The number of a row, and its sealed values in the order of `Place.columns`."""


@dataclass(frozen=True)
class Place:
    """A table with something sealed in it: its name, its number, and what its columns hold."""

    table: str
    number: str
    columns: tuple[tuple[str, Sealed], ...]

    @property
    def update(self) -> Plain:
        """The statement that puts new values in the place of old ones, if those still stand."""
        names = [name for name, _ in self.columns]
        new = ", ".join(f"{name} = :new_{name}" for name in names)
        old = " AND ".join(f"{name} %(same)s :old_{name}" for name in names)
        same = ("IS", "IS NOT DISTINCT FROM")
        where = f"{self.number} = :number AND {old}"
        return plain(f"UPDATE {self.table} SET {new} WHERE {where}", same=same)  # noqa: S608  names of ours


@cache
def places() -> tuple[Place, ...]:
    """Find them in the tables, so that none is forgotten; raises KeyError for one of no known kind."""
    found = [_place(table) for table in metadata.sorted_tables]
    return tuple(place for place in found if place.columns)


def _place(table: Table) -> Place:
    names = [column.name for column in table.columns if column.name.endswith(SUFFIX)]
    (number, *_) = [column.name for column in table.primary_key]
    kinds = tuple(
        (name, KINDS[f"{table.name}.{name}" if name == SUFFIX else name]) for name in names
    )
    return Place(table.name, number, kinds)


def older(session: Session, place: Place, key: int, *, after: int, limit: int) -> Sequence[Row]:
    """Return the next rows after `after` in which something is sealed with another key than `key`."""
    names = ", ".join((place.number, *(name for name, _ in place.columns)))
    asked = f"SELECT {names} FROM {place.table} WHERE {place.number} > :after AND ({_old(place)})"  # noqa: S608  names of ours
    ordered = text(f"{asked} ORDER BY {place.number} LIMIT :limit")
    return session.execute(
        ordered, {"after": after, "limit": limit, "mark": bytes([key])}
    ).fetchall()


def count_older(session: Session, key: int) -> int:
    """Count the rows in which something is sealed with another key than `key`."""
    mark = {"mark": bytes([key])}
    counts = (f"SELECT count(*) FROM {place.table} WHERE {_old(place)}" for place in places())  # noqa: S608  names of ours
    return sum(int(session.execute(text(count), mark).scalar_one()) for count in counts)


def _old(place: Place) -> str:
    return " OR ".join(f"substr({name}, 1, 1) <> :mark" for name, _ in place.columns)
