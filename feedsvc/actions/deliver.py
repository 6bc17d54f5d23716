"""Deliver mails: claim a few, mark each as sending before it starts, and mark what became of it.

A claim carries the worker's id (its epoch), connection and position. Marks change a row only while
the claim stands, so a worker that was stopped past its end changes nothing when it wakes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy
from sqlalchemy import bindparam, or_, update
from sqlmodel import Session, col, select

from feedsvc.domain.outcome import AGE_LIMIT, Fault, Kind, Outcome, retry_delay
from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.ledger import (
    NOT_STARTED,
    Delivery,
    DigestEntry,
    Lane,
    Mail,
    MailState,
    Notice,
    Snapshot,
    Withheld,
    Worker,
)
from feedsvc.domain.tables.people import Reach, Signer, Subscription, Suppression
from feedsvc.gateways.database import journalled
from feedsvc.records import due

CRASHES_ALONE = 3
REQUEUE = timedelta(seconds=30)
QUARANTINED = "quarantined"
EXPIRED = "expired"


_MAIL = Mail.__table__  # type: ignore[attr-defined]  # SQLModel hides the table
_MINE = (_MAIL.c.id.in_(bindparam("ids", expanding=True)), _MAIL.c.worker_id == bindparam("worker"))

# Built once: every mail passes through these, and building costs more than running.
_NEXT = (
    sqlalchemy.select(
        _MAIL.c.id,
        _MAIL.c.digest_id,
        col(Snapshot.sealed),
        _MAIL.c.alone,
        col(Signer.address_index),
    )
    .join(Signer, col(Signer.id) == _MAIL.c.signer_id)
    .join(Snapshot, col(Snapshot.mail_id) == _MAIL.c.id, isouter=True)
    .where(_MAIL.c.due_at <= bindparam("now"), _MAIL.c.worker_id.is_(None))
    .order_by(_MAIL.c.lane, _MAIL.c.due_at, _MAIL.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, of=_MAIL)
)
_CLAIM = (
    _MAIL.update()
    .where(_MAIL.c.id == bindparam("mail"))
    .values(
        worker_id=bindparam("worker"), connection=bindparam("number"), position=bindparam("place")
    )
)
_SENT = (
    _MAIL.update()
    .where(*_MINE, _MAIL.c.state == MailState.SENDING)
    .values(
        state=MailState.SENT,
        changed_at=bindparam("now"),
        attempts=_MAIL.c.attempts + 1,
        worker_id=None,
        due_at=None,
        reason=None,
        reply=None,
    )
    .returning(_MAIL.c.id)
)
_SUPPRESSED = (
    sqlalchemy.select(col(Suppression.id))
    .join(Signer, col(Signer.address_index) == Suppression.address_index)
    .where(col(Signer.id) == _MAIL.c.signer_id, col(Suppression.lifted_at).is_(None))
    .correlate(_MAIL)
    .exists()
)
_UNWANTED = (
    sqlalchemy.select(col(Subscription.id))
    .join(Delivery, col(Delivery.subscription_id) == Subscription.id)
    .where(col(Delivery.mail_id) == _MAIL.c.id)
    .where(
        or_(col(Subscription.ended_at).is_not(None), col(Subscription.paused_until).is_not(None))
    )
    .correlate(_MAIL)
    .exists()
)
_START = (
    _MAIL.update()
    .where(*_MINE, _MAIL.c.due_at.is_not(None), _MAIL.c.state != MailState.SENDING)
    .where(~_SUPPRESSED, ~_UNWANTED)
    .values(state=MailState.SENDING, changed_at=bindparam("now"))
    .returning(_MAIL.c.id)
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that is this worker's to send."""

    mail_id: int
    digest_id: int
    sealed: bytes
    address_index: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a mail. `reply` holds no address; `jitter` (-1 to 1) spreads what is deferred.

    `reason` says why it is refused, where that is neither simply theirs nor ours; `journal` is the
    line that a restore reads when it was sent.
    """

    mail_id: int
    outcome: Outcome
    reply: str
    jitter: float = 0.0
    reason: str = ""
    journal: str = ""


def claim(
    session: Session, worker_id: int, connection: int, *, limit: int, now: datetime
) -> list[Claim]:
    """Claim the next mails for one connection, service mails first; one in doubt comes alone.

    What this connection had claimed and never heard of is freed first. A worker that was taken for
    dead gets nothing.
    """
    living = select(Worker.id).where(Worker.id == worker_id, col(Worker.ended_at).is_(None))
    if session.exec(living.with_for_update(read=True)).first() is None:
        return []
    release(session, worker_id, connection)
    rows = session.execute(_NEXT, {"now": now, "limit": limit}).all()
    chosen = rows[:1] if rows and rows[0].alone else [row for row in rows if not row.alone]
    if chosen:
        places = [
            {"mail": row.id, "worker": worker_id, "number": connection, "place": place}
            for place, row in enumerate(chosen)
        ]
        session.connection().execute(_CLAIM, places)
    return [
        Claim(row.id, row.digest_id, row.sealed or b"", row.address_index or b"") for row in chosen
    ]


def mark(
    session: Session,
    worker_id: int,
    done: Sequence[Mark],
    starting: Sequence[int],
    *,
    unknown_wait: timedelta,
    now: datetime,
) -> set[int]:
    """Mark what became of some mails and that others start, in one commit.

    Returns which of `starting` may start: someone may have left since they were claimed.
    """
    sent = {one.mail_id: one for one in done if one.outcome.kind is Kind.SENT}
    if sent:
        _send_off(session, worker_id, sent, now)
    for one in done:
        if one.mail_id not in sent:
            _finish(session, worker_id, one, unknown_wait, now)
    return _start(session, worker_id, starting, now) if starting else set()


def release(session: Session, worker_id: int, connection: int) -> None:
    """Give back what a connection has claimed and not started."""
    session.execute(
        update(Mail)
        .where(col(Mail.worker_id) == worker_id, col(Mail.connection) == connection)
        .where(col(Mail.state) != MailState.SENDING)
        .values(worker_id=None)
    )


def enlist(session: Session, *, now: datetime) -> int:
    """Begin a worker; its id is the epoch of its claims."""
    worker = Worker(started_at=now, seen_at=now)
    session.add(worker)
    session.flush()
    return worker.id or 0


def seen(session: Session, worker_id: int, *, now: datetime) -> bool:
    """Say that a worker lives; False: it was taken for dead and must begin again."""
    worker = session.get(Worker, worker_id)
    if worker is None or worker.ended_at is not None:
        return False
    worker.seen_at = now
    return True


def take_over(session: Session, dead: int, *, now: datetime) -> int:
    """Free what a dead worker held; return how many mails it leaves in doubt.

    Only a mail that was marked as sending is in doubt: at most one per connection. It is tried
    again at once, alone; after three crashes while alone it is put aside.
    """
    worker = session.get(Worker, dead, with_for_update=True)
    if worker is None or worker.ended_at is not None:
        return 0
    worker.ended_at = now
    sending = select(Mail).where(Mail.worker_id == dead, Mail.state == MailState.SENDING)
    doubtful = session.exec(sending.with_for_update()).all()
    for mail in doubtful:
        _doubt(mail, now)
    session.flush()
    session.execute(update(Mail).where(col(Mail.worker_id) == dead).values(worker_id=None))
    return len(doubtful)


def _doubt(mail: Mail, now: datetime) -> None:
    mail.crashes += 1 if mail.alone else 0
    mail.alone, mail.worker_id, mail.changed_at = True, None, now
    if mail.crashes < CRASHES_ALONE:
        mail.state = MailState.QUEUED  # due since it was claimed, so it comes before the others
    else:
        mail.state, mail.due_at = MailState.REFUSED, None
        mail.reason, mail.reply = Fault.OURS, QUARANTINED


def _send_off(session: Session, worker_id: int, sent: Mapping[int, Mark], now: datetime) -> None:
    """Mark mails as sent, all at once; a stale mark changes nothing and journals nothing."""
    asked = {"ids": list(sent), "worker": worker_id, "now": now}
    for mail_id in session.connection().execute(_SENT, asked).scalars():
        if sent[mail_id].journal:
            journalled(session, f"{now.isoformat()} sent {sent[mail_id].journal}")


def _finish(
    session: Session, worker_id: int, done: Mark, unknown_wait: timedelta, now: datetime
) -> None:
    mail = session.exec(
        select(Mail)
        .where(Mail.id == done.mail_id, Mail.worker_id == worker_id)
        .where(Mail.state == MailState.SENDING)
        .with_for_update()
    ).first()
    if mail is None:
        return  # another worker has it: ours is a stale mark
    mail.worker_id, mail.changed_at, mail.reply = None, now, done.reply or None
    mail.attempts += done.outcome.counts_attempt
    _become(mail, done, unknown_wait, now)
    if mail.state in NOT_STARTED and now - mail.planned_at > AGE_LIMIT:
        mail.state, mail.due_at, mail.reason = MailState.REFUSED, None, EXPIRED


def _become(mail: Mail, done: Mark, unknown_wait: timedelta, now: datetime) -> None:
    mail.due_at, mail.reason = None, None
    match done.outcome.kind:
        case Kind.REQUEUE | Kind.RELAY_TROUBLE if mail.retried:
            mail.state, mail.due_at = MailState.UNKNOWN, now + _pause(done.outcome)
        case _ if mail.retried:
            mail.state = MailState.UNKNOWN  # somebody may have it since the first time
        case Kind.DEFERRED:
            _defer(mail, done.jitter, now)
        case Kind.REFUSED | Kind.HELD:
            mail.state = MailState.REFUSED
            mail.reason = done.reason or done.outcome.fault or Fault.OURS
        case Kind.UNKNOWN:
            mail.state = MailState.UNKNOWN
            mail.due_at, mail.retried = now + unknown_wait, True
        case _:
            mail.state, mail.due_at = MailState.QUEUED, now + _pause(done.outcome)


def _defer(mail: Mail, jitter: float, now: datetime) -> None:
    delay = retry_delay(mail.attempts, jitter)
    if delay is None:
        mail.state, mail.reason = MailState.REFUSED, EXPIRED
    else:
        mail.state, mail.due_at = MailState.DEFERRED, now + delay


def _pause(outcome: Outcome) -> timedelta:
    """Hold a mail back that met trouble of ours; one that was never touched goes on at once."""
    return REQUEUE if outcome.kind is Kind.REQUEUE and outcome.fault else timedelta()


def _start(session: Session, worker_id: int, ids: Sequence[int], now: datetime) -> set[int]:
    """Mark mails as sending; from the commit of this mark on they have started."""
    asked = {"ids": ids, "worker": worker_id, "now": now}
    started = set(session.connection().execute(_START, asked).scalars())
    for mail_id in ids:
        if mail_id not in started and _start_again(session, worker_id, mail_id, now):
            started.add(mail_id)
    return started


def _start_again(session: Session, worker_id: int, mail_id: int, now: datetime) -> bool:
    """Look closely at a mail that something speaks against.

    One that is marked already was marked by this worker, which did not hear of the commit.
    """
    claimed = select(Mail).where(Mail.id == mail_id, Mail.worker_id == worker_id)
    mail = session.exec(claimed.with_for_update()).first()
    if mail is None or (mail.state is not MailState.SENDING and _stopped(session, mail, now)):
        return False
    mail.state, mail.changed_at = MailState.SENDING, now
    return True


def _stopped(session: Session, mail: Mail, now: datetime) -> bool:
    """Ask again, in the commit that starts the mail, whether it may be sent at all."""
    if _suppressed(session, mail):
        due.withdraw_mail(session, mail, Withheld.SUPPRESSED)
        return True
    changed = session.exec(
        select(Subscription.id, Subscription.ending)
        .join(Delivery, col(Delivery.subscription_id) == Subscription.id)
        .where(Delivery.mail_id == mail.id)
        .where(or_(col(Subscription.ended_at).is_not(None), ~due.not_paused(now)))
    ).all()
    for subscription_id, ending in changed:
        if ending is None:
            due.put_back(session, [subscription_id or 0])
        else:
            due.withhold(session, [subscription_id or 0], Withheld(ending))
    if changed:
        session.refresh(mail)
    return mail.due_at is None


def _suppressed(session: Session, mail: Mail) -> bool:
    reaches = [Reach.ALL] if mail.lane is Lane.SERVICE else [Reach.ALL, Reach.BULK]
    open_one = (
        select(Suppression.id)
        .join(Signer, col(Signer.address_index) == Suppression.address_index)
        .where(Signer.id == mail.signer_id, col(Suppression.lifted_at).is_(None))
        .where(col(Suppression.reach).in_(reaches))
    )
    return session.exec(open_one.limit(1)).first() is not None


def notices_of(session: Session, digest_id: int) -> str:
    """Name the notices of a digest as the journal does: they are the same in a restored backup."""
    notices = session.exec(
        select(Update.uid, Notice.kind, Notice.number)
        .join(Notice, col(Notice.update_id) == Update.id)
        .join(DigestEntry, col(DigestEntry.notice_id) == Notice.id)
        .where(DigestEntry.digest_id == digest_id)
        .order_by(col(DigestEntry.position))
    ).all()
    return ",".join(f"{uid}/{kind}/{number}" for uid, kind, number in notices)
