"""A leave: what it ended, and whether and how that can be taken back."""

from datetime import datetime, timedelta

from sqlmodel import Session

from feedsvc.domain.tables.people import Ending, Signer, Subscription
from feedsvc.records import suppressions

UNDO = timedelta(days=1)
"""For so long a leave can be taken back by the link that it was made with."""


def by(subscription: Subscription, left_at: datetime) -> bool:
    """Whether the leave of this moment has ended a subscription that was live."""
    left = subscription.ending is Ending.LEFT and subscription.ended_at == left_at
    return left and subscription.confirmed_at is not None


def undoable(session: Session, signer: Signer, left_at: datetime, now: datetime) -> bool:
    """Whether it is not too late, and its person may be written to at all."""
    if signer.address_index is None or not left_at <= now < left_at + UNDO:
        return False
    return not suppressions.suppressed(session, signer.address_index)


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
