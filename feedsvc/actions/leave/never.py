"""Never again: everything stops, and the address is barred from whatever anybody does with it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from feedsvc.actions.leave.ending import leave
from feedsvc.domain.tables.doors import Confirmation
from feedsvc.domain.tables.ledger import Lane, Mail
from feedsvc.domain.tables.people import Reach, Signature, Signer, Suppression
from feedsvc.gateways.database import journalled
from feedsvc.records import changes, due, erasing, facts, wiping
from feedsvc.records.locks import insert


def never(session: Session, signer_id: int, *, now: datetime) -> bool:
    """Stop everything and never write to this address again: it did not ask, and nothing waits for it.

    Whether that is so from now on: an address of which nothing is left cannot be known again.
    """
    leave(session, signer_id, campaigns=None, now=now)
    due.cancel(session, (col(Mail.signer_id) == signer_id) & (col(Mail.lane) == Lane.SERVICE))
    addresses = _addresses(session, signer_id)
    for address in addresses:
        row = insert(session, Suppression).values(
            address_index=address,
            reach=Reach.ALL,
            reason="asked never to be written",
            created_at=now,
        )
        session.execute(row.on_conflict_do_nothing())
        wiping.moves(session, address)
        journalled(session, f"{now.isoformat()} never {address.hex()}")
    if addresses:
        _forget_what_waits(session, signer_id, now)
    return bool(addresses) or _erased(session, signer_id)


def _addresses(session: Session, signer_id: int) -> Sequence[bytes]:
    """Return the hashes of a person's addresses; of one that is forgotten while it counts as asked."""
    signer = session.get(Signer, signer_id, with_for_update={"key_share": True})
    known = changes.addresses(session, signer) if signer else []
    asked = select(Confirmation.address_index).where(
        Confirmation.signer_id == signer_id, col(Confirmation.address_index).is_not(None)
    )
    return known or [index for index in session.exec(asked.limit(1)).all() if index is not None]


def _forget_what_waits(session: Session, signer_id: int, now: datetime) -> None:
    """Let nothing count that waits for a yes; of one who never said yes nothing is kept."""
    signer = session.get_one(Signer, signer_id)
    if signer.confirmed_at is None:
        erasing.person(session, signer, now)
        facts.owe_a_wipe(session)
        return
    waiting = (col(Signature.signer_id) == signer_id) & col(Signature.confirmed_at).is_(None)
    session.execute(delete(Signature).where(waiting))
    unused = (col(Confirmation.signer_id) == signer_id) & col(Confirmation.used_at).is_(None)
    session.execute(update(Confirmation).where(unused).values(expires_at=now))


def _erased(session: Session, signer_id: int) -> bool:
    signer = session.get(Signer, signer_id)
    return signer is not None and signer.erased_at is not None
