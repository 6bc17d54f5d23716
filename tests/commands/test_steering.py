"""`feedsvc pause`, `resume` and `cancel` steer a mailing; `feedsvc books --watch` looks on."""

import time
from collections.abc import Callable

import pytest
from typer.testing import Result

from feedsvc.actions import steer
from feedsvc.errors import Conflict, NotFound
from feedsvc.records.books import MailingState
from tests.world import World

ANNA = "anna@example.org"
Run = Callable[..., Result]


@pytest.fixture
def queued(here_and_now: World) -> World:
    """Give a world with one mail in the queue."""
    here_and_now.campaign()
    here_and_now.join(ANNA)
    here_and_now.send()
    here_and_now.post()
    here_and_now.run_until_planned()
    return here_and_now


def test_a_pause_is_answered_with_the_books(run: Run, queued: World) -> None:
    result = run("pause", queued.books().update)
    assert (result.exit_code, queued.books().state) == (0, MailingState.PAUSED)
    assert "balanced" in result.stdout
    assert result.stdout.rstrip().endswith("paused")


def test_a_paused_mailing_is_resumed(run: Run, queued: World) -> None:
    uid = queued.books().update
    run("pause", uid)
    assert run("resume", uid).exit_code == 0
    assert queued.run(seconds=1) == [ANNA]


@pytest.mark.parametrize(("said", "cancelled"), [("y\n", True), ("n\n", False), (None, False)])
def test_cancel_asks_first(
    run: Run,
    queued: World,
    said: str | None,
    cancelled: bool,  # noqa: FBT001  a case
) -> None:
    result = run("cancel", queued.books().update, stdin=said)
    assert (result.exit_code == 0) is cancelled
    assert (queued.books().state is MailingState.CANCELLED) is cancelled


def test_cancel_does_not_ask_when_nobody_waits(run: Run, queued: World) -> None:
    queued.send()
    result = run("cancel", queued.books().update)
    assert result.exit_code == 1
    assert "Cancel for good?" not in result.output


def test_cancel_does_not_ask_who_has_said_yes(run: Run, queued: World) -> None:
    assert run("cancel", queued.books().update, "--yes").exit_code == 0
    assert queued.books().state is MailingState.CANCELLED


def test_orders_are_audited_as_the_command_line(run: Run, queued: World) -> None:
    run("pause", queued.books().update)
    assert ("command line", "pause mailing") in {row[2:4] for row in queued.dump()["audit_line"]}


def test_what_cannot_be_steered_says_so(run: Run, queued: World) -> None:
    assert isinstance(run("pause", "nothing").exception, NotFound)
    queued.send()
    assert isinstance(run("pause", queued.books().update).exception, Conflict)


def test_watching_ends_when_nothing_is_in_hand(run: Run, queued: World) -> None:
    queued.send()
    result = run("books", queued.books().update, "--watch")
    assert result.exit_code == 0
    assert "eligible 1 = sent 1" in result.stdout
    assert "1/1" in result.stderr


def test_watching_goes_on_until_it_is_so(
    run: Run, queued: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            queued.send()

    monkeypatch.setattr(time, "sleep", sleep)
    result = run("books", queued.books().update, "--watch")
    assert (result.exit_code, len(slept)) == (0, 3)
    assert "sent 1" in result.stdout


def test_ctrl_c_ends_watching_and_shows_the_books(
    run: Run, queued: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupted)
    result = run("books", queued.books().update, "--watch")
    assert result.exit_code == 0
    assert "queued 1" in result.stdout


def test_only_one_update_is_watched(run: Run, queued: World) -> None:
    assert run("books", "--watch").exit_code == 2


def test_the_books_say_why_a_mailing_has_halted(run: Run, queued: World) -> None:
    [(_, mail)] = queued.mails()
    queued.write(steer.halt, mail.digest_id, "Nothing goes.", now=queued.now)
    assert "halted, Nothing goes." in run("books").stdout
