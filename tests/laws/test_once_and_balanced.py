"""Laws 1, 2, 3, 4, 7 and 13 in any order of events, on both databases."""

import os

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from feedsvc.domain import halts
from tests.laws.ledger.machine import Ledger
from tests.world import World

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
STEPS = 100 if LONG else 40


def test_everyone_is_sent_everything_once_and_the_books_balance(welcoming_world: World) -> None:
    machine = type("Machine", (Ledger,), {"world": welcoming_world})
    habits = settings(max_examples=(50_000 if LONG else 2_000) // STEPS, stateful_step_count=STEPS)
    run_state_machine_as_test(machine, settings=habits)


def test_the_same_holds_when_every_mailing_begins_with_a_share(
    quick_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halts, "AT_LEAST", 1)
    machine = type("Machine", (Ledger,), {"world": quick_world})
    habits = settings(max_examples=(10_000 if LONG else 600) // STEPS, stateful_step_count=STEPS)
    run_state_machine_as_test(machine, settings=habits)
