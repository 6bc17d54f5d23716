"""Tidy up: what need not be kept is not kept (TRUST 4, retention)."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Mail, MailState
from feedsvc.domain.tables.staff import Answer

ANSWERS = timedelta(days=30)
SNAPSHOTS = timedelta(days=30)
AT_ONCE = 2_000
FINISHED = (MailState.SENT, MailState.REFUSED, MailState.UNKNOWN, MailState.CANCELLED)


def tidy(session: Session, *, now: datetime) -> bool:
    """Forget old answers, and addresses in finished mails; return whether there may be more."""
    session.execute(delete(Answer).where(col(Answer.created_at) < now - ANSWERS))
    return _wipe_snapshots(session, now - SNAPSHOTS) == AT_ONCE


def _wipe_snapshots(session: Session, before: datetime) -> int:
    """Wipe the oldest, by their index: whoever waits for the writer waits for one chunk only."""
    old = (
        select(Mail.id)
        .where(col(Mail.state).in_(FINISHED), col(Mail.due_at).is_(None))
        .where(col(Mail.changed_at) < before, col(Mail.sealed).is_not(None))
        .order_by(col(Mail.changed_at))
        .limit(AT_ONCE)
    )
    ids = session.exec(old).all()
    session.execute(
        update(Mail).where(col(Mail.id).in_(ids)).values(sealed=None),
        execution_options={"synchronize_session": False},
    )
    return len(ids)
