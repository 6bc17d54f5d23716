"""What time it is where: time zones found by the clock on the wall. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from feedsvc.domain.cadence import zones

AREAS: Final = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic"),
    *("Australia", "Europe", "Indian", "Pacific"),
)
PLACES: Final = (
    *("Europe/London", "Europe/Berlin", "Asia/Damascus", "Africa/Cairo", "Europe/Istanbul"),
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("Australia/Sydney", "Australia/Brisbane", "Australia/Adelaide", "Australia/Perth"),
    *("Asia/Dubai", "Asia/Tehran", "Asia/Kabul", "Asia/Karachi", "Asia/Kolkata"),
    *("Asia/Kathmandu", "Asia/Dhaka", "Asia/Yangon", "Asia/Jakarta", "Asia/Shanghai"),
    *("Asia/Tokyo", "America/Sao_Paulo", "America/Caracas", "America/Bogota"),
    *("America/Halifax", "America/St_Johns", "America/Anchorage", "Pacific/Honolulu"),
    *("Pacific/Auckland", "Pacific/Fiji", "Pacific/Apia", "Atlantic/Azores", "Africa/Lagos"),
    *("Africa/Johannesburg", "Europe/Moscow", "Africa/Nairobi", "Atlantic/Cape_Verde"),
)
"""Who has the same time as several zones is most likely in the first of these."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The time in a zone that stands for all where it is the same time now."""

    zone: str
    at: datetime


@lru_cache(maxsize=1)
def places() -> tuple[str, ...]:
    """Name the zones that people live in, by continent and city."""
    return tuple(sorted(zone for zone in zones() if zone.partition("/")[0] in AREAS))


def local_times(own: str, now: datetime) -> list[LocalTime]:
    """Return each time that it is somewhere now, from west to east; `own` stands for its like."""
    found: dict[object, LocalTime] = {}
    for zone in _by_likelihood(own):
        at = now.astimezone(ZoneInfo(zone))
        found.setdefault(at.utcoffset(), LocalTime(zone, at))
    return sorted(found.values(), key=lambda one: one.at.replace(tzinfo=None))


def _by_likelihood(own: str) -> Iterable[str]:
    return dict.fromkeys((own, *PLACES, *places()))
