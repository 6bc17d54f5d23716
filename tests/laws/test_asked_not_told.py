"""Law 13: a tick that comes late, twice or on two machines puts itself right."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from feedsvc.domain.tables.people import Cadence
from tests.world import World


@pytest.fixture
def three_cadences(here_and_now: World) -> World:
    here_and_now.campaign()
    for cadence in Cadence:
        here_and_now.join(f"{cadence.value}@example.org", cadence=cadence)
    here_and_now.send()
    here_and_now.post()
    return here_and_now


ALL = ["immediate@example.org", "daily@example.org", "weekly@example.org"]


def test_a_tick_that_comes_two_weeks_late_makes_up_for_it(three_cadences: World) -> None:
    assert sorted(three_cadences.run(days=14)) == sorted(ALL)
    assert three_cadences.run(days=14) == []


def test_a_tick_that_comes_on_time_serves_each_in_turn(three_cadences: World) -> None:
    assert three_cadences.run(minutes=9) == []
    assert three_cadences.run(minutes=1) == ["immediate@example.org"]
    assert three_cadences.run(days=1) == ["daily@example.org"]
    assert three_cadences.run(days=6) == ["weekly@example.org"]


def test_a_second_tick_at_the_same_moment_changes_nothing(three_cadences: World) -> None:
    three_cadences.run_until_planned(days=8)
    before = three_cadences.dump()
    asyncio.run(three_cadences.tick())
    assert three_cadences.dump() == before


def test_ticks_on_many_machines_at_once_do_what_one_does(three_cadences: World) -> None:
    three_cadences.pass_time(days=8)

    def tick(_: int) -> None:
        asyncio.run(three_cadences.tick())

    with ThreadPoolExecutor(4) as machines:
        list(machines.map(tick, range(8)))
    assert sorted(three_cadences.run(minutes=1)) == sorted(ALL)
    assert three_cadences.books().sent == 3


def test_an_embargo_that_ended_while_we_were_away_ends_now(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    here_and_now.send()
    here_and_now.post(publish_at=(here_and_now.now + timedelta(hours=1)).isoformat())
    bea = here_and_now.sign_up("bea@example.org")
    assert here_and_now.run(minutes=59) == ["bea@example.org"]  # asked to confirm
    here_and_now.confirm(bea)
    here_and_now.run(days=3)
    assert here_and_now.run(minutes=11) == ["anna@example.org", "bea@example.org"]
