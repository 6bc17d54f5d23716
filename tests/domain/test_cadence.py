"""Local hours over every change of the clocks."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feedsvc.domain.cadence import Period, instant, latest, served, settled, zones
from feedsvc.domain.tables.people import Cadence

SETTLE = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)

hours = st.integers(0, 23)
moments = st.datetimes(datetime(2015, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis adds the zone
places = st.sampled_from(
    [
        "UTC",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Europe/London",
        "Asia/Damascus",
        "Pacific/Apia",
        "America/St_Johns",
    ]
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "hour", "begins"),
    [
        ("Australia/Sydney", "2017-04-01", 2, "2017-03-31T15:00"),
        ("Australia/Sydney", "2017-04-02", 2, "2017-04-01T15:00"),  # twice: the first
        ("Australia/Sydney", "2017-04-02", 3, "2017-04-01T17:00"),
        ("Australia/Sydney", "2017-10-01", 1, "2017-09-30T15:00"),
        ("Australia/Sydney", "2017-10-01", 2, "2017-09-30T16:00"),  # skipped: when it has jumped
        ("Australia/Sydney", "2017-10-01", 3, "2017-09-30T16:00"),
        ("Australia/Sydney", "2026-10-04", 2, "2026-10-03T16:00"),
        ("Australia/Sydney", "2026-10-04", 8, "2026-10-03T21:00"),
        ("Australia/Lord_Howe", "2017-04-02", 2, "2017-04-01T15:30"),  # half an hour back
        ("Australia/Lord_Howe", "2017-10-01", 2, "2017-09-30T15:30"),  # half an hour on
        ("Australia/Lord_Howe", "2017-10-01", 3, "2017-09-30T16:00"),
        ("Europe/London", "2026-03-29", 1, "2026-03-29T01:00"),  # skipped
        ("Europe/London", "2026-10-25", 1, "2026-10-25T00:00"),  # twice
        ("Europe/London", "2026-10-25", 8, "2026-10-25T08:00"),
        ("Asia/Damascus", "2017-03-31", 0, "2017-03-30T22:00"),  # midnight is skipped
        (
            "Asia/Damascus",
            "2017-10-27",
            0,
            "2017-10-26T22:00",
        ),  # back to 23:00, so midnight comes once
        ("Asia/Damascus", "2022-10-28", 0, "2022-10-27T21:00"),  # stayed on summer time for good
        ("Asia/Damascus", "2026-01-15", 8, "2026-01-15T05:00"),
    ],
)
def test_an_hour_begins_once(zone: str, day: str, hour: int, begins: str) -> None:
    assert instant(zone, date.fromisoformat(day), hour) == utc(begins)


def test_the_newest_period_begins_at_its_hour_and_is_planned_when_it_has_settled() -> None:
    eight = utc("2026-10-03T21:00")  # Sydney, on the day the clocks go forward
    early, late = (
        latest(Cadence.DAILY, "Australia/Sydney", 8, -1, SETTLE, moment)
        for moment in (eight + SETTLE - MINUTE, eight + SETTLE)
    )
    assert (early.local_date, late.local_date) == (date(2026, 10, 3), date(2026, 10, 4))
    assert late.at == eight


def test_a_weekly_period_is_on_its_weekday() -> None:
    period = latest(Cadence.WEEKLY, "Europe/London", 8, 3, SETTLE, utc("2026-10-28T12:00"))
    assert period == Period(Cadence.WEEKLY, date(2026, 10, 22), utc("2026-10-22T07:00"))


@given(zone=places, hour=hours, now=moments)
@example(zone="Australia/Sydney", hour=2, now=utc("2017-04-01T16:30"))
@example(zone="Asia/Damascus", hour=0, now=utc("2017-03-30T22:00"))
def test_the_newest_period_is_never_in_the_future_nor_two_days_old(
    zone: str, hour: int, now: datetime
) -> None:
    period = latest(Cadence.DAILY, zone, hour, -1, SETTLE, now)
    assert timedelta() <= now - period.at - SETTLE < timedelta(hours=26)
    assert period.at == instant(zone, period.local_date, hour)


@given(zone=places, hour=hours, start=moments)
def test_days_follow_one_another_without_a_gap(zone: str, hour: int, start: datetime) -> None:
    steps = (start + timedelta(hours=n) for n in range(24 * 4))
    days = [latest(Cadence.DAILY, zone, hour, -1, SETTLE, now).local_date for now in steps]
    jumps = {after - before for before, after in pairwise(days)}
    assert jumps <= {timedelta(0), timedelta(days=1)}


@given(zone=places, hour=hours, weekday=st.integers(0, 6), now=moments)
def test_a_week_has_its_day(zone: str, hour: int, weekday: int, now: datetime) -> None:
    period = latest(Cadence.WEEKLY, zone, hour, weekday, SETTLE, now)
    assert period.local_date.weekday() == weekday
    assert now - period.at < timedelta(days=7, hours=3)


def test_a_traveller_has_twelve_hours_between_two_daily_digests() -> None:
    had_at = utc("2026-03-01T18:10")  # 8:10 on 2 March in Kiritimati
    had_on = had_at.astimezone(ZoneInfo("Pacific/Kiritimati")).date()
    next_day = Period(Cadence.DAILY, had_on + timedelta(days=1), had_at)
    assert served(next_day, had_on, had_at, had_at + timedelta(hours=11, minutes=59))
    assert not served(next_day, had_on, had_at, had_at + timedelta(hours=12))


def test_a_traveller_is_not_served_the_same_date_twice() -> None:
    same_day = Period(Cadence.DAILY, date(2026, 3, 2), utc("2026-03-02T16:00"))
    assert served(same_day, date(2026, 3, 2), utc("2026-03-01T18:10"), utc("2026-03-02T16:10"))


def test_a_daily_digest_does_not_hold_back_the_weekly_one() -> None:
    week = Period(Cadence.WEEKLY, date(2026, 3, 2), utc("2026-03-02T08:00"))
    assert not served(week, date(2026, 2, 23), utc("2026-03-02T08:10"), utc("2026-03-02T08:10"))


@pytest.mark.parametrize(
    ("arrived_minutes_ago", "ready"),
    [([], False), ([9], False), ([10], True), ([12, 9], False), ([29, 1], False), ([30, 1], True)],
)
def test_news_settles_from_the_newest_but_at_most_three_times(
    arrived_minutes_ago: list[int],
    ready: bool,  # noqa: FBT001  a column of the table
) -> None:
    now = utc("2026-03-02T12:00")
    arrivals = [now - timedelta(minutes=minutes) for minutes in arrived_minutes_ago]
    assert settled(arrivals, SETTLE, now) is ready


def test_the_zones_are_those_people_live_in() -> None:
    assert {"Asia/Damascus", "Europe/London", "UTC"} <= zones()
    assert "localtime" not in zones()
