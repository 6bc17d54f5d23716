"""One person's deliveries, and the mails that carry them, each with its reason in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from feedsvc.domain import reasons
from feedsvc.domain.reasons import Absence, Case
from feedsvc.domain.tables.content import Campaign, Update
from feedsvc.domain.tables.ledger import (
    ON_TRIAL,
    Delivery,
    DeliveryState,
    Mail,
    Notice,
    Slot,
    Withheld,
)
from feedsvc.domain.tables.people import Cadence, Served, Signer, Subscription
from feedsvc.records import due


@dataclass(frozen=True, slots=True)
class Carried:
    """A mail and what became of it; `reply` is the relay's, without addresses."""

    id: int
    kind: str
    state: str
    why: str
    planned_at: datetime
    due_at: datetime | None
    changed_at: datetime
    attempts: int
    rebuffs: int
    reason: str | None
    evidence: str | None
    reply: str | None
    worker: int | None
    connection: int | None
    position: int | None
    alone: bool
    crashes: int
    retried: bool


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a person stands with one notice, and why."""

    update: str
    campaign: str
    key: str
    notice: str
    arrived_at: datetime
    state: str
    reason: str | None
    why: str
    mail: Carried | None


@dataclass(frozen=True, slots=True)
class Reader:
    """The person whose deliveries are looked at; `zone` is where their daily hour is."""

    signer: Signer
    zone: str
    suppressed: bool


def carried(mail: Mail, now: datetime) -> Carried:
    """Tell of a mail."""
    return Carried(
        id=mail.id or 0,
        kind=mail.kind,
        state=mail.state,
        why=reasons.mail(mail, now),
        planned_at=mail.planned_at,
        due_at=mail.due_at,
        changed_at=mail.changed_at,
        attempts=mail.attempts,
        rebuffs=mail.rebuffs,
        reason=mail.reason,
        evidence=mail.evidence,
        reply=mail.reply,
        worker=mail.worker_id,
        connection=mail.connection,
        position=mail.position,
        alone=mail.alone,
        crashes=mail.crashes,
        retried=mail.retried,
    )


def count(session: Session, signer_id: int) -> int:
    """Count a person's deliveries."""
    mine = select(func.count()).select_from(Delivery).where(of(signer_id))
    return session.exec(mine).one()


def deliveries(
    session: Session,
    reader: Reader,
    update: Update | None,
    *,
    settle: timedelta,
    limit: int | None,
    now: datetime,
) -> list[Stand]:
    """Return a person's deliveries, or those of one update, the newest first."""
    columns: tuple[Any, ...] = (Delivery, Notice, Update, Campaign.slug, Subscription, Mail)
    found = newest(reader.signer.id or 0, limit, *columns)
    if update is not None:
        found = found.where(Notice.update_id == update.id)
    rows = session.exec(found).all()
    return [_stand(session, reader, *row, settle=settle, now=now) for row in rows]


def newest(signer_id: int, limit: int | None, *columns: Any) -> Any:
    """Select something of a person's deliveries, with all that belongs to them, the newest first."""
    return (
        select(*columns)
        .join(Notice, col(Notice.id) == Delivery.notice_id)
        .join(Update, col(Update.id) == Notice.update_id)
        .join(Campaign, col(Campaign.id) == Notice.campaign_id)
        .join(Subscription, col(Subscription.id) == Delivery.subscription_id)
        .join(Mail, col(Mail.id) == Delivery.mail_id, isouter=True)
        .where(of(signer_id))
        .order_by(col(Notice.id).desc())
        .limit(limit)
    )


def absence(session: Session, update: Update, signer_id: int) -> str:
    """Say why a person has no delivery of an update."""
    notice = select(Notice).where(Notice.update_id == update.id).order_by(col(Notice.id))
    wishes = select(Subscription).where(
        Subscription.signer_id == signer_id, Subscription.campaign_id == update.campaign_id
    )
    first = session.exec(notice.limit(1)).first()
    return reasons.absent(Absence(update, first, session.exec(wishes).all()))


