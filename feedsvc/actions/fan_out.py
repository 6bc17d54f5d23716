"""Fan a notice out: one delivery for every subscription that was live when it arrived."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal
from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Delivery, DeliveryState, Notice, Withheld
from feedsvc.domain.tables.people import Subscription
from feedsvc.records.locks import insert


def fan_out(session: Session, *, chunk: int, after: int = 0) -> int | None:
    """Fan out one chunk of the oldest open notice after `after`; return its id, or None without one.

    A subscription that has ended since is a row with a reason, never a missing row (law 2).
    Whoever asks again meets the same rows: nothing is written twice.
    """
    notice = session.exec(
        select(Notice)
        .where(col(Notice.eligible).is_(None), col(Notice.id) > after)
        .order_by(col(Notice.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if notice is None:
        return None
    end = _end_of_chunk(session, notice, chunk)
    if end is None:
        notice.eligible = _count(session, notice)
    else:
        _deliveries(session, notice, end)
        notice.bookmark = end
    return notice.id


def _end_of_chunk(session: Session, notice: Notice, chunk: int) -> int | None:
    ids = (
        select(Subscription.id)
        .where(
            Subscription.campaign_id == notice.campaign_id,
            col(Subscription.id) > notice.bookmark,
        )
        .order_by(col(Subscription.id))
        .limit(chunk)
        .subquery()
    )
    last: int | None = session.exec(select(func.max(ids.c.id))).one()
    return last


def _deliveries(session: Session, notice: Notice, end: int) -> None:
    """Write the rows of one chunk; those who took a leave back have theirs by its successor.

    In this order: one that is taken back while we wait for its row is no longer found by the first
    statement, and is by the second.
    """
    _by_their_own(session, notice, end)
    _by_successors(session, notice, end)


def _by_their_own(session: Session, notice: Notice, end: int) -> None:
    ended = col(Subscription.ended_at).is_not(None)
    live_then = (
        select(  # type: ignore[call-overload]  # more columns than the stubs spell out
            literal(notice.id).label("notice_id"),
            Subscription.signer_id,
            Subscription.id,
            case((ended, DeliveryState.WITHHELD.value), else_=DeliveryState.WAITING.value),
            Subscription.ending,
            literal(value=False),
        )
        .where(*_live_then(notice, end), col(Subscription.successor_id).is_(None))
        .with_for_update(read=True)  # someone who leaves now is seen, here or there
    )
    columns = ["notice_id", "signer_id", "subscription_id", "state", "reason", "due_now"]
    rows = insert(session, Delivery).from_select(columns, live_then)
    session.execute(rows.on_conflict_do_nothing())


def _by_successors(session: Session, notice: Notice, end: int) -> None:
    """Deliver by what a leave was taken back with, which may have ended in its turn.

    Locked in the order of `leave.undo`: what ended first, then what followed it.
    """
    taken_back = (
        select(Subscription.successor_id)
        .where(*_live_then(notice, end), col(Subscription.successor_id).is_not(None))
        .order_by(col(Subscription.id))
    )
    ids = session.exec(taken_back.with_for_update(read=True)).all()
    following = select(Subscription).where(col(Subscription.id).in_(ids))
    ordered = following.order_by(col(Subscription.id)).with_for_update(read=True)
    found = session.exec(ordered).all() if ids else []
    if found:
        rows = [_row(notice, subscription) for subscription in found]
        session.execute(insert(session, Delivery).on_conflict_do_nothing(), rows)


def _live_then(notice: Notice, end: int) -> Sequence[ColumnElement[bool]]:
    """Say what was live when the notice arrived, of the chunk that ends here."""
    ended = col(Subscription.ended_at).is_not(None)
    return [
        col(Subscription.campaign_id) == notice.campaign_id,
        col(Subscription.id) > notice.bookmark,
        col(Subscription.id) <= end,
        col(Subscription.after_arrival) < notice.arrival,
        ~ended | (col(Subscription.ended_arrival) >= notice.arrival),
    ]


def _row(notice: Notice, subscription: Subscription) -> dict[str, Any]:
    ended = subscription.ended_at is not None
    return {
        "notice_id": notice.id,
        "signer_id": subscription.signer_id,
        "subscription_id": subscription.id,
        "state": DeliveryState.WITHHELD if ended else DeliveryState.WAITING,
        "reason": subscription.ending and Withheld(subscription.ending),
        "due_now": False,
    }


def _count(session: Session, notice: Notice) -> int:
    rows = select(func.count()).where(Delivery.notice_id == notice.id)
    return session.exec(rows).one()
