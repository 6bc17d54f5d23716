"""What erasure does to rows (DESIGN 4): they stay, count and add up, and nobody is found by them."""

import secrets
from datetime import datetime

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.doors import AddressChange, Confirmation, FreshLink
from feedsvc.domain.tables.ledger import Mail, Withheld
from feedsvc.domain.tables.people import (
    Ending,
    Reach,
    Served,
    Signature,
    Signer,
    Subscription,
    Suppression,
)
from feedsvc.records import due, wiping
from feedsvc.records.locks import insert

REASON = "erased"
PERSON = 32
"""Bytes of a keyed hash, whose place random ones take."""


def person(session: Session, signer: Signer, now: datetime) -> None:
    """Empty a person's rows. The caller holds the signer's row; doing it again changes nothing."""
    signer_id = signer.id or 0
    _end(session, signer_id, now)
    wiping.service_mails(session, [signer_id])
    wiping.snapshots(session, [signer_id])
    _unname_mails(session, signer_id)
    _unname_signatures(session, col(Signature.signer_id) == signer_id)
    for row in (Confirmation, FreshLink):
        session.execute(delete(row).where(col(row.signer_id) == signer_id))
    _end_changes(session, signer_id, now)
    session.execute(delete(Served).where(col(Served.signer_id) == signer_id))
    _empty(signer, now)
    session.flush()


def address(session: Session, index: bytes, now: datetime) -> None:
    """Leave one trace of an address: that nobody may write to it again."""
    earlier = session.exec(
        select(Confirmation.signer_id).where(Confirmation.address_index == index).distinct()
    ).all()
    if earlier:
        wiping.service_mails(session, earlier)
        wiping.snapshots(session, earlier)
    by_campaign = col(Signature.campaign_id).in_(select(Campaign.id))  # as the index goes
    _unname_signatures(session, by_campaign & (col(Signature.person_index) == index))
    wiping.moves(session, index)
    for row in (Confirmation, FreshLink, AddressChange):
        session.execute(delete(row).where(col(row.address_index) == index))
    moved = col(AddressChange.former_index) == index
    session.execute(update(AddressChange).where(moved).values(former_index=None))
    _suppress(session, index, now)


def _end(session: Session, signer_id: int, now: datetime) -> None:
    """End what is open; what was not sent by then is withheld, whichever wish it goes by."""
    mine = select(Subscription).where(Subscription.signer_id == signer_id)
    wishes = session.exec(mine.order_by(col(Subscription.campaign_id)).with_for_update()).all()
    for wish in wishes:
        if wish.ended_at is None:
            wish.end(Ending.ERASED, _last_arrival(session, wish.campaign_id), now)
        wish.consent_source = wish.consent_text = REASON  # an import may have put anything there
    session.flush()
    due.withhold(session, [wish.id or 0 for wish in wishes], Withheld.ERASED)


def _last_arrival(session: Session, campaign_id: int) -> int:
    """Read the newest arrival under a shared lock: what arrives from now on comes after."""
    arrival = select(Campaign.last_arrival).where(Campaign.id == campaign_id)
    return session.exec(arrival.with_for_update(read=True)).one()


def _unname_mails(session: Session, signer_id: int) -> None:
    """Forget at which provider the person was written to."""
    mine = col(Mail.signer_id) == signer_id
    session.execute(
        update(Mail).where(mine).values(domain_tag=b""),
        execution_options={"synchronize_session": False},
    )


def _unname_signatures(session: Session, theirs: ColumnElement[bool]) -> None:
    """Let signatures count for somebody; what was never confirmed goes."""
    session.execute(delete(Signature).where(theirs, col(Signature.confirmed_at).is_(None)))
    for signature in session.exec(select(Signature).where(theirs)).all():
        signature.person_index = secrets.token_bytes(PERSON)
        signature.signer_id = signature.name_sealed = None
    session.flush()


def _end_changes(session: Session, signer_id: int, now: datetime) -> None:
    """End changes of address; that one was asked about its address counts for thirty days."""
    mine = col(AddressChange.signer_id) == signer_id
    session.execute(delete(AddressChange).where(mine, col(AddressChange.mailed_at).is_(None)))
    over = {"address_sealed": None, "former_index": None, "expires_at": now}
    session.execute(update(AddressChange).where(mine).values(over))


def _empty(signer: Signer, now: datetime) -> None:
    signer.forget()
    signer.erased_at = signer.erased_at or now


def _suppress(session: Session, index: bytes, now: datetime) -> None:
    """Keep one row about an address; what it asked before says nothing more."""
    reach_all = (col(Suppression.reach) == Reach.ALL) & col(Suppression.lifted_at).is_(None)
    session.execute(delete(Suppression).where(col(Suppression.address_index) == index, ~reach_all))
    row = insert(session, Suppression).values(
        address_index=index, reach=Reach.ALL, reason=REASON, created_at=now
    )
    session.execute(row.on_conflict_do_nothing())
