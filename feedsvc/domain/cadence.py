"""When a cadence is due: local hours in any zone, over every change of the clocks. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from feedsvc.domain.tables.people import Cadence

HOUR, LEAP, HALF_DAY = timedelta(hours=1), timedelta(hours=3), timedelta(hours=12)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
LATEST = 3


@dataclass(frozen=True, slots=True)
class Period:
    """One local day or week of a zone: the date it is served on, and the instant of its hour."""

    cadence: Cadence
    local_date: date
    at: datetime


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """All time zones that a signer may live in."""
    return frozenset(name for name in available_timezones() if name not in {"localtime", "Factory"})


def latest(
    cadence: Cadence, zone: str, hour: int, weekday: int, settle: timedelta, now: datetime
) -> Period:
    """Return the newest daily or weekly period that may be planned at `now`: at hour + settle.

    Older ones that were missed need no run of their own: a digest is what a person still lacks.
    """
    local = (now - settle).astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    while True:
        if cadence is Cadence.DAILY or local.weekday() == weekday:
            at = instant(zone, local, hour)
            if at + settle <= now:
                return Period(cadence, local, at)
        local -= timedelta(days=1)


def begun(zone: str, after: datetime, until: datetime) -> Iterator[tuple[date, int, datetime]]:
    """Give each hour of a local day that began after `after`, and at `until` at the latest: day, hour, instant.

    Clocks are changed by less than LEAP; a day that a whole zone leaves out has no hours.
    """
    place = ZoneInfo(zone)
    shown = sorted(moment.astimezone(place).replace(tzinfo=None) for moment in (after, until))
    local = shown[0].replace(minute=0, second=0, microsecond=0) - LEAP
    while local <= shown[-1] + LEAP:
        at = instant(zone, local.date(), local.hour)
        if after < at <= until:
            yield local.date(), local.hour, at
        local += HOUR


def newest(cadence: Cadence, zone: str, day: date, hour: int, now: datetime) -> bool:
    """Whether no later day or week of this hour has begun.

    One that was missed needs no run of its own: a digest is what a person still lacks.
    """
    following = day + (DAY if cadence is Cadence.DAILY else WEEK)
    return instant(zone, following, hour) > now


def quarter(moment: datetime) -> datetime:
    """Return the quarter of an hour that a moment is in: local hours begin with one, in every zone."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def instant(zone: str, day: date, hour: int) -> datetime:
    """Return when `hour` begins on `day`.

    An hour that comes twice counts once, the first time; one that is skipped begins when the clock
    has jumped over it (PEP 495: fold=0 reads a gap with the offset before it).
    """
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)


def served(period: Period, last_on: date | None, last_at: datetime | None, now: datetime) -> bool:
    """Whether this person has had the period's digest, or a daily one in the last twelve hours."""
    if last_on is not None and last_on >= period.local_date:
        return True
    recent = last_at is not None and now - last_at < HALF_DAY
    return period.cadence is Cadence.DAILY and recent


def settled(arrivals: Iterable[datetime], settle: timedelta, now: datetime) -> bool:
    """Whether a campaign's waiting notices may be mailed: the newest has settled, or the oldest thrice."""
    times = sorted(arrivals)
    return bool(times) and (times[-1] + settle <= now or times[0] + LATEST * settle <= now)
