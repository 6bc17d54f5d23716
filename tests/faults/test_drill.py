"""`kill -9`, SIGTERM and an outage in the middle of a mailing; and a checker that sees every bug."""

import os
import signal
import sys
from pathlib import Path

import pytest

from feedsvc.commands.drill.checker import Verdict
from feedsvc.commands.drill.processes import until
from feedsvc.commands.drill.rehearsal import Orders, prepared, rehearse
from feedsvc.commands.drill.report import promises

SIGNERS = 1_500
CONNECTIONS = 4
SPEED = "next mail on restart"
PLANTED = str(Path(__file__).with_name("planted.py"))


def broken(orders: Orders, folder: Path, *program: str) -> list[str]:
    """Run a drill and name the promises that were broken.

    A machine that others keep busy is not judged by how quick it is.
    """
    busy = os.getloadavg()[0] > (os.cpu_count() or 1)
    found = rehearse(orders, folder, program=program or (sys.executable, "-m", "feedsvc"))
    return [
        one.about for one in promises(found) if not one.kept and not (busy and one.about == SPEED)
    ]


def test_a_drill_finds_every_promise_kept(database_url: str, tmp_path: Path) -> None:
    orders = Orders(signers=SIGNERS, kills=3, database=database_url)
    assert broken(orders, tmp_path) == []


@pytest.mark.parametrize(
    ("bug", "seen"),
    [
        ("mark-before-send", "lost"),
        ("checkpoint-at-fetch", "lost"),
        ("random-message-id", "copies that differ"),
    ],
)
def test_a_drill_sees_a_planted_bug(tmp_path: Path, bug: str, seen: str) -> None:
    orders = Orders(signers=SIGNERS, kills=6, sigterms=0, outages=0)
    assert seen in broken(orders, tmp_path, sys.executable, PLANTED, bug)


def test_a_worker_that_was_taken_for_dead_sends_nothing_when_it_wakes(
    postgresql_url: str, tmp_path: Path
) -> None:
    found = stopped_past_its_lease(postgresql_url, tmp_path, "short-lease")
    assert found.clean
    assert found.repeats.total() <= CONNECTIONS


def test_the_checker_sees_claims_without_an_epoch(postgresql_url: str, tmp_path: Path) -> None:
    found = stopped_past_its_lease(postgresql_url, tmp_path, "no-epoch")
    assert found.repeats.total() > CONNECTIONS


def stopped_past_its_lease(database_url: str, folder: Path, bug: str) -> Verdict:
    """Stop one of two workers with claims in its hands, and wake it when the other has sent them."""
    orders = Orders(signers=SIGNERS, kills=0, connections=CONNECTIONS, database=database_url)
    with prepared(orders, folder, [sys.executable, PLANTED, bug]) as exercise:
        exercise.start()
        assert exercise.reach(SIGNERS // 5)
        sleeper, other = exercise.workers
        assert until(lambda: sleeper.up and other.up, 20)
        exercise.note("stop")
        sleeper.tell(signal.SIGSTOP)
        assert until(lambda: "took over" in other.words, 20)
        assert exercise.more(SIGNERS // 10)
        exercise.note("wake")
        sleeper.tell(signal.SIGCONT)
        assert exercise.finish(SIGNERS)
        return exercise.verdict()
