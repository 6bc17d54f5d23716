"""The subscriptions of a person, which one who leaves, returns, chooses or signs again is about."""

from collections.abc import Collection

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from feedsvc.domain.tables.people import Subscription


def still_open(signer_id: int, campaigns: Collection[int] | None) -> SelectOfScalar[Subscription]:
    """Select what has not ended, of some campaigns or (None) of all, in the order of locking."""
    return all_of(signer_id, campaigns).where(col(Subscription.ended_at).is_(None))


def all_of(signer_id: int, campaigns: Collection[int] | None) -> SelectOfScalar[Subscription]:
    """Select what there is and was, of some campaigns or (None) of all, in the order of locking."""
    mine = select(Subscription).where(Subscription.signer_id == signer_id)
    if campaigns is not None:
        mine = mine.where(col(Subscription.campaign_id).in_(campaigns))
    return mine.order_by(col(Subscription.campaign_id), col(Subscription.id))
