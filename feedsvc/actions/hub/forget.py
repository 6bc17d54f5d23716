"""Forget the subscriptions that have run out, and the requests that nobody confirmed."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_
from sqlmodel import Session, col

from feedsvc.domain.tables.hubs import HubRequest, HubSubscription

FAILED = timedelta(hours=1)
UNCONFIRMED = timedelta(days=1)


def forget(session: Session, *, now: datetime) -> None:
    """Forget what has run out; nothing was sent to it since."""
    session.execute(delete(HubSubscription).where(col(HubSubscription.expires_at) <= now))
    over = or_(
        col(HubRequest.failed_at) < now - FAILED, col(HubRequest.received_at) < now - UNCONFIRMED
    )
    session.execute(delete(HubRequest).where(over))
