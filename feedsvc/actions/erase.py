"""Erase a person: the rows stay and add up, and one keyed hash keeps the address from being used again."""

from datetime import datetime

from sqlmodel import Session, select

from feedsvc.domain.tables.people import Signer
from feedsvc.gateways.database import journalled
from feedsvc.records import audit, erasing, facts

THEMSELVES = "the person"


def erase(session: Session, signer_id: int, *, by: str = THEMSELVES, now: datetime) -> None:
    """Erase a signer and everything about them. Erasing twice changes nothing."""
    signer = session.get(Signer, signer_id, with_for_update=True)
    if signer is None or signer.erased_at is not None:
        return
    index = signer.address_index
    erasing.person(session, signer, now)
    if index is not None:
        _erase_address(session, index, now)
    audit.note(session, by, "erase", f"signer {signer_id}", now)
    facts.owe_a_wipe(session)


def erase_address(session: Session, index: bytes, *, by: str, now: datetime) -> int | None:
    """Erase whoever has an address; return their number, or None when nobody had it.

    The address is not written to again in either case.
    """
    known = select(Signer).where(Signer.address_index == index).with_for_update()
    signer = session.exec(known).first()
    if signer is not None:
        erasing.person(session, signer, now)
    _erase_address(session, index, now)
    audit.note(session, by, "erase", f"signer {signer.id}" if signer else "nobody on record", now)
    facts.owe_a_wipe(session)
    return signer.id if signer else None


def _erase_address(session: Session, index: bytes, now: datetime) -> None:
    erasing.address(session, index, now)
    journalled(session, f"{now.isoformat()} erased {index.hex()}")
