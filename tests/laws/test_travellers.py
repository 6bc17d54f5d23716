"""Law 4 for who travels: never two daily digests within twelve hours, one weekly digest a week."""

import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from feedsvc.actions import fan_out, plan
from feedsvc.domain import cadence as calendar
from feedsvc.domain.tables.people import Cadence
from tests.actions.test_slots import DAY, HOUR, SETTLE, days, join, live, look
from tests.laws.ledger.base import empty
from tests.world import START, World

ZONES = ("UTC", "Pacific/Kiritimati", "Pacific/Honolulu", "Australia/Sydney", "Asia/Kathmandu")
SEASONS = (START, datetime(2026, 9, 20, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC))
"""Before clocks change in Sydney, twice, and over a new year."""

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
HABITS = settings(
    max_examples=500 if LONG else 24,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Stay(NamedTuple):
    """So long in one place, getting up at some hour."""

    steps: int
    zone: str
    hour: int


class Served(NamedTuple):
    """A digest: of which local day, when it came, and what it brought: all that arrived before."""

    on: date
    at: datetime
    before: datetime


@dataclass
class Traveller:
    """Who hears daily or weekly, as the rules have it: where they are, and what they were served."""

    cadence: Cadence
    weekday: int
    step: timedelta
    here: Stay
    news: list[datetime] = field(default_factory=list)
    served: list[Served] = field(
        default_factory=lambda: [Served(LONG_AGO.date(), LONG_AGO, LONG_AGO)]
    )

    def hears(self, now: datetime) -> bool:
        """Whether a digest must come in the step that ends now."""
        for day in days(self.here.zone, self.here.hour, now - self.step - SETTLE, now - SETTLE):
            at = calendar.instant(self.here.zone, day, self.here.hour)
            if self._may(day, now) and any(self.served[-1].before <= one < at for one in self.news):
                self.served.append(Served(day, now, at))
                return True
        return False

    def _may(self, day: date, now: datetime) -> bool:
        last = self.served[-1]
        if self.cadence is Cadence.DAILY:
            return day > last.on and now - last.at >= 12 * HOUR
        return day > last.on and day.weekday() == self.weekday


class Journey:
    """A traveller in a real world: each step something may be posted, and what is due is planned."""

    def __init__(self, here: World, traveller: Traveller) -> None:
        self._here, self._model = here, traveller
        here.write(empty)
        here.campaign()
        self._anna = join(here, cadence=traveller.cadence)
        self._arrive(traveller.here)
        look(here)

    def stay(self, stay: Stay, news_every: int) -> None:
        """Be somewhere; compare at every step who must hear with who is written to."""
        self._arrive(stay)
        for step in range(stay.steps):
            if step % news_every == 0:
                self._post()
            self._here.now += self._model.step
            assert self._mailed() == self._model.hears(self._here.now)

    def _post(self) -> None:
        self._here.post(title=self._here.now.isoformat())
        self._model.news.append(self._here.now)
        while self._here.write(fan_out.fan_out, chunk=100) is not None:
            pass

    def _arrive(self, stay: Stay) -> None:
        self._model.here = stay
        live(self._here, self._anna, stay.zone, stay.hour, self._model.weekday)

    def _mailed(self) -> bool:
        """Open and plan what is due, and send it; return whether a digest went out."""
        here, runs = self._here, 0
        look(here)
        pieces = {"composer": here.here.composer, "keys": here.here.keys}
        while here.write(plan.plan, **pieces, chunk=100, now=here.now) is not None:
            runs += 1
        mails = len(here.send()) if runs else 0
        assert mails <= 1
        return mails == 1


def stays(longest: int) -> st.SearchStrategy[list[Stay]]:
    stay = st.builds(Stay, st.integers(1, longest), st.sampled_from(ZONES), st.integers(0, 23))
    return st.lists(stay, max_size=4)


@HABITS
@given(season=st.sampled_from(SEASONS), travels=stays(30))
@example(season=START, travels=[Stay(12, "UTC", 8), Stay(20, "Pacific/Kiritimati", 9)])
def test_a_traveller_has_twelve_hours_between_two_daily_digests_and_loses_no_day(
    fast_world: World, season: datetime, travels: list[Stay]
) -> None:
    fast_world.now = season.replace(hour=0, minute=10)
    home = Stay(52, "UTC", 8)
    anna = Traveller(Cadence.DAILY, 0, HOUR, home)
    journey = Journey(fast_world, anna)
    for stay in [*travels, home]:
        journey.stay(stay, news_every=6)
    times = [served.at for served in anna.served[1:]]
    assert len(times) > 1
    assert all(later - earlier >= 12 * HOUR for earlier, later in pairwise(times))


@HABITS
@given(season=st.sampled_from(SEASONS), weekday=st.integers(0, 6), travels=stays(30))
@example(START, 1, [Stay(3, "Pacific/Kiritimati", 0), Stay(6, "Pacific/Honolulu", 8)])
def test_a_traveller_has_one_weekly_digest_in_each_local_week(
    fast_world: World, season: datetime, weekday: int, travels: list[Stay]
) -> None:
    fast_world.now = season.replace(hour=0, minute=10)
    home = Stay(56, "UTC", 8)
    anna = Traveller(Cadence.WEEKLY, weekday, 6 * HOUR, home)
    journey = Journey(fast_world, anna)
    for stay in [*travels, home]:
        journey.stay(stay, news_every=8)
    on = [served.on for served in anna.served[1:]]
    weeks = [day.isocalendar()[:2] for day in on]
    assert len(weeks) == len(set(weeks)) > 0
    assert {day.weekday() for day in on} == {weekday}
    assert travels or all(later - earlier == 7 * DAY for earlier, later in pairwise(on))
