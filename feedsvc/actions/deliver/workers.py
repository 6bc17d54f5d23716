"""Workers begin, live, and are taken over when they have died."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from feedsvc.domain.outcome import Fault
from feedsvc.domain.tables.ledger import Mail, MailState, Snapshot, Worker

CRASHES_ALONE = 3
QUARANTINED = "quarantined"


def enlist(session: Session, *, now: datetime) -> int:
    """Begin a worker; its id is the epoch of its claims."""
    worker = Worker(started_at=now, seen_at=now)
    session.add(worker)
    session.flush()
    return worker.id or 0


def seen(session: Session, worker_id: int, *, now: datetime, problem: str = "") -> bool:
    """Say that a worker lives, and what keeps it from sending.

    False: it was taken for dead and must begin again.
    """
    worker = session.get(Worker, worker_id)
    if worker is None or worker.ended_at is not None:
        return False
    worker.seen_at, worker.problem = now, problem or None
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
        if session.get(Snapshot, mail.id) is None:  # of somebody erased meanwhile
            mail.state, mail.due_at = MailState.UNKNOWN, None
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
