"""What an address asked not to be sent."""

from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.tables.people import Reach, Suppression


def never(session: Session, address_index: bytes) -> bool:
    """Whether whoever has this address asked never to be written to."""
    asked = select(Suppression.id).where(
        Suppression.address_index == address_index,
        Suppression.reach == Reach.ALL,
        col(Suppression.lifted_at).is_(None),
    )
    return session.exec(asked).first() is not None


def suppressed(session: Session, address_index: bytes) -> bool:
    """Whether updates are not sent to this address, for whatever reason."""
    stopped = select(Suppression.id).where(
        Suppression.address_index == address_index, col(Suppression.lifted_at).is_(None)
    )
    return session.exec(stopped.limit(1)).first() is not None


def lift(session: Session, address_index: bytes, now: datetime) -> None:
    """Write again to an address that bounced or complained: its person has just answered."""
    stopped = select(Suppression).where(
        Suppression.address_index == address_index,
        Suppression.reach == Reach.BULK,
        col(Suppression.lifted_at).is_(None),
    )
    for suppression in session.exec(stopped).all():
        suppression.lifted_at = now
