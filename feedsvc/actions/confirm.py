"""Confirm: from here on a signature counts and a subscription hears of what arrives."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.people import (
    Confirmation,
    Reach,
    Signature,
    Signer,
    Subscription,
    Suppression,
)
from feedsvc.errors import NotFound

GONE = "This link has expired."
AGAIN = "Sign again, and a new link is sent to you."


def confirm(session: Session, confirmation_id: int, *, now: datetime) -> list[int]:
    """Confirm all that is pending for the person who was asked; return the campaigns.

    A link works once: used again it shows the same campaigns and changes nothing. Raises NotFound
    when it is older than seven days.
    """
    asked = valid(session, confirmation_id, now)
    if asked.used_at is None:
        asked.used_at = now
        for subscription in _pending_subscriptions(session, asked):
            subscription.confirm(_last_arrival(session, subscription.campaign_id), now)
        for signature in _pending_signatures(session, asked):
            signature.confirmed_at = now
        session.flush()
        _lift(session, asked, now)
    campaigns = _confirmed(session, asked)
    _forget_who_wants_no_mail(session, asked.signer_id)
    return campaigns


def valid(session: Session, confirmation_id: int, now: datetime) -> Confirmation:
    """Find what a link asks; raises NotFound when it is too old or its person is gone."""
    asked = session.get(Confirmation, confirmation_id)
    if asked is None or now >= asked.expires_at:
        raise NotFound(GONE, remedy=AGAIN)
    return asked


def _pending_subscriptions(session: Session, asked: Confirmation) -> Sequence[Subscription]:
    pending = select(Subscription).where(
        Subscription.signer_id == asked.signer_id,
        col(Subscription.confirmed_at).is_(None),
        col(Subscription.ended_at).is_(None),
    )
    return session.exec(pending.with_for_update()).all()


def _pending_signatures(session: Session, asked: Confirmation) -> Sequence[Signature]:
    pending = select(Signature).where(
        Signature.signer_id == asked.signer_id, col(Signature.confirmed_at).is_(None)
    )
    return session.exec(pending.with_for_update()).all()


def _confirmed(session: Session, asked: Confirmation) -> list[int]:
    """Name the campaigns that this link has confirmed, and no other of its person's (law 14)."""
    found: set[int] = set()
    for row in (Subscription, Signature):
        by_this = select(row.campaign_id).where(
            row.signer_id == asked.signer_id, row.confirmed_at == asked.used_at
        )
        found |= set(session.exec(by_this).all())
    return sorted(found)


def _last_arrival(session: Session, campaign_id: int) -> int:
    """Read the newest arrival under a shared lock: the next one waits for us and then counts us."""
    arrival = select(Campaign.last_arrival).where(Campaign.id == campaign_id)
    return session.exec(arrival.with_for_update(read=True)).one()


def _lift(session: Session, asked: Confirmation, now: datetime) -> None:
    """Lift what stopped bulk mail to this address: its person has just answered."""
    stopped = (
        select(Suppression)
        .join(Signer, col(Signer.address_index) == Suppression.address_index)
        .where(Signer.id == asked.signer_id, Suppression.reach == Reach.BULK)
        .where(col(Suppression.lifted_at).is_(None))
    )
    for suppression in session.exec(stopped).all():
        suppression.lifted_at = now


def _forget_who_wants_no_mail(session: Session, signer_id: int) -> None:
    """Keep no address of someone who signed and asked for no updates: the signature counts alone."""
    wishes = select(Subscription.id).where(Subscription.signer_id == signer_id)
    if session.exec(wishes.limit(1)).first() is not None:
        return
    for signature in session.exec(select(Signature).where(Signature.signer_id == signer_id)).all():
        signature.signer_id, signature.name_sealed = None, None
    signer = session.get(Signer, signer_id)
    if signer is not None:
        signer.address_index = signer.address_sealed = None
