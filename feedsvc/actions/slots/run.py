"""What opens: a run of the present moment when a mailing has settled, then those of local hours."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import exists
from sqlmodel import Session, col, select

from feedsvc.actions.slots import places
from feedsvc.config import DigestSettings
from feedsvc.domain import cadence as calendar
from feedsvc.domain.tables.ledger import DUE_NOW, Delivery, Notice, Slot
from feedsvc.domain.tables.people import Subscription
from feedsvc.records import due, mailings, shares
from feedsvc.records.locks import hold


def open_slots(
    session: Session, *, digest: DigestSettings, zones: Mapping[bytes, str], now: datetime
) -> bool:
    """Open the slots whose time has come; return whether there may be more. It opens each once.

    `zones` gives the zone behind a tag. Nothing opens while a fan-out is under way, since a slot
    passes each signer only once.
    """
    hold(session, due.TURN)
    notices = _unplanned(session)
    if any(notice.eligible is None for notice in notices):
        return False
    settle = timedelta(seconds=digest.settle_seconds)
    _end_pauses(session, now)
    _open_immediate(session, notices, settle, now)
    return places.open_periods(session, settle, zones, now)


def _unplanned(session: Session) -> Sequence[Notice]:
    """Look once: one that is released a moment later is not fanned out and must wait for its run."""
    unplanned = select(Notice).where(col(Notice.slot_id).is_(None))
    return session.exec(unplanned.order_by(col(Notice.campaign_id), col(Notice.arrival))).all()


def _end_pauses(session: Session, now: datetime) -> None:
    over = select(Subscription).where(col(Subscription.paused_until) <= now)
    for subscription in session.exec(over.limit(1_000)).all():
        subscription.paused_until = None
        due.catch_up(session, subscription)
    session.flush()


def _open_immediate(
    session: Session, notices: Sequence[Notice], settle: timedelta, now: datetime
) -> None:
    ready = [
        notice
        for _, group in groupby(notices, lambda notice: notice.campaign_id)
        for notice in _ready(list(group), settle, now)
    ]
    if not ready and not _somebody_due_now(session, now):
        return
    mailings.open_run(session, ready, now)


def _ready(notices: list[Notice], settle: timedelta, now: datetime) -> list[Notice]:
    arrivals = [notice.arrived_at for notice in notices]
    return notices if calendar.settled(arrivals, settle, now) else []


def _somebody_due_now(session: Session, now: datetime) -> bool:
    """Whether a delivery that was due once waits, and no open run will take it."""
    if session.exec(select(Slot.id).where(col(Slot.planned_at).is_(None)).limit(1)).first():
        return False
    waiting = (
        select(Delivery.signer_id)
        .join(Subscription, col(Subscription.id) == Delivery.subscription_id)
        .join(Notice, col(Notice.id) == Delivery.notice_id)
        .where(DUE_NOW, due.not_paused(now), due.going_on())
        .where(col(Notice.id).not_in(shares.held_back(session)))
    )
    return session.exec(select(exists(waiting))).one()
