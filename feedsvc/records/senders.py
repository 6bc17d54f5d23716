"""What the senders say of themselves, for those who look from another process."""

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Lane, Mail, Worker

SILENT: Final = timedelta(minutes=1)
"""A sender that lives says so every five seconds."""


def trouble(session: Session, now: datetime) -> str | None:
    """Return what keeps mail waiting, as of the last heartbeats; None: all is well.

    Either a sender that lives cannot send, or mail is due and no sender lives.
    """
    living = select(Worker.problem).where(
        col(Worker.ended_at).is_(None), Worker.seen_at > now - SILENT
    )
    problems = session.exec(living.order_by(col(Worker.seen_at).desc())).all()
    if not problems:
        return _nobody(session, now)
    told = next(filter(None, problems), None)
    return told and f"the sender is in trouble, and tries again by itself: {told}"


def _nobody(session: Session, now: datetime) -> str | None:
    """Say that nobody sends what is due, if something is; the dead may have claimed it."""
    unclaimed = (col(Mail.due_at).is_not(None), col(Mail.worker_id).is_(None))
    waiting = [
        *((Mail.lane == lane, *unclaimed, col(Mail.due_at) < now - SILENT) for lane in Lane),
        (col(Mail.worker_id).is_not(None), col(Mail.due_at) < now - SILENT),
    ]
    if not any(session.exec(select(Mail.id).where(*these).limit(1)).first() for these in waiting):
        return None
    return "no sender runs, and mail is due; start `feedsvc serve`, or look at its log"
