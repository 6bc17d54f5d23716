"""One chunk of a planning run, step by step."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.actions.plan import groups, queueing, stretch
from feedsvc.actions.plan.stretch import Row
from feedsvc.domain.cadence import Period, served
from feedsvc.domain.sealing import Keys
from feedsvc.domain.tables.ledger import Slot, Withheld
from feedsvc.domain.tables.people import Cadence
from feedsvc.gateways.composer import Composer
from feedsvc.gateways.database import day_of, instant_of
from feedsvc.records import shares


def plan(
    session: Session,
    composer: Composer,
    keys: Keys,
    *,
    chunk: int,
    canary_percent: float = 0,
    now: datetime,
    after: int = 0,
) -> int | None:
    """Plan one chunk of the oldest open slot after `after`; return its id, or None without one.

    Of a mailing that has not proven itself only so many mails are planned; the rest is passed by,
    and has a run of its own when the time has come.
    """
    slot = _oldest(session, after)
    if slot is None:
        return None
    part = stretch.walk(session, slot, chunk, now)
    _withhold_suppressed(session, part.rows)
    lacking = _lacking(part.rows, slot, now)
    going = shares.within(session, lacking, part.campaigns, canary_percent, now)
    _write(session, composer, keys, slot, going, now)
    if part.end is None:
        slot.planned_at = now
    else:
        slot.bookmark = part.end
    return slot.id


def _oldest(session: Session, after: int) -> Slot | None:
    return session.exec(
        select(Slot)
        .where(col(Slot.planned_at).is_(None), col(Slot.id) > after)
        .order_by(col(Slot.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()


def _withhold_suppressed(session: Session, rows: Sequence[Row]) -> None:
    """Withhold all that waits for an address that must not be mailed."""
    suppressed = {row.signer_id for row in rows if row.suppressed}
    if suppressed:
        queueing.withhold(session, sorted(suppressed), Withheld.SUPPRESSED)


def _lacking(rows: Sequence[Row], slot: Slot, now: datetime) -> Sequence[Row]:
    """Leave out who must not be mailed, and who has had the digest of this day or week."""
    free = [row for row in rows if not row.suppressed]
    if slot.local_date is None:
        return free
    period = Period(slot.cadence, slot.local_date, slot.at)
    return [row for row in free if not _served(row, period, now)]


def _served(row: Row, period: Period, now: datetime) -> bool:
    daily = period.cadence is Cadence.DAILY
    last_on = row.daily_served_on if daily else row.weekly_served_on
    on, at = last_on and day_of(last_on), row.daily_served_at and instant_of(row.daily_served_at)
    return served(period, on, at, now)


def _write(
    session: Session,
    composer: Composer,
    keys: Keys,
    slot: Slot,
    rows: Sequence[Row],
    now: datetime,
) -> None:
    """Queue a mail for each who lacks something; one who cannot be read stops nobody else (law 8)."""
    found, unreadable = groups.gather(session, composer, keys, rows, now)
    for group in found:
        queueing.queue(session, group, keys.newest(), now)
        queueing.remember(session, slot, group.signers, now)
    if unreadable:
        queueing.withhold(session, unreadable, Withheld.DAMAGED)
