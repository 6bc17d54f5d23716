"""Take a leave back: what it ended has a successor, and what it withheld waits again."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from feedsvc.actions.leave import held
from feedsvc.domain.tables.people import Ending, Signer, Subscription
from feedsvc.records import due, leaves, subscriptions
from feedsvc.records.locks import hold


def undo(
    session: Session,
    signer_id: int,
    *,
    campaigns: Collection[int] | None,
    left_at: datetime,
    link: bytes | None = None,
    now: datetime,
) -> list[int]:
    """Take back the leave of `left_at` with this link, of some campaigns or (None) of all; return what lives again.

    For a day. Only what that leave ended is reopened, and only what it withheld waits again: what
    arrived meanwhile is not heard of. Twice is the same as once, and so is another moment as none.
    """
    hold(session, due.TURN)
    signer = session.get(Signer, signer_id, with_for_update={"key_share": True})
    if signer is None or not leaves.undoable(session, signer, left_at, now):
        return []
    mine = subscriptions.all_of(signer_id, campaigns).with_for_update()
    rows = {row.id or 0: row for row in session.exec(mine).all()}
    ended = [row for row in rows.values() if leaves.by(row, left_at, link)]
    reopening = [row for row in ended if row.successor_id is None]
    for subscription in reopening:
        _reopen(session, subscription, rows, now)
    held.note(session, signer_id, "undone", reopening, now)
    return [row.campaign_id for row in ended if rows[row.successor_id or 0].live]


def _reopen(
    session: Session, ended: Subscription, rows: dict[int, Subscription], now: datetime
) -> None:
    """Give what has ended a successor, new unless its person is back already, and let it catch up."""
    again = _live_again(session, ended, rows, now)
    rows[again.id or 0] = again
    before = [ended, *(row for row in rows.values() if row.successor_id == ended.id)]
    for row in before:
        row.successor_id = again.id
    session.flush()
    due.hand_over(session, ended.id or 0, again)


def _live_again(
    session: Session, ended: Subscription, rows: dict[int, Subscription], now: datetime
) -> Subscription:
    """Find or make what lives; a wish that waits for a yes makes way, since this is one."""
    arrival = held.last_arrival(session, ended.campaign_id)
    for row in rows.values():
        if row.campaign_id == ended.campaign_id and row.live:
            return row
        if row.campaign_id == ended.campaign_id:
            row.end(Ending.REPLACED, arrival, now)
    session.flush()
    again = leaves.successor(ended, arrival, now)
    session.add(again)
    session.flush()
    return again
