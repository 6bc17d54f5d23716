"""Keep mails from being planned, for a change that must not be passed by unseen."""

from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Slot
from feedsvc.records import due
from feedsvc.records.locks import hold


def pause(session: Session) -> None:
    """Let nobody plan mails until the end of the transaction; who plans now has planned before.

    A plan reads a person without a lock: on PostgreSQL it could write what they were a moment ago.
    """
    hold(session, due.TURN)
    session.exec(select(Slot.id).where(col(Slot.planned_at).is_(None)).with_for_update()).all()
