"""Deliver mails: claim a few, mark each as sending before it starts, and mark what became of it.

A claim carries the worker's id (its epoch), connection and position. Marks change a row only while
the claim stands, so a worker that was stopped past its end changes nothing when it wakes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from feedsvc.domain.outcome import AGE_LIMIT, Fault, Kind, Outcome, retry_delay
from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.ledger import (
    NOT_STARTED,
    Delivery,
    DigestEntry,
    Lane,
    Mail,
    MailKind,
    MailState,
    Notice,
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


@dataclass(frozen=True, slots=True)
class Claim:
    """A mail that is this worker's to send."""

    mail_id: int
    digest_id: int
    sealed: bytes
    attempts: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a mail. `reply` holds no address; `jitter` (-1 to 1) spreads what is deferred.

    `reason` says why it is refused, where that is neither simply theirs nor ours.
    """

    mail_id: int
    outcome: Outcome
    reply: str
    jitter: float = 0.0
    reason: str = ""


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
    rows = session.exec(
        select(Mail)
        .where(col(Mail.due_at) <= now, col(Mail.worker_id).is_(None))
        .order_by(col(Mail.lane), col(Mail.due_at), col(Mail.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    chosen = rows[:1] if rows and rows[0].alone else [row for row in rows if not row.alone]
    for position, row in enumerate(chosen):
        row.worker_id, row.connection, row.position = worker_id, connection, position
    return [Claim(row.id or 0, row.digest_id, row.sealed or b"", row.attempts) for row in chosen]


def mark(
    session: Session,
    worker_id: int,
    done: Mark | None,
    next_id: int | None,
    *,
    unknown_wait: timedelta,
    now: datetime,
) -> bool:
    """Mark what became of one mail and that the next one starts, in one commit.

    Returns whether the next one may start: someone may have left since it was claimed.
    """
    if done is not None:
        _finish(session, worker_id, done, unknown_wait, now)
    return next_id is not None and _start(session, worker_id, next_id, now)


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
    if mail.state is MailState.SENT:
        _journal(session, mail, now)


def _become(mail: Mail, done: Mark, unknown_wait: timedelta, now: datetime) -> None:
    mail.due_at, mail.reason = None, None
    match done.outcome.kind:
        case Kind.SENT:
            mail.state = MailState.SENT
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


def _start(session: Session, worker_id: int, mail_id: int, now: datetime) -> bool:
    """Mark a mail as sending; from the commit of this mark on it has started.

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


def _journal(session: Session, mail: Mail, now: datetime) -> None:
    """Write down who has had what, by keyed hash, for a restore from an older backup."""
    if mail.kind is not MailKind.DIGEST:
        return
    address = session.exec(select(Signer.address_index).where(Signer.id == mail.signer_id)).first()
    notices = session.exec(
        select(Update.uid, Notice.kind, Notice.number)
        .join(Notice, col(Notice.update_id) == Update.id)
        .join(DigestEntry, col(DigestEntry.notice_id) == Notice.id)
        .where(DigestEntry.digest_id == mail.digest_id)
    ).all()
    named = ",".join(f"{uid}/{kind}/{number}" for uid, kind, number in notices)
    journalled(session, f"{now.isoformat()} sent {(address or b'').hex()} {named}")
