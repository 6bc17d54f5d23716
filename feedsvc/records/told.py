"""How each database is told of many numbers in one statement."""

from collections.abc import Sequence

import orjson
from sqlmodel import Session

from feedsvc.gateways.database import on_sqlite

IN_IDS = ("IN (SELECT value FROM json_each(:ids))", "= ANY(:ids)")

STOPPED = """
    SELECT digest_id FROM notice CROSS JOIN digest_entry
    WHERE notice.id = notice_id AND (paused_at IS NOT NULL OR cancelled IS NOT NULL)
"""
"""The digests that carry a mailing which is stopped; in this order of tables SQLite goes by index."""


def told(session: Session, ids: Sequence[int]) -> Sequence[int] | str:
    """Return the value of `ids` for a statement with IN_IDS in it."""
    return orjson.dumps(ids).decode() if on_sqlite(session) else list(ids)
