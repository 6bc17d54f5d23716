"""So many in so long, and whose turn comes when: one instant says it all (GCRA)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST = timedelta(hours=23)
"""Nobody waits longer; with the hour until it is tidied, a tag is forgotten within a day (TRUST 4)."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `number` within a span."""

    number: int
    within: timedelta

    @property
    def apart(self) -> timedelta:
        """How far apart they come once the first lot has gone."""
        return self.within / self.number

    def turn(self, full_until: datetime | None, now: datetime) -> datetime:
        """Return when the next may go; `full_until` is when the bucket will have run dry."""
        return max(now, self._filled(full_until, now) - self.within)

    def after(self, full_until: datetime | None, now: datetime) -> datetime:
        """Return until when the bucket is full once that turn is taken."""
        return self._filled(full_until, now)

    def _filled(self, full_until: datetime | None, now: datetime) -> datetime:
        return min(max(full_until or now, now) + self.apart, now + LONGEST)


def from_network(number: int) -> Allowance:
    """Say how many sign-ups of one network are asked to confirm at once."""
    return Allowance(number, timedelta(minutes=10))


def to_all(number: int) -> Allowance:
    """Say how many are asked to confirm within the hour."""
    return Allowance(number, timedelta(hours=1))
