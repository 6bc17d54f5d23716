"""Tidy up: what need not be kept is not kept (TRUST 4, retention)."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Mail, MailState, Snapshot
from feedsvc.domain.tables.staff import Answer

ANSWERS = timedelta(days=30)
SNAPSHOTS = timedelta(days=30)
AT_ONCE = 1_000
FINISHED = (MailState.SENT, MailState.REFUSED, MailState.UNKNOWN, MailState.CANCELLED)


def tidy(session: Session, *, now: datetime) -> bool:
    """Forget old answers, and addresses in finished mails; return whether there may be more."""
    session.execute(delete(Answer).where(col(Answer.created_at) < now - ANSWERS))
    return _wipe_snapshots(session, now - SNAPSHOTS) == AT_ONCE


def _wipe_snapshots(session: Session, before: datetime) -> int:
    """Wipe what is old among the oldest: whoever waits for the writer waits for one chunk only.

    No mail is tried for as long as a snapshot is kept, so the oldest are never all in use.
    """
    oldest = select(Snapshot.mail_id).order_by(col(Snapshot.mail_id)).limit(AT_ONCE)
    old = (
        select(Mail.id)
        .where(col(Mail.id).in_(oldest), col(Mail.changed_at) < before)
        .where(col(Mail.state).in_(FINISHED), col(Mail.due_at).is_(None))
    )
    ids = session.exec(old).all()
    session.execute(delete(Snapshot).where(col(Snapshot.mail_id).in_(ids)))
    return len(ids)
