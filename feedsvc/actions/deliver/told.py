"""How each database is told of many numbers in one statement."""

from collections.abc import Sequence

import orjson
from sqlmodel import Session

from feedsvc.gateways.database import on_sqlite

IN_IDS = ("IN (SELECT value FROM json_each(:ids))", "= ANY(:ids)")


def told(session: Session, ids: Sequence[int]) -> Sequence[int] | str:
    """Return the value of `ids` for a statement with IN_IDS in it."""
    return orjson.dumps(ids).decode() if on_sqlite(session) else list(ids)
