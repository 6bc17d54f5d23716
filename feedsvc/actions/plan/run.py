"""One chunk of a planning run, step by step."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from feedsvc.actions.plan import groups, queueing, stretch
from feedsvc.actions.plan.stretch import Row, Slot, Stretch
from feedsvc.domain.cadence import Period, served
from feedsvc.domain.sealing import Keys
from feedsvc.domain.tables.ledger import Withheld
from feedsvc.domain.tables.people import Cadence
from feedsvc.gateways.composer import Composer
from feedsvc.gateways.database import day_of, execute, fetch, instant_of, plain
from feedsvc.records import shares

_OLDEST = plain(
    """
    SELECT id, cadence, zone_tag, hour, weekday, local_date, at, bookmark FROM slot
    WHERE planned_at IS NULL AND id > :after ORDER BY id LIMIT 1 %(locked)s
    """,
    locked=("", "FOR UPDATE SKIP LOCKED"),
)
_MOVED = plain("UPDATE slot SET bookmark = :end WHERE id = :id")
_ENDED = plain("UPDATE slot SET planned_at = :now WHERE id = :id")


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
    going = _within(session, lacking, part, canary_percent, now)
    _write(session, composer, keys, slot, going, now)
    if part.end is None:
        execute(session, _ENDED, id=slot.id, now=now)
    else:
        execute(session, _MOVED, id=slot.id, end=part.end)
    return slot.id


def _oldest(session: Session, after: int) -> Slot | None:
    found = fetch(session, _OLDEST, after=after)
    return Slot(*found[0]) if found else None


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
    period = Period(Cadence(slot.cadence), day_of(slot.local_date), instant_of(slot.at))
    return [row for row in free if not _served(row, period, now)]


def _served(row: Row, period: Period, now: datetime) -> bool:
    daily = period.cadence is Cadence.DAILY
    last_on = row.daily_on if daily else row.weekly_on
    on, at = last_on and day_of(last_on), row.daily_at and instant_of(row.daily_at)
    return served(period, on, at, now)


def _within(
    session: Session, rows: Sequence[Row], part: Stretch, percent: float, now: datetime
) -> Sequence[Row]:
    """Leave out what exceeds the shares of notices that have not proven themselves."""
    if not any(notice.unproven for notice in part.notices.values()):
        return rows
    campaigns = {number: notice.campaign_id for number, notice in part.notices.items()}
    return shares.within(session, rows, campaigns, percent, now)


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
