"""A leave: what it ended, whether and how that can be taken back, and why people left."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from feedsvc.domain.tables.people import Because, Ending, Signer, Subscription
from feedsvc.records import subscriptions, suppressions

UNDO = timedelta(days=1)
"""For so long a leave can be taken back by the link that it was made with."""


def by(subscription: Subscription, left_at: datetime, link: bytes | None) -> bool:
    """Whether the leave of this moment, with this link, has ended a subscription that was live."""
    left = subscription.ending is Ending.LEFT and subscription.ended_at == left_at
    return left and subscription.left_by == link and subscription.confirmed_at is not None


def undoable(session: Session, signer: Signer, left_at: datetime, now: datetime) -> bool:
    """Whether it is not too late, and its person may be written to at all."""
    if signer.address_index is None or not left_at <= now < left_at + UNDO:
        return False
    return not suppressions.suppressed(session, signer.address_index)


def last(
    session: Session,
    signer_id: int,
    campaigns: Collection[int] | None,
    link: bytes | None,
    now: datetime,
) -> datetime | None:
    """Return the moment of the newest leave that was made with a link, if it can be undone.

    Of some campaigns or (None) of all. One that was made elsewhere is nobody's who has a mail.
    """
    signer = session.get(Signer, signer_id)
    mine = session.exec(subscriptions.all_of(signer_id, campaigns)).all()
    moments = [
        row.ended_at
        for row in mine
        if row.ended_at and by(row, row.ended_at, link) and row.successor_id is None
    ]
    newest = max(moments, default=None)
    can = signer is not None and newest is not None and undoable(session, signer, newest, now)
    return newest if can else None


def reasons(session: Session, campaign_id: int) -> dict[Because, int]:
    """Count what people said of why they left a campaign; who took it back did not leave."""
    said = select(Subscription.left_because, func.count()).where(
        Subscription.campaign_id == campaign_id,
        col(Subscription.left_because).is_not(None),
        col(Subscription.successor_id).is_(None),
    )
    rows = session.exec(said.group_by(Subscription.left_because)).all()
    return {Because(why): number for why, number in rows if why is not None}


def successor(ended: Subscription, arrival: int, now: datetime) -> Subscription:
    """Make a subscription that goes on as the ended one did, with what comes after `arrival`."""
    again = Subscription(
        signer_id=ended.signer_id,
        campaign_id=ended.campaign_id,
        cadence=ended.cadence,
        paused_until=ended.paused_until,
        created_at=now,
        consent_source=ended.consent_source,
        consent_text=ended.consent_text,
        consented_at=ended.consented_at,
    )
    again.confirm(arrival, now)
    return again
