"""Claim the next mails for a worker, and give back what it has not started."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import update
from sqlmodel import Session, col

from feedsvc.domain.tables.ledger import Lane, Mail, MailState
from feedsvc.gateways.database import execute, fetch, on_sqlite, plain
from feedsvc.records.snapshots import COLUMNS, Kept
from feedsvc.records.told import IN_IDS, STOPPED, told


class Claim(NamedTuple):
    """A mail that is this worker's to send; one that is `alone` was in doubt after a crash."""

    mail_id: int
    digest_id: int
    domain_tag: bytes
    alone: bool
    address_index: bytes | None
    due_at: Any
    kept: Kept


class Place(NamedTuple):
    """Where in the queue a claim has come to; the next goes on from there.

    Without it PostgreSQL would walk over all that has left the queue, again at every claim.
    """

    due_at: Any
    mail_id: int


FIRST = Place(datetime(1970, 1, 1, tzinfo=UTC), 0)

_NEXT = """
    SELECT mail.id, digest_id, mail.domain_tag, alone, address_index, due_at, %(kept)s
    FROM mail
    JOIN signer ON signer.id = mail.signer_id
    LEFT JOIN snapshot ON mail_id = mail.id
    WHERE lane = :lane AND worker_id IS NULL
        AND due_at <= :now AND (due_at, mail.id) > (:due_at, :mail_id) %(open)s
    ORDER BY due_at, mail.id LIMIT :limit %(locked)s
"""
_NOT_SHUT = (
    "AND hex(mail.domain_tag) NOT IN (SELECT value FROM json_each(:shut))",
    "AND mail.domain_tag <> ALL(:shut)",
)
_LOCKED = ("", "FOR UPDATE OF mail SKIP LOCKED")
_KEPT = (COLUMNS, COLUMNS)
_ANY = plain(_NEXT, kept=_KEPT, open=("", ""), locked=_LOCKED)
_OPEN = plain(_NEXT, kept=_KEPT, open=_NOT_SHUT, locked=_LOCKED)
_LIVING = plain(
    "SELECT 1 FROM worker WHERE id = :worker AND ended_at IS NULL %(locked)s",
    locked=("", "FOR SHARE"),
)
_MINE = plain("UPDATE mail SET worker_id = :worker WHERE id %(in_ids)s", in_ids=IN_IDS)


def claim(
    session: Session,
    worker_id: int,
    lane: Lane,
    *,
    limit: int,
    now: datetime,
    after: Place = FIRST,
    shut: Collection[bytes] = (),
) -> list[Claim]:
    """Claim the next mails of a lane that are due, but none to a group of domains that is `shut`.

    A worker that was taken for dead gets nothing.
    """
    if not fetch(session, _LIVING, worker=worker_id):
        return []
    asked = {"lane": lane.value, "now": now, "limit": limit, **after._asdict()}
    if shut:
        asked["shut"] = _told_tags(session, shut)
    rows = fetch(session, _OPEN if shut else _ANY, **asked)
    claims = [Claim._make((*row[:6], Kept._make(row[6:]))) for row in rows]
    if claims:
        ids = told(session, [one.mail_id for one in claims])
        execute(session, _MINE, ids=ids, worker=worker_id)
    return claims


def _told_tags(session: Session, tags: Collection[bytes]) -> list[bytes] | str:
    if not on_sqlite(session):
        return list(tags)
    return orjson.dumps([tag.hex().upper() for tag in tags]).decode()


_DUE = """
    SELECT 1 FROM mail
    WHERE lane = :lane AND worker_id IS NULL AND due_at <= :now %(open)s LIMIT 1
"""
_DUE_ANY = plain(_DUE, open=("", ""))
_DUE_OPEN = plain(_DUE, open=_NOT_SHUT)
_FIT = plain(
    """
    SELECT id FROM mail
    WHERE id %(in_ids)s AND worker_id = :worker AND due_at IS NOT NULL
        AND digest_id NOT IN (%(stopped)s)
    """,
    in_ids=IN_IDS,
    stopped=(STOPPED, STOPPED),
)


def due(session: Session, lane: Lane, now: datetime, shut: Collection[bytes] = ()) -> bool:
    """Look whether anything could be claimed: a look costs a read, a claim a write."""
    asked: dict[str, Any] = {"lane": lane.value, "now": now}
    if shut:
        asked["shut"] = _told_tags(session, shut)
    return bool(fetch(session, _DUE_OPEN if shut else _DUE_ANY, **asked))


def fit(session: Session, worker_id: int, mail_ids: Sequence[int]) -> set[int]:
    """Return which claimed mails may still be sent, as far as their mailings go."""
    rows = fetch(session, _FIT, ids=told(session, mail_ids), worker=worker_id)
    return {mail_id for (mail_id,) in rows}


def release(session: Session, worker_id: int, lane: Lane, *, kept: Collection[int] = ()) -> None:
    """Give back what a worker has claimed of a lane and not started, but for what it knows of."""
    session.execute(
        update(Mail)
        .where(col(Mail.worker_id) == worker_id, col(Mail.state) != MailState.SENDING)
        .where(col(Mail.lane) == lane, col(Mail.id).not_in(kept))
        .values(worker_id=None),
        execution_options={"synchronize_session": False},
    )