def of(signer_id: int) -> Any:
    """Find deliveries by way of subscriptions: no index has all that are one person's."""
    mine = select(Subscription.id).where(Subscription.signer_id == signer_id)
    return col(Delivery.subscription_id).in_(mine)


def _stand(
    session: Session,
    reader: Reader,
    delivery: Delivery,
    notice: Notice,
    update: Update,
    slug: str,
    subscription: Subscription,
    mail: Mail | None,
    *,
    settle: timedelta,
    now: datetime,
) -> Stand:
    if delivery.state is DeliveryState.WAITING:
        found = case(session, reader, delivery, notice, subscription, settle=settle, now=now)
        why = reasons.waiting(found)
    else:
        why = _decided(delivery, notice, mail, now)
    return Stand(
        update=update.uid,
        campaign=slug,
        key=update.key,
        notice=reasons.named(notice),
        arrived_at=notice.arrived_at,
        state=delivery.state,
        reason=delivery.reason,
        why=why,
        mail=carried(mail, now) if mail else None,
    )


def _decided(delivery: Delivery, notice: Notice, mail: Mail | None, now: datetime) -> str:
    """Say what was decided; what has not started yet is kept back when its mailing is stopped."""
    if mail is None:
        return reasons.WITHHELD.get(delivery.reason or Withheld.LEFT, str(delivery.reason))
    stopped = reasons.stopped(notice) if mail.due_at is not None else ""
    return stopped or reasons.mail(mail, now)


def case(
    session: Session,
    reader: Reader,
    delivery: Delivery,
    notice: Notice,
    subscription: Subscription,
    *,
    settle: timedelta,
    now: datetime,
) -> Case:
    """Gather what a waiting delivery depends on."""
    return Case(
        notice=notice,
        subscription=subscription,
        signer=reader.signer,
        served=_served(session, reader.signer),
        zone=reader.zone,
        settle=settle,
        now=now,
        arrivals=_arrivals(session, notice.campaign_id),
        fanning_out=_fanning_out(session),
        suppressed=reader.suppressed,
        due_now=delivery.due_now,
        passed=_passed(session, reader.signer, subscription.cadence),
        trial=_trial(session, notice),
    )


def _served(session: Session, signer: Signer) -> Served:
    return session.get(Served, signer.id) or Served(signer_id=signer.id or 0)


def _arrivals(session: Session, campaign_id: int) -> Sequence[datetime]:
    unplanned = select(Notice.arrived_at).where(
        Notice.campaign_id == campaign_id, col(Notice.slot_id).is_(None)
    )
    return session.exec(unplanned).all()


def _trial(session: Session, notice: Notice) -> Notice | None:
    """Find the notice whose share is used up and that this one waits for; it may be itself."""
    used_up = select(Notice).where(
        ON_TRIAL,
        Notice.campaign_id == notice.campaign_id,
        col(Notice.arrival) <= notice.arrival,
        Notice.allowance == 0,
        due.going_on(),
    )
    return session.exec(used_up.order_by(col(Notice.arrival)).limit(1)).first()


def _fanning_out(session: Session) -> bool:
    under_way = select(Notice.id).where(col(Notice.eligible).is_(None)).limit(1)
    return session.exec(under_way).first() is not None


def _passed(session: Session, signer: Signer, cadence: Cadence) -> date | None:
    """Return the local date of the last run of a cadence that went by this person."""
    if cadence is Cadence.IMMEDIATE:
        return None
    runs = select(func.max(Slot.local_date)).where(
        Slot.cadence == cadence,
        Slot.zone_tag == signer.zone_tag,
        Slot.hour == signer.daily_hour,
        Slot.weekday == (signer.weekly_day if cadence is Cadence.WEEKLY else -1),
        col(Slot.planned_at).is_not(None),
    )
    last: date | None = session.exec(runs).one()
    return last
