"""Sweep: bring every delivery of a mailing in line with how the mailing was steered."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, update
from sqlmodel import Session, col, func, select

from feedsvc.actions.steer.orders import HELD
from feedsvc.domain.tables.ledger import (
    NOT_STARTED,
    WAITING,
    Delivery,
    DeliveryState,
    Mail,
    MailState,
    Notice,
    Slot,
    Snapshot,
)
from feedsvc.domain.tables.people import Signer, Subscription
from feedsvc.records import due, shares

Part = Sequence[ColumnElement[bool]]


def sweep(
    session: Session, *, chunk: int, canary_percent: float = 0, now: datetime, after: int = 0
) -> int | None:
    """Sweep one chunk of the oldest mailing after `after` that wants it; return its id, or None.

    Idempotent: whoever begins again meets what is in line already. What is missed because somebody
    holds it, the sender stumbles on, and takes it out then.
    """
    notice = _next(session, after)
    if notice is None:
        return None
    end = _end_of_chunk(session, notice, chunk)
    if end is not None:
        end = _bring_in_line(session, notice, end, canary_percent, now)
    notice.swept = end
    return notice.id


def _next(session: Session, after: int) -> Notice | None:
    """Find a mailing to sweep; one whose share is used up goes on when the next share begins."""
    used_up = (col(Notice.share) > 0) & (col(Notice.allowance) == 0) & due.going_on()
    wanted = select(Notice).where(
        col(Notice.swept).is_not(None),
        col(Notice.eligible).is_not(None),
        col(Notice.id) > after,
        or_(col(Notice.share).is_(None), ~used_up),
    )
    oldest = wanted.order_by(col(Notice.id)).limit(1)
    return session.exec(oldest.with_for_update(key_share=True, skip_locked=True)).first()


def _end_of_chunk(session: Session, notice: Notice, chunk: int) -> int | None:
    ids = (
        select(Delivery.signer_id)
        .where(Delivery.notice_id == notice.id, col(Delivery.signer_id) > (notice.swept or 0))
        .order_by(col(Delivery.signer_id))
        .limit(chunk)
        .subquery()
    )
    last: int | None = session.exec(select(func.max(ids.c.signer_id))).one()
    return last


def _bring_in_line(
    session: Session, notice: Notice, end: int, canary_percent: float, now: datetime
) -> int:
    """Do what the state of the mailing asks for, up to `end` or as far as its share reaches."""
    if notice.stopped:
        _hold_back(session, notice, _part(notice, end))
        return end
    shares.begin(session, notice, canary_percent, now)
    end = _queue_again(session, notice, end, now)
    _make_due(session, notice, _part(notice, end))
    return end


def _part(notice: Notice, end: int) -> Part:
    signer = col(Delivery.signer_id)
    return [col(Delivery.notice_id) == notice.id, signer > (notice.swept or 0), signer <= end]


def _hold_back(session: Session, notice: Notice, part: Part) -> None:
    """Take a stopped mailing out of the queue; waiting rows first, as in `due.withhold`."""
    if notice.cancelled is None:
        _change(session, [*part, WAITING, col(Delivery.due_now)], due_now=False)
    else:
        withheld = {"state": DeliveryState.WITHHELD, "reason": notice.cancelled, "due_now": False}
        _change(session, [*part, WAITING], **withheld)
    retried = (col(Mail.state) == MailState.UNKNOWN) & col(Mail.due_at).is_not(None)
    mails = (
        select(Mail.id)
        .join(Delivery, col(Delivery.mail_id) == Mail.id)
        .where(*part, or_(col(Mail.state).in_(NOT_STARTED), retried))
        .order_by(col(Mail.id))
        .with_for_update(of=Mail, skip_locked=True)  # what somebody holds, the sender meets
    )
    found = session.exec(mails).all()
    if found:
        due.take_out(session, col(Mail.id).in_(found))


def _queue_again(session: Session, notice: Notice, end: int, now: datetime) -> int:
    """Queue what was held before the mailing was resumed; return how far the share reached."""
    held = (
        select(Mail.id, Delivery.signer_id)
        .join(Delivery, col(Delivery.mail_id) == Mail.id)
        .join(Snapshot, col(Snapshot.mail_id) == Mail.id)
        .where(*_part(notice, end), HELD, col(Mail.changed_at) < (notice.share_at or now))
        .order_by(col(Delivery.signer_id))
    )
    found = session.exec(held).all()
    if notice.on_trial and len(found) > notice.allowance:
        found = found[: notice.allowance]
        end = found[-1][1]
    ids = [mail_id or 0 for mail_id, _ in found]
    if ids:
        _queue(session, ids, now)
        notice.share_from = min(notice.share_from, min(ids) - 1)
        notice.allowance = max(0, notice.allowance - len(ids))
    return end


def _queue(session: Session, ids: Sequence[int], now: datetime) -> None:
    fresh = {"reason": None, "evidence": None, "reply": None, "rebuffs": 0, "worker_id": None}
    session.execute(
        update(Mail)
        .where(col(Mail.id).in_(ids), HELD)
        .values(state=MailState.QUEUED, due_at=now, changed_at=now, **fresh),
        execution_options={"synchronize_session": False},
    )


def _make_due(session: Session, notice: Notice, part: Part) -> None:
    """Make due what a daily or weekly run has passed by; the immediate ones have a run of their own."""
    run = (
        (col(Slot.cadence) == Subscription.cadence)
        & (col(Slot.zone_tag) == Signer.zone_tag)
        & (col(Slot.hour) == Signer.daily_hour)
        & col(Slot.weekday).in_([-1, col(Signer.weekly_day)])
        & (col(Slot.at) > notice.arrived_at)
        & or_(col(Slot.planned_at).is_not(None), col(Slot.bookmark) >= Signer.id)
    )
    passed = (
        select(Subscription.id)
        .join(Signer, col(Signer.id) == Subscription.signer_id)
        .join(Slot, run)
        .where(Subscription.id == Delivery.subscription_id)
    )
    late = [*part, WAITING, ~col(Delivery.due_now), exists(passed.correlate(Delivery))]
    _change(session, late, due_now=True)


def _change(session: Session, conditions: Sequence[object], **values: object) -> None:
    statement = update(Delivery).where(*conditions).values(**values)  # type: ignore[arg-type]  # conditions in whatever form
    session.execute(statement, execution_options={"synchronize_session": False})
