"""Dates of events, which have a precision and no hour, and instants, which have a zone."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from babel.dates import format_date, format_skeleton, format_time, get_datetime_format

from feedsvc.domain import languages
from feedsvc.errors import Invalid

_DATE: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_SLASHED: Final = re.compile(r"([0-9]{1,2})[/. ]([0-9]{1,2})[/. ]([0-9]{4})")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_DATE_REMEDY: Final = "Write a day as 2017-04-10, a month as 2017-04, a year as 2017."
_INSTANT_REMEDY: Final = (
    "Write date, time and zone, such as 2017-12-07T09:00:00+11:00 or 2017-12-06T22:00:00Z."
)


class Precision(StrEnum):
    """How much of an event's date is known."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True)
class EventDate:
    """When something happened, as far as it is known; the first day stands for a month or year.

    Without a zone on purpose: Thursday in Washington is Friday in Damascus and Sydney.
    """

    date: dt.date
    precision: Precision = Precision.DAY

    def __str__(self) -> str:
        """Write it the way `parse` reads it: 2017-12-07, 2017-12 or 2017."""
        length = {Precision.DAY: 10, Precision.MONTH: 7, Precision.YEAR: 4}[self.precision]
        return self.date.isoformat()[:length]

    @classmethod
    def parse(cls, value: str, field: str = "occurred_on") -> "EventDate":
        """Read 2017-12-07, 2017-12 or 2017; refuse what can be read in two ways."""
        parts = _DATE.fullmatch(value.strip())
        if not parts:
            raise Invalid(field, f"{value!r} is not a date we can read.", remedy=_reading(value))
        year, month, day = parts.groups()
        try:
            date = dt.date(int(year), int(month or 1), int(day or 1))
        except ValueError as error:
            raise Invalid(field, f"there is no date {value!r}.", remedy=_DATE_REMEDY) from error
        known = Precision.DAY if day else Precision.MONTH if month else Precision.YEAR
        return cls(date, known)


def in_words(event_date: EventDate, language: str) -> str:
    """Return the date as people of that language write it: 7 December 2017."""
    locale = languages.locale(language)
    if event_date.precision is Precision.DAY:
        return format_date(event_date.date, "long", locale=locale)
    skeleton = "yMMMM" if event_date.precision is Precision.MONTH else "y"
    return format_skeleton(skeleton, event_date.date, locale=locale)


def moment_in_words(at: dt.datetime, language: str) -> str:
    """Return a day and a time, of the zone that `at` is in: 7 December 2017 at 09:00."""
    locale = languages.locale(language)
    both = str(get_datetime_format("long", locale=locale)).replace("'", "")
    clock = format_time(at, "HH:mm", tzinfo=at.tzinfo, locale=locale)
    return both.replace("{0}", clock).replace("{1}", format_date(at, "long", locale=locale))


def noon(event_date: EventDate) -> dt.datetime:
    """Return the instant under which history is published: noon UTC, the first day if unsure."""
    return dt.datetime.combine(event_date.date, dt.time(12), tzinfo=dt.UTC)


def instant(value: str, field: str) -> dt.datetime:
    """Read an RFC 3339 instant and return it in UTC; one without a zone is refused."""
    parts = _INSTANT.fullmatch(value.strip())
    if not parts:
        raise Invalid(field, f"{value!r} is not an instant we can read.", remedy=_INSTANT_REMEDY)
    if not parts["zone"]:
        raise Invalid(field, f"{value!r} names no time zone.", remedy=_INSTANT_REMEDY)
    try:
        return dt.datetime.fromisoformat(value.strip().upper()).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(field, f"there is no instant {value!r}.", remedy=_INSTANT_REMEDY) from error


def rfc3339(moment: dt.datetime) -> str:
    """Write an instant the way `instant` reads it, in UTC."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _reading(value: str) -> str:
    """Say how to write what was probably meant; 10/04/2017 is not ours to decide."""
    parts = _SLASHED.fullmatch(value.strip())
    if not parts:
        return _DATE_REMEDY
    first, second, year = (int(part) for part in parts.groups())
    readings = [_day(year, second, first), _day(year, first, second)]
    known = [reading for reading in readings if reading]
    if len(known) < len(readings) or first == second:
        return f"Write {known[0]}." if known else _DATE_REMEDY
    return (
        f"Write {readings[0]} or {readings[1]}: {value.strip()} is "
        f"{first} {calendar.month_name[second]} in one country and "
        f"{second} {calendar.month_name[first]} in another."
    )


def _day(year: int, month: int, day: int) -> str:
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return ""
