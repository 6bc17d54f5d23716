"""Why somebody has left, if they like to say."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from feedsvc.domain.tables.people import Because
from feedsvc.records import leaves, subscriptions


def because(
    session: Session,
    signer_id: int,
    *,
    campaigns: Collection[int] | None,
    left_at: datetime,
    link: bytes | None = None,
    why: Because,
    now: datetime,
) -> bool:
    """Note why a person left at `left_at`, within a day; return whether that was a leave of theirs."""
    mine = subscriptions.all_of(signer_id, campaigns).with_for_update()
    fresh = left_at <= now < left_at + leaves.UNDO
    ended = [row for row in session.exec(mine).all() if fresh and leaves.by(row, left_at, link)]
    for subscription in ended:
        subscription.left_because = why
    return bool(ended)
