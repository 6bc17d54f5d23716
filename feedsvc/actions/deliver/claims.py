"""Claim the next mails for a worker, and give back what it has not started."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy
from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Lane, Mail, MailState, Snapshot, Worker
from feedsvc.domain.tables.people import Signer

_MAIL = Mail.__table__  # type: ignore[attr-defined]  # SQLModel hides the table


class Place(NamedTuple):
    """Where in the queue a claim has come to; the next goes on from there.

    Without it PostgreSQL would walk over all that has left the queue, again at every claim.
    """

    due_at: datetime
    mail_id: int


FIRST = Place(datetime(1970, 1, 1, tzinfo=UTC), 0)


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that is this worker's to send; one that is `alone` was in doubt after a crash."""

    mail_id: int
    digest_id: int
    domain_tag: bytes
    alone: bool
    sealed: bytes
    address_index: bytes
    place: Place


# Built once: every mail passes through this, and building costs more than running.
_NEXT = (
    sqlalchemy.select(
        _MAIL.c.id,
        _MAIL.c.digest_id,
        _MAIL.c.domain_tag,
        _MAIL.c.alone,
        _MAIL.c.due_at,
        col(Snapshot.sealed),
        col(Signer.address_index),
    )
    .join(Signer, col(Signer.id) == _MAIL.c.signer_id)
    .join(Snapshot, col(Snapshot.mail_id) == _MAIL.c.id, isouter=True)
    .where(_MAIL.c.lane == bindparam("lane"), _MAIL.c.worker_id.is_(None))
    .where(_MAIL.c.due_at <= bindparam("now"))
    .where(
        sqlalchemy.tuple_(_MAIL.c.due_at, _MAIL.c.id)
        > sqlalchemy.tuple_(bindparam("due_at", type_=_MAIL.c.due_at.type), bindparam("mail_id"))
    )
    .order_by(_MAIL.c.lane, _MAIL.c.due_at, _MAIL.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, of=_MAIL)
)


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
    living = select(Worker.id).where(Worker.id == worker_id, col(Worker.ended_at).is_(None))
    if session.exec(living.with_for_update(read=True)).first() is None:
        return []
    asked = {"lane": lane, "now": now, "limit": limit, **after._asdict()}
    query = _NEXT.where(_MAIL.c.domain_tag.not_in(shut)) if shut else _NEXT
    rows = session.connection().execute(query, asked).all()
    if rows:
        mine = _MAIL.c.id.in_([row.id for row in rows])
        session.connection().execute(_MAIL.update().where(mine).values(worker_id=worker_id))
    return [
        Claim(
            row.id,
            row.digest_id,
            row.domain_tag,
            row.alone,
            row.sealed or b"",
            row.address_index or b"",
            Place(row.due_at, row.id),
        )
        for row in rows
    ]


def release(session: Session, worker_id: int, *, kept: Collection[int] = ()) -> None:
    """Give back what a worker has claimed and not started, but for what it knows of (`kept`)."""
    session.execute(
        update(Mail)
        .where(col(Mail.worker_id) == worker_id, col(Mail.state) != MailState.SENDING)
        .where(col(Mail.id).not_in(kept))
        .values(worker_id=None),
        execution_options={"synchronize_session": False},
    )
