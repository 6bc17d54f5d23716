"""Forget who never said yes: a week after they were asked neither address nor name is kept (TRUST 4)."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from feedsvc.domain.tables.doors import Confirmation
from feedsvc.domain.tables.people import Ending, Signature, Signer, Subscription
from feedsvc.records import buckets, pending, wiping

ASKED = timedelta(days=30)
AT_ONCE = 500


def forget_unconfirmed(session: Session, *, now: datetime) -> bool:
    """Forget signatures, wishes and people that waited a week for a yes, and old limits.

    Returns whether there may be more: whoever waits for the writer waits for one chunk only.
    """
    before = now - pending.LIFE
    signers = _signers(session, before)
    signatures = _signatures(session, before)
    subscriptions = _subscriptions(session, before, now)
    _limits(session, now - ASKED)
    buckets.forget_dry(session, now)
    return AT_ONCE in {signers, signatures, subscriptions}


def _signers(session: Session, before: datetime) -> int:
    """Forget people first: what they signed lies further back than when they signed last.

    A mail that has not gone to them yet does not go any more: its link would confirm nothing.
    """
    stale = (
        select(Signer)
        .where(col(Signer.confirmed_at).is_(None), col(Signer.address_index).is_not(None))
        .where(col(Signer.signed_up_at) < before, ~pending.unasked())
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)  # one who confirms or signs at this moment stays
    )
    signers = session.exec(stale).all()
    for signer in signers:
        signer.forget()
    ids = [signer.id or 0 for signer in signers]
    wiping.service_mails(session, ids)
    wiping.snapshots(session, ids)
    return len(signers)


def _signatures(session: Session, before: datetime) -> int:
    stale = (
        select(Signature.id)
        .where(col(Signature.confirmed_at).is_(None), col(Signature.pending_since) < before)
        .where(~pending.waits(Signature, col(Signature.pending_since), before))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    ids = session.exec(stale).all()
    session.execute(delete(Signature).where(col(Signature.id).in_(ids)))
    return len(ids)


def _subscriptions(session: Session, before: datetime, now: datetime) -> int:
    stale = (
        select(Subscription)
        .where(col(Subscription.confirmed_at).is_(None), col(Subscription.ended_at).is_(None))
        .where(col(Subscription.created_at) < before)
        .where(~pending.waits(Subscription, col(Subscription.created_at), before))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    subscriptions = session.exec(stale).all()
    for subscription in subscriptions:
        subscription.end(Ending.EXPIRED, 0, now)
    return len(subscriptions)


def _limits(session: Session, before: datetime) -> None:
    """Forget that an address was asked, once that no longer keeps it from being asked again."""
    old = (col(Confirmation.address_index).is_not(None), col(Confirmation.created_at) < before)
    session.execute(update(Confirmation).where(*old).values(address_index=None))
