"""Be written to elsewhere: done when the old address and the new one have both agreed."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from feedsvc.domain import groups
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.doors import AddressChange, Confirmation
from feedsvc.domain.tables.ledger import Lane, Mail
from feedsvc.domain.tables.people import Signature, Signer
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.gateways.database import journalled
from feedsvc.records import audit, changes, due, planning, signatures, subscriptions, wiping

DAY = timedelta(days=1)
A_DAY = 3
BY = "signer"


def ask_to_move(
    session: Session, signer_id: int, address: str, *, keys: Keys, now: datetime
) -> None:
    """Note that a person wants to be written to at another address, three times a day at most."""
    signer = session.get_one(Signer, signer_id, with_for_update={"key_share": True})
    index = keys.address_index(address)
    if signer.address_index is None or index == signer.address_index:
        return
    if _lately(session, signer_id, now) >= A_DAY:
        return
    session.add(
        AddressChange(
            signer_id=signer_id,
            address_index=index,
            address_sealed=keys.seal(address, Sealed.ADDRESS),
            created_at=now,
            expires_at=now + changes.LIFE,
        )
    )


def agree(session: Session, token: Token, *, keys: Keys, now: datetime) -> bool:
    """Take one address's yes; return whether the change is done. Twice is the same as once."""
    planning.pause(session)
    signer = session.get(Signer, token.subject, with_for_update=True)
    change = changes.open_one(session, token, now)
    if signer is None or change is None:
        return changes.done(session, token)
    if token.purpose is Purpose.MOVE_FROM:
        change.old_agreed_at = change.old_agreed_at or now
    else:
        change.new_agreed_at = change.new_agreed_at or now
    if change.old_agreed_at is None or change.new_agreed_at is None:
        return False
    return _move(session, signer, change, keys, now)


def refuse(session: Session, token: Token, *, now: datetime) -> None:
    """Let one of the two addresses say no: the change is over."""
    session.get(Signer, token.subject, with_for_update={"key_share": True})  # after who agrees
    change = changes.open_one(session, token, now)
    if change is not None:
        change.expires_at = now


def forget_changes(session: Session, *, now: datetime) -> None:
    """Forget the addresses of changes that are over, and changes that count against no limit.

    One that is done stays: by it an address is known as its person's old one. The mail that told the
    old address of one that was not asked is wiped as soon as it is over: no "never" would find it.
    """
    wiping.unasked(session)
    over = (col(AddressChange.expires_at) <= now) | col(AddressChange.done_at).is_not(None)
    session.execute(
        update(AddressChange)
        .where(over, col(AddressChange.address_sealed).is_not(None))
        .values(address_sealed=None)
    )
    old = col(AddressChange.created_at) < now - changes.KEPT
    session.execute(delete(AddressChange).where(old, col(AddressChange.former_index).is_(None)))


def _lately(session: Session, signer_id: int, now: datetime) -> int:
    mine = select(func.count()).where(
        AddressChange.signer_id == signer_id, col(AddressChange.created_at) > now - DAY
    )
    return session.exec(mine).one()


def _move(
    session: Session, signer: Signer, change: AddressChange, keys: Keys, now: datetime
) -> bool:
    old, new = signer.address_index, change.address_index
    if old is None or new is None or not changes.free(session, new):
        change.expires_at = now
        return False
    address = keys.unseal(change.address_sealed or b"", Sealed.ADDRESS)
    _call_back(session, signer)
    _carry_signatures(session, signer, new)
    signer.address_index, signer.address_sealed = new, keys.seal(address, Sealed.ADDRESS)
    signer.domain_tag = groups.tag(address, keys)
    change.done_at, change.former_index = now, old
    change.address_sealed = None
    _close(session, signer, now)
    journalled(session, f"{now.isoformat()} moved {old.hex()} {new.hex()}")
    audit.note(session, BY, "move address", f"signer {signer.id}", now)
    return True


def _call_back(session: Session, signer: Signer) -> None:
    """Take back what has not started: news is planned again for the new address."""
    mine = session.exec(subscriptions.still_open(signer.id or 0, None).with_for_update()).all()
    due.put_back(session, [subscription.id or 0 for subscription in mine])
    due.cancel(session, (col(Mail.signer_id) == signer.id) & (col(Mail.lane) == Lane.SERVICE))


def _carry_signatures(session: Session, signer: Signer, new: bytes) -> None:
    """Count this person under the new address; what it has signed already counts once."""
    mine = signatures.under(signer.address_index or b"")
    signed = session.exec(mine.order_by(col(Signature.campaign_id))).all()
    campaigns = {signature.campaign_id for signature in signed}
    theirs = {one.campaign_id: one for one in _signed_by(session, new, campaigns)}
    for signature in signed:
        if signature.campaign_id in theirs:
            _one_of_two(session, signature, theirs[signature.campaign_id])
        signature.person_index = new


def _signed_by(session: Session, person: bytes, campaigns: Collection[int]) -> list[Signature]:
    theirs = select(Signature).where(
        Signature.person_index == person, col(Signature.campaign_id).in_(campaigns)
    )
    return list(session.exec(theirs).all())


def _one_of_two(session: Session, signature: Signature, other: Signature) -> None:
    """Let one signature stand for both addresses; of two that count the campaign counts one."""
    if signature.confirmed_at and other.confirmed_at:
        campaign = session.get_one(
            Campaign, signature.campaign_id, with_for_update={"key_share": True}
        )
        campaign.signatures -= 1
    if other.confirmed_at:
        signature.confirmed_at = signature.confirmed_at or other.confirmed_at
    session.delete(other)
    session.flush()


def _close(session: Session, signer: Signer, now: datetime) -> None:
    """Let nothing that was mailed to the old address confirm or change anything any more."""
    asked = select(Confirmation).where(
        Confirmation.signer_id == signer.id, col(Confirmation.expires_at) > now
    )
    for confirmation in session.exec(asked.where(col(Confirmation.used_at).is_(None))).all():
        confirmation.expires_at = now
        signer.ask_at = now
    session.execute(
        update(AddressChange)
        .where(col(AddressChange.signer_id) == signer.id, col(AddressChange.done_at).is_(None))
        .values(expires_at=now)
    )
