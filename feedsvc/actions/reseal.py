"""Seal rows anew: what was read is put in its place again, if nobody has changed it meanwhile."""

from collections.abc import Sequence

from sqlmodel import Session

from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.gateways.database import execute_many
from feedsvc.records.sealed import Place, Row


def resealed(place: Place, keys: Keys, rows: Sequence[Row]) -> list[Row]:
    """Seal the values of rows with the newest key; what does not open stays as it is."""
    numbers, *columns = zip(*rows, strict=True)
    renewed = [
        _column(column, keys, kind)
        for column, (_, kind) in zip(columns, place.columns, strict=True)
    ]
    return list(zip(numbers, *renewed, strict=True))


def _column(column: Sequence[bytes | None], keys: Keys, kind: Sealed) -> list[bytes | None]:
    there = [bytes(value) for value in column if value is not None]
    renewed = iter(keys.reseal(there, kind))
    return [None if value is None else next(renewed) or value for value in column]


def reseal(session: Session, place: Place, old: Sequence[Row], new: Sequence[Row]) -> int:
    """Put `new` rows in the place of the `old`; return how many still stood as they were read."""
    names = [name for name, _ in place.columns]
    values = [
        {"number": was[0]}
        | {f"old_{name}": value for name, value in zip(names, was[1:], strict=True)}
        | {f"new_{name}": value for name, value in zip(names, becomes[1:], strict=True)}
        for was, becomes in zip(old, new, strict=True)
    ]
    return execute_many(session, place.update, values)
