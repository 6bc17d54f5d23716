"""Tidy up: what need not be kept is not kept (TRUST 4, retention)."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Mail, MailState
from feedsvc.domain.tables.people import Ending, Subscription
from feedsvc.domain.tables.staff import Answer

ANSWERS = timedelta(days=30)
SNAPSHOTS = timedelta(days=30)
UNCONFIRMED = timedelta(days=7)
AT_ONCE = 5_000
FINISHED = (MailState.SENT, MailState.REFUSED, MailState.UNKNOWN, MailState.CANCELLED)


def tidy(session: Session, *, now: datetime) -> None:
    """Forget old answers, addresses in finished mails, and wishes that were never confirmed."""
    session.execute(delete(Answer).where(col(Answer.created_at) < now - ANSWERS))
    _wipe_snapshots(session, now - SNAPSHOTS)
    _expire(session, now - UNCONFIRMED, now)


def _wipe_snapshots(session: Session, before: datetime) -> None:
    old = (
        select(Mail.id)
        .where(col(Mail.state).in_(FINISHED), col(Mail.due_at).is_(None))
        .where(col(Mail.changed_at) < before, col(Mail.sealed).is_not(None))
        .limit(AT_ONCE)
    )
    session.execute(update(Mail).where(col(Mail.id).in_(old)).values(sealed=None))


def _expire(session: Session, before: datetime, now: datetime) -> None:
    stale = (
        select(Subscription)
        .where(col(Subscription.confirmed_at).is_(None), col(Subscription.ended_at).is_(None))
        .where(col(Subscription.created_at) < before)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)  # one that is confirmed at this moment stays
    )
    for subscription in session.exec(stale).all():
        subscription.end(Ending.EXPIRED, 0, now)
