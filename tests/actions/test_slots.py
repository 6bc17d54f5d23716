"""Each local day and week has one run where somebody waits for it, whenever we look."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert
from sqlmodel import Session, col, select

from feedsvc.actions import choose, fan_out, slots
from feedsvc.actions.slots import places
from feedsvc.domain import cadence as calendar
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.tables.ledger import Delivery, DeliveryState, Slot
from feedsvc.domain.tables.people import Cadence, Signer, Subscription
from tests.world import World, world

ANNA = "anna@example.org"
SETTLE = timedelta(minutes=10)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
ODD = (  # every way of changing clocks, and of not being at a whole hour, that is in use
    "UTC",
    "Africa/Casablanca",
    "Africa/Cairo",
    "America/Asuncion",
    "America/Havana",
    "America/Los_Angeles",
    "America/Nuuk",
    "America/Santiago",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Atlantic/Azores",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Norfolk",
    "Pacific/Pago_Pago",
)


@pytest.fixture
def river(here_and_now: World) -> World:
    here_and_now.campaign("river")
    return here_and_now


@pytest.fixture
def embedded(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """Give a world on SQLite only, for what takes long."""
    with world(sqlite_url, tmp_path) as made:
        made.campaign("river")
        yield made


def join(here: World, email: str = ANNA, **fields: Any) -> int:
    """Join, and take the confirm mail out of the way."""
    signer_id = here.join(email, **fields)
    here.send()
    return signer_id


def live(here: World, signer_id: int, zone: str, hour: int, weekday: int = 0) -> None:
    """Choose where and when."""
    place = {"zone": zone, "hour": hour, "weekday": weekday}
    here.write(choose.choose_time, signer_id, keys=here.here.keys, **place)


def look(here: World) -> None:
    """Open what is due."""
    there = here.here
    asked = {"digest": there.settings.digest, "zones": there.zones, "now": here.now}
    while here.write(slots.open_slots, **asked):
        pass


def opened(here: World, cadence: Cadence) -> list[Slot]:
    """List the runs of a cadence that were opened."""
    found = select(Slot).where(Slot.cadence == cadence).order_by(col(Slot.at), col(Slot.id))
    return list(here.read(lambda session: session.exec(found).all()))


def people(session: Session, here: World, zones: list[str], cadences: list[Cadence]) -> None:
    """Let one person of each cadence live in each zone, at hours and days in turn, and wait for ever."""
    (notice_id,) = session.exec(select(Delivery.notice_id).distinct()).all()
    keys = here.here.keys
    for number, zone in enumerate(zones):
        for cadence in cadences:
            signer = Signer(
                zone_tag=keys.tag(zone, Sealed.ZONE),
                domain_tag=b"",
                daily_hour=number * 5 % 24,
                weekly_day=number % 7,
                created_at=here.now,
                signed_up_at=here.now,
            )
            session.add(signer)
            session.flush()
            consent: dict[str, Any] = {
                "consent_source": "test",
                "consent_text": "",
                "consented_at": here.now,
            }
            wish = Subscription(
                signer_id=signer.id or 0,
                campaign_id=1,
                cadence=cadence,
                created_at=here.now,
                confirmed_at=here.now,
                **consent,
            )
            session.add(wish)
            session.flush()
            values = {"notice_id": notice_id, "signer_id": signer.id, "subscription_id": wish.id}
            waiting = {"state": DeliveryState.WAITING, "due_now": False}
            session.execute(insert(Delivery).values(**values, **waiting))


def peopled(here: World, zones: list[str]) -> None:
    """Post news that nobody plans, and let everybody wait for it."""
    join(here)
    here.post()
    asyncio.run(here.tick())
    here.write(people, here, zones, [Cadence.DAILY, Cadence.WEEKLY])


def days(zone: str, hour: int, after: datetime, until: datetime) -> list[date]:
    """List the days of a zone whose hour begins between two instants."""
    first = after.astimezone(ZoneInfo(zone)).date() - DAY
    return [
        day
        for day in (first + n * DAY for n in range((until - after).days + 4))
        if after < calendar.instant(zone, day, hour) <= until
    ]


def test_a_place_where_nobody_waits_has_no_run(river: World) -> None:
    live(river, join(river, "daily@example.org", cadence="daily"), "Asia/Damascus", 20)
    live(river, join(river, "weekly@example.org", cadence="weekly"), "Asia/Damascus", 21)
    river.post()
    river.run_until_planned(days=1)
    tag = river.here.keys.tag("Asia/Damascus", Sealed.ZONE)
    found = [(slot.zone_tag, slot.hour) for slot in opened(river, Cadence.DAILY)]
    assert found == [(tag, 20)]


def test_nothing_opens_where_nothing_waits(river: World) -> None:
    join(river, cadence="daily")
    river.run_until_planned(days=20)
    assert opened(river, Cadence.DAILY) == []


def test_who_comes_late_opens_the_newest_day_only(river: World) -> None:
    join(river, cadence="daily")
    look(river)
    river.post()
    river.run_until_planned(days=10)
    assert len(opened(river, Cadence.DAILY)) == 1


def test_a_very_late_look_goes_by_small_steps(
    river: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "LOOKS", 1)
    live(river, join(river, cadence="daily"), "UTC", 10)
    look(river)
    river.post()
    while river.write(fan_out.fan_out, chunk=10):
        pass
    river.pass_time(days=3)
    there = river.here
    asked = {"digest": there.settings.digest, "zones": there.zones, "now": river.now}
    steps = 1
    while river.write(slots.open_slots, **asked):
        steps += 1
    assert steps == 72
    assert [slot.local_date for slot in opened(river, Cadence.DAILY)] == [date(2026, 3, 4)]


def test_a_clock_that_was_wrong_and_is_put_right_stops_no_run(river: World) -> None:
    live(river, join(river, cadence="daily"), "UTC", 20)
    river.pass_time(days=400)
    look(river)
    river.pass_time(days=-400)
    look(river)
    river.post()
    assert river.run(days=1) == [ANNA]


def test_where_many_live_a_run_opens_without_asking_each(
    river: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "FEW", 2)
    for number in range(2):
        live(river, join(river, f"at-once{number}@example.org"), "UTC", 20)
    live(river, join(river, cadence="daily"), "UTC", 20)
    river.post()
    river.run(minutes=11)
    assert river.run(hours=12) == [ANNA]


@pytest.mark.parametrize("year", [2025, 2026])
def test_every_hour_of_every_zone_begins_with_a_quarter(year: int) -> None:
    noons = [datetime(year, month, 15, 12, tzinfo=UTC) for month in range(1, 13)]
    offsets = {
        noon.astimezone(ZoneInfo(zone)).utcoffset() for zone in calendar.zones() for noon in noons
    }
    assert {(offset or HOUR) % timedelta(minutes=15) for offset in offsets} == {timedelta()}


def test_every_zone_has_each_day_and_hour_once_in_two_years() -> None:
    begin, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    twice, missing = [], []
    for number, zone in enumerate(sorted(calendar.zones())):
        hour, at, seen = number * 5 % 24, begin, Counter[date]()
        while at < end:
            following = min(end, at + 13 * DAY + 7 * HOUR)
            seen.update(day for day, one, _ in calendar.begun(zone, at, following) if one == hour)
            at = following
        twice += [(zone, day) for day, times in seen.items() if times > 1]
        missing += [(zone, day) for day in days(zone, hour, begin, end) if day not in seen]
    assert (twice, missing) == ([], [])
    assert len(calendar.zones()) > 400


def test_two_years_of_clock_changes_have_a_run_for_each_day_and_week(embedded: World) -> None:
    embedded.now = begin = datetime(2025, 1, 1, 0, 10, tzinfo=UTC)
    some = list(ODD[::4])
    peopled(embedded, some)
    while embedded.now < begin + 730 * DAY:
        look(embedded)
        embedded.now += 20 * HOUR
    _check(embedded, some, begin, embedded.now - 20 * HOUR)


def test_four_hundred_zones_have_a_run_for_each_day_and_week(embedded: World) -> None:
    zones = sorted(calendar.zones())[:400]
    embedded.now = begin = datetime(
        2026, 3, 20, 0, 10, tzinfo=UTC
    )  # before clocks change in Europe
    peopled(embedded, zones)
    while embedded.now < begin + 12 * DAY:
        look(embedded)
        embedded.now += 12 * HOUR
    _check(embedded, zones, begin, embedded.now - 12 * HOUR)


def _check(here: World, zones: list[str], begin: datetime, end: datetime) -> None:
    """Compare the runs with the days on the walls, from a week after the beginning on."""
    named = {here.here.keys.tag(zone, Sealed.ZONE): zone for zone in zones}
    settled, start = end - timedelta(minutes=10), begin + WEEK
    for cadence in (Cadence.DAILY, Cadence.WEEKLY):
        found: dict[str, list[date]] = defaultdict(list)
        for slot in opened(here, cadence):
            if slot.zone_tag in named and start < slot.at <= settled and slot.local_date:
                found[named[slot.zone_tag]].append(slot.local_date)
        for number, zone in enumerate(zones):
            wanted = days(zone, number * 5 % 24, start, settled)
            if cadence is Cadence.WEEKLY:
                wanted = [day for day in wanted if day.weekday() == number % 7]
            assert found[zone] == wanted, zone
