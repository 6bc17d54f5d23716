"""Erase a person: the rows stay and add up, and one keyed hash keeps the address from being used again."""

from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.tables.people import Reach, Signer, Suppression
from feedsvc.gateways.database import journalled
from feedsvc.records import audit, changes, erasing, facts

THEMSELVES = "the person"


def erase(session: Session, signer_id: int, *, by: str = THEMSELVES, now: datetime) -> None:
    """Erase a signer and everything about them. Erasing twice changes nothing."""
    signer = session.get(Signer, signer_id, with_for_update=True)
    if signer is None or signer.erased_at is not None:
        return
    indexes = changes.addresses(session, signer)
    erasing.person(session, signer, now)
    for index in indexes:
        _erase_address(session, index, now)
    audit.note(session, by, "erase", f"signer {signer_id}", now)
    facts.owe_a_wipe(session)


def erase_address(session: Session, index: bytes, *, by: str, now: datetime) -> int | None:
    """Erase whoever has an address; return their number, or None when nobody had it.

    The address is not written to again in either case.
    """
    known = select(Signer).where(Signer.address_index == index).with_for_update()
    signer = session.exec(known).first()
    indexes = [index] if signer is None else changes.addresses(session, signer)
    if signer is not None:
        erasing.person(session, signer, now)
    for each in indexes:
        _erase_address(session, each, now)
    audit.note(session, by, "erase", f"signer {signer.id}" if signer else "nobody on record", now)
    facts.owe_a_wipe(session)
    return signer.id if signer else None


def lift(session: Session, index: bytes, *, by: str, now: datetime) -> bool:
    """Let an address be written to again, whose person asked for that; return whether it was barred."""
    barred = select(Suppression).where(
        Suppression.address_index == index,
        Suppression.reach == Reach.ALL,
        col(Suppression.lifted_at).is_(None),
    )
    suppression = session.exec(barred.with_for_update()).first()
    if suppression is None:
        return False
    suppression.lifted_at = now
    journalled(session, f"{now.isoformat()} lifted {index.hex()}")
    audit.note(session, by, "lift", f"suppression {suppression.id}", now)
    return True


def _erase_address(session: Session, index: bytes, now: datetime) -> None:
    erasing.address(session, index, now)
    journalled(session, f"{now.isoformat()} erased {index.hex()}")
