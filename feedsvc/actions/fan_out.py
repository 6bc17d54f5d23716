"""Fan a notice out: one delivery for every subscription that was live when it arrived."""

from sqlalchemy import case, func, literal
from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Delivery, DeliveryState, Notice
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
        .where(
            Subscription.campaign_id == notice.campaign_id,
            col(Subscription.id) > notice.bookmark,
            col(Subscription.id) <= end,
            col(Subscription.after_arrival) < notice.arrival,
            ~ended | (col(Subscription.ended_arrival) >= notice.arrival),
        )
        .with_for_update(read=True)  # someone who leaves now is seen, here or there
    )
    columns = ["notice_id", "signer_id", "subscription_id", "state", "reason", "due_now"]
    rows = insert(session, Delivery).from_select(columns, live_then)
    session.execute(rows.on_conflict_do_nothing())


def _count(session: Session, notice: Notice) -> int:
    rows = select(func.count()).where(Delivery.notice_id == notice.id)
    return session.exec(rows).one()
