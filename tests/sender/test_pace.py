"""How fast to go: turns at a rate, and rests that grow while the relay is in trouble."""

import asyncio
from collections.abc import Coroutine
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from feedsvc.domain.outcome import Kind, Outcome, Stage, outcome_of
from feedsvc.sender import pace
from feedsvc.sender.pace import IN_A_ROW, LOGIN_REST, LONGEST_REST, Pace
from tests.sender.crowds import crowded
from tests.sender.scripted import ScriptedRelay

DOWN = outcome_of(Stage.CONNECT, None)
REQUEUED = outcome_of(Stage.DATA, None)
DEAD = outcome_of(Stage.RCPT, 550, text="5.1.1 user unknown")
NOT_LET_IN = outcome_of(Stage.EHLO, 535)


class Time:
    """A clock that sleepers push on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    async def wait_for(self, waited: Coroutine[Any, Any, bool], seconds: float) -> None:
        waited.close()
        self.now += max(0.0, seconds)
        raise TimeoutError


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(pace, "time", made)
    asleep = SimpleNamespace(Event=asyncio.Event, wait_for=made.wait_for)
    monkeypatch.setattr(pace, "asyncio", asleep)
    monkeypatch.setattr(pace, "random", SimpleNamespace(uniform=lambda _low, _high: 1.0))
    return made


async def test_mails_keep_to_the_rate_on_the_average_and_from_one_to_the_next(time: Time) -> None:
    going = Pace(4.0)
    at = []
    for _ in range(9):
        await going.turn()
        at.append(time.now)
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert gaps == pytest.approx([0.25] * 8)


async def test_a_pause_is_not_made_up_for(time: Time) -> None:
    going = Pace(4.0)
    await going.turn()
    time.now += 60
    begun = time.now
    for _ in range(5):
        await going.turn()
    assert time.now - begun == pytest.approx(1.0)


async def test_an_urgent_mail_waits_for_no_turn_and_counts_as_one(time: Time) -> None:
    going = Pace(1.0)
    await going.turn()
    begun = time.now
    await going.turn(urgent=True)
    assert time.now == begun
    await going.turn()
    assert time.now == pytest.approx(begun + 2)


async def test_without_a_rate_nobody_waits(time: Time) -> None:
    going = Pace(0)
    for _ in range(100):
        await going.turn()
    assert time.now == 1000.0
    assert not going.unhurried


async def test_several_connections_together_keep_to_the_rate() -> None:
    going = Pace(200.0)
    turns = 0

    async def connection() -> None:
        nonlocal turns
        while True:
            await going.turn()
            turns += 1

    lanes = [asyncio.create_task(connection()) for _ in range(5)]
    await asyncio.sleep(0.3)
    for one in lanes:
        one.cancel()
    await asyncio.gather(*lanes, return_exceptions=True)
    assert 0 < turns <= 62  # a slow machine makes it fewer, never more


def test_rests_grow_to_five_minutes_and_begin_anew_after_a_mail(time: Time) -> None:
    going = Pace(0)
    rests = []
    for _ in range(11):
        going.trouble(DOWN, "no route")
        rests.append(going.rest_seconds)
        time.now += going.rest_seconds
    assert rests[:4] == [1, 2, 4, 8]
    assert rests[-1] == LONGEST_REST
    going.taken()
    assert going.problem == ""
    going.trouble(DOWN, "no route")
    assert going.rest_seconds == 1


def test_several_connections_that_meet_the_same_trouble_rest_once(time: Time) -> None:
    going = Pace(0)
    for _ in range(20):
        going.trouble(DOWN, "no route")
    assert going.rest_seconds == 1


def test_while_it_rests_nothing_starts_and_afterwards_one_connection_tries(time: Time) -> None:
    going = Pace(0)
    going.trouble(DOWN, "no route")
    assert not going.going
    assert not going.may_try()
    time.now += 1.1
    assert [going.may_try() for _ in range(3)] == [True, False, False]
    going.tried()
    assert going.may_try()


def test_a_login_that_is_refused_is_not_tried_again_soon(time: Time) -> None:
    going = Pace(0)
    going.trouble(NOT_LET_IN, "535 no")
    assert going.rest_seconds == LOGIN_REST


def test_five_mails_in_a_row_that_come_back_are_a_reason_to_rest(time: Time) -> None:
    going = Pace(0)
    for number in range(IN_A_ROW):
        assert not going.resting, number
        going.heard(REQUEUED, Stage.DATA, None, "closed")
    assert going.resting


def test_a_refusal_of_one_address_says_that_the_relay_is_well(time: Time) -> None:
    going = Pace(0)
    for _ in range(IN_A_ROW - 1):
        going.heard(REQUEUED, Stage.DATA, None, "closed")
    going.heard(DEAD, Stage.RCPT, 550, "user unknown")
    going.heard(REQUEUED, Stage.DATA, None, "closed")
    assert not going.resting


@pytest.mark.parametrize(("code", "rebuffs"), [(550, 1), (452, 0), (421, 0)])
def test_only_a_final_no_to_the_sender_counts_towards_a_halt(
    time: Time, code: int, rebuffs: int
) -> None:
    going = Pace(0)
    going.heard(outcome_of(Stage.MAIL, code), Stage.MAIL, code, "no")
    assert going.rebuffs_in_a_row == rebuffs


def test_every_kind_of_outcome_is_counted(time: Time) -> None:
    going = Pace(0)
    for kind in set(Kind) - {Kind.GO_ON, Kind.SENT}:
        going.heard(Outcome(kind), Stage.RCPT, 450, "")
    going.taken()
    assert going.sent == 1
    assert going.counts.total() == len(Kind) - 1


async def test_stopping_does_not_wait_for_the_turns_of_mails(tmp_path: Path, hurried: None) -> None:
    async with crowded(tmp_path, ScriptedRelay(), 20, connections=3, rate_per_second=1) as here:
        await here.start()
        await here.until(lambda: here.sender.pace.sent == 1)
        begun = asyncio.get_running_loop().time()
        await here.sender.stop()
        here.started = False
        assert asyncio.get_running_loop().time() - begun < 0.9


async def test_a_sender_sends_no_more_than_its_rate(tmp_path: Path, hurried: None) -> None:
    async with crowded(tmp_path, ScriptedRelay(), 60, connections=3, rate_per_second=20) as here:
        begun = asyncio.get_running_loop().time()
        await here.start()
        await here.until(lambda: here.sender.pace.sent >= 5)
        passed = asyncio.get_running_loop().time() - begun
        assert here.sender.pace.sent <= 20 * passed + 2


def test_what_is_wrong_with_the_database_is_said_until_it_answers(time: Time) -> None:
    going = Pace(0)
    going.database_away("The database is locked.")
    going.taken()
    assert going.problem == "The database is locked."
    going.database_back()
    assert going.problem == ""


def test_a_database_that_is_away_keeps_no_connection_from_being_opened(time: Time) -> None:
    going = Pace(0)
    going.database_away("The database is locked.")
    assert [going.may_try() for _ in range(3)] == [True] * 3
