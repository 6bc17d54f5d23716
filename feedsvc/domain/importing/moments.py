"""Dates as tools write them. One that can be read in two ways is refused, not guessed."""

import calendar
import re
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from feedsvc.errors import Invalid

_HOUR: Final = r"(?:[ T,]+(?:at )?(?P<time>\d{1,2}:\d{2}(?::\d{2})?) ?(?P<half>[AaPp]\.?[Mm]\.?)?)?"
_NUMBERS: Final = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})" + _HOUR)
_DAY_MONTH: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)? ([A-Za-z]{3,9})\.?,? (\d{4})" + _HOUR)
_MONTH_DAY: Final = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})" + _HOUR)
_ISO: Final = re.compile(r"\d{4}-?\d{2}-?\d{2}([T ].*)?")
_SLASHED_ISO: Final = re.compile(r"(\d{4})/(\d{2})/(\d{2})")
_SERIAL: Final = re.compile(r"\d{5}([.,]\d+)?")
_OFFSET: Final = re.compile(r" (?=[+-]\d{2}:?\d{2}$)")
_MONTHS: Final = tuple(name.lower() for name in calendar.month_name if name)
_PLAIN: Final = len("2017-12-07 09:00:00")
_YEAR: Final = 12
_CLOCK: Final = 12
REMEDY: Final = "Write it like 2017-12-07 or 2017-12-07T09:00:00Z."


class Order(StrEnum):
    """Which number of 03/04/2017 is the day."""

    DMY = "dmy"
    MDY = "mdy"


@lru_cache(maxsize=4_096)
def moment(value: str, field: str, order: Order | None) -> datetime:
    """Read a date, with or without time and zone (UTC when there is none)."""
    written = value.strip()
    try:
        if len(written) == _PLAIN and written[4] == "-":
            return datetime.fromisoformat(written + "Z")
        found = _iso(written) or _numbers(written, order) or _named(written)
    except (ValueError, OverflowError) as error:
        raise Invalid(field, f"there is no date {value!r}.", remedy=REMEDY) from error
    if _SERIAL.fullmatch(written):
        problem = f"{value!r} is a day as a spreadsheet counts them, which we would have to guess."
        raise Invalid(field, problem, remedy="Format the column there as a date: 2017-12-07.")
    if found is None:
        raise Invalid(field, f"{value!r} is not a date we can read.", remedy=REMEDY)
    return found


def past(value: str, field: str, order: Order | None, now: datetime) -> datetime:
    """Read a date that cannot lie ahead."""
    found = moment(value, field, order)
    if found > now:
        raise Invalid(field, f"{value!r} lies in the future.", remedy="Look at the date.")
    return found


def _iso(written: str) -> datetime | None:
    plain = _SLASHED_ISO.sub(r"\1-\2-\3", written)
    if not _ISO.fullmatch(plain):
        return None
    return _in_utc(datetime.fromisoformat(_OFFSET.sub("", plain.removesuffix("UTC").strip())))


def _numbers(written: str, order: Order | None) -> datetime | None:
    parts = _NUMBERS.fullmatch(written)
    if parts is None:
        return None
    first, second, year = int(parts[1]), int(parts[3]), int(parts[4])
    if order is None and first != second and max(first, second) <= _YEAR:
        raise Invalid(
            "date",
            f"{written!r} can be read in two ways.",
            remedy="Say which number is the day: --date-order dmy or mdy.",
        )
    day_first = first > _YEAR if order is None else order is Order.DMY
    day, month = (first, second) if day_first else (second, first)
    return _at(year, month, day, parts["time"], parts["half"])


def _named(written: str) -> datetime | None:
    if parts := _DAY_MONTH.fullmatch(written):
        return _at(int(parts[3]), _month(parts[2]), int(parts[1]), parts["time"], parts["half"])
    if parts := _MONTH_DAY.fullmatch(written):
        return _at(int(parts[3]), _month(parts[1]), int(parts[2]), parts["time"], parts["half"])
    return None


def _month(name: str) -> int:
    found = [month for month in _MONTHS if month.startswith(name.lower())]
    if len(found) != 1:
        raise ValueError(name)
    return _MONTHS.index(found[0]) + 1


def _at(year: int, month: int, day: int, time: str | None, half: str | None) -> datetime:
    hour, minute, second = (
        ([int(part) for part in time.split(":")] + [0])[:3] if time else (0, 0, 0)
    )
    if half:
        if not 1 <= hour <= _CLOCK:
            raise ValueError(time)
        hour = hour % _CLOCK + (_CLOCK if half[0] in "pP" else 0)
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _in_utc(found: datetime) -> datetime:
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
