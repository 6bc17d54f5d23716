"""The subscriptions that a leave is about, and the line that remembers it."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.people import Signer, Subscription
from feedsvc.gateways.database import journalled
from feedsvc.records import subscriptions


def still_open(
    session: Session, signer_id: int, campaigns: Collection[int] | None
) -> Sequence[Subscription]:
    """Hold the subscriptions of a person that have not ended, of some campaigns or (None) of all."""
    mine = subscriptions.still_open(signer_id, campaigns)
    return session.exec(mine.with_for_update()).all()


def last_arrival(session: Session, campaign_id: int) -> int:
    """Read the newest arrival under a shared lock: what arrives from now on comes after leaving."""
    arrival = select(Campaign.last_arrival).where(Campaign.id == campaign_id)
    return session.exec(arrival.with_for_update(read=True)).one()


def ids(rows: Sequence[Subscription]) -> list[int]:
    """Return the numbers of subscriptions."""
    return [subscription.id or 0 for subscription in rows]


def note(
    session: Session, signer_id: int, what: str, rows: Sequence[Subscription], now: datetime
) -> None:
    """Note in the journal what was done with subscriptions, so that a restore knows it too."""
    if not rows:
        return
    address = session.exec(select(Signer.address_index).where(Signer.id == signer_id)).first()
    ids = [subscription.campaign_id for subscription in rows]
    uids = session.exec(select(Campaign.uid).where(col(Campaign.id).in_(ids))).all()
    if address is not None:
        journalled(session, f"{now.isoformat()} {what} {address.hex()} {','.join(sorted(uids))}")
