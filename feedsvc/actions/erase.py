"""Erase a person: what is left is a row with a reason, and a signature that counts without a name."""

from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Mail, Withheld
from feedsvc.domain.tables.people import Ending, Signature, Signer
from feedsvc.records import due, subscriptions


def erase(session: Session, signer_id: int, *, now: datetime) -> None:
    """Keep nothing of a person; twice is the same as once."""
    signer = session.get_one(Signer, signer_id, with_for_update=True)
    ending = session.exec(subscriptions.still_open(signer_id, None).with_for_update()).all()
    for subscription in ending:
        subscription.end(Ending.ERASED, 0, now)
    session.flush()
    due.withhold(session, [one.id or 0 for one in ending], Withheld.ERASED)
    due.cancel(session, col(Mail.signer_id) == signer_id)
    for signature in session.exec(select(Signature).where(Signature.signer_id == signer_id)).all():
        signature.signer_id, signature.name_sealed = None, None
    signer.forget()
    signer.erased_at = signer.erased_at or now
