"""A group of domains that says it is too much gets half as much, and others go on meanwhile."""

from pathlib import Path

import pytest

from feedsvc.domain.outcome import Outcome, Stage, outcome_of
from feedsvc.gateways import relay
from feedsvc.sender.windows import ON_ONE, TAKEN_FOR_ONE_MORE, Windows
from tests.sender.acts import say, say_and_close, silent
from tests.sender.crowds import CROWD, crowded, states, twice
from tests.sender.scripted import ScriptedRelay, Step
from tests.sender.trial import BERT

GMAIL, YAHOO = b"gmail", b"yahoo"
TAKEN = outcome_of(Stage.DOT, 250)
TOO_MUCH = outcome_of(Stage.RCPT, 421, text="4.7.0 too much")
CONNECTIONS = 10
WIDEST = CONNECTIONS * ON_ONE


def width(windows: Windows, group: bytes = GMAIL) -> int:
    """Find out how many mails may be under way at once."""
    entered = 0
    while windows.open(group) and entered <= WIDEST:
        windows.enter(group)
        entered += 1
    for _ in range(entered):
        windows.leave(group)
    return entered


def after(windows: Windows, *outcomes: Outcome) -> int:
    """Return the width after some mails."""
    for outcome in outcomes:
        windows.enter(GMAIL)
        windows.leave(GMAIL, outcome)
    return width(windows)


def test_a_group_may_fill_all_connections_until_it_complains() -> None:
    assert width(Windows(CONNECTIONS)) == WIDEST


@pytest.mark.parametrize("code", [421, 450])
@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DATA, Stage.DOT])
def test_too_much_halves_the_window(stage: Stage, code: int) -> None:
    outcome = outcome_of(stage, code, text="4.7.28 too much")
    assert after(Windows(CONNECTIONS), outcome) == WIDEST // 2


def test_a_deferral_for_another_reason_changes_nothing() -> None:
    greylisted = outcome_of(Stage.RCPT, 450, text="4.2.1 greylisted")
    assert after(Windows(CONNECTIONS), greylisted) == WIDEST


def test_a_window_is_never_below_one() -> None:
    assert after(Windows(CONNECTIONS), *[TOO_MUCH] * 50) == 1


def test_a_hundred_that_are_taken_widen_the_window_by_one() -> None:
    windows = Windows(CONNECTIONS)
    narrow = after(windows, TOO_MUCH, TOO_MUCH)
    assert after(windows, *[TAKEN] * (TAKEN_FOR_ONE_MORE - 1)) == narrow + 1 or narrow == WIDEST
    assert after(windows, *[TAKEN] * TAKEN_FOR_ONE_MORE) == narrow + 2


def test_a_window_is_never_wider_than_all_connections() -> None:
    windows = Windows(CONNECTIONS)
    after(windows, TOO_MUCH)
    assert after(windows, *[TAKEN] * TAKEN_FOR_ONE_MORE * (WIDEST + 1)) == WIDEST


def test_one_group_does_not_narrow_another() -> None:
    windows = Windows(CONNECTIONS)
    after(windows, TOO_MUCH)
    assert width(windows, YAHOO) == WIDEST


def test_a_mail_that_was_not_sent_at_all_teaches_nothing() -> None:
    windows = Windows(CONNECTIONS)
    windows.enter(GMAIL)
    windows.leave(GMAIL)
    assert width(windows) == WIDEST


def test_the_groups_to_which_nothing_more_may_go_are_named() -> None:
    windows = Windows(1)
    after(windows, TOO_MUCH)
    windows.enter(GMAIL)
    windows.enter(YAHOO)
    assert list(windows.shut()) == [GMAIL]


def test_a_thousand_domains_that_refuse_leave_nothing_behind() -> None:
    windows = Windows(CONNECTIONS)
    refused = outcome_of(Stage.RCPT, 550, text="5.1.1 user unknown")
    for number in range(1000):
        group = str(number).encode()
        assert windows.open(group)
        windows.enter(group)
        windows.leave(group, refused)
    assert windows._width == {}  # noqa: SLF001  what it remembers is the point
    assert not windows.inside


@pytest.mark.parametrize("act", [say_and_close("421 4.7.0 too much"), say("450 4.7.0 too much")])
async def test_others_go_on_while_one_domain_says_it_is_too_much(
    tmp_path: Path, hurried: None, act: object
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 12, BERT, connections=2) as here:
        scripted.on(Step.RCPT, act, CROWD, times=10_000)  # type: ignore[arg-type]  # an Act
        await here.start()
        await here.until(lambda: here.mail(BERT).state == "sent")
        assert states(here.world)["sent"] == 1
        scripted.forget()
        await here.settles()  # what was deferred meanwhile is on disk
        here.world.pass_time(minutes=7)
        await here.until(lambda: states(here.world)["sent"] == 13)
        assert here.blamed() == []
        assert twice(scripted) == []


async def test_a_slow_domain_whose_window_is_shut_does_not_fill_the_line(
    tmp_path: Path, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(relay.PATIENCE, Stage.RCPT, 60.0)
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 100, BERT, connections=2) as here:
        scripted.on(Step.RCPT, say("450 4.7.0 too much"), CROWD, times=2)
        scripted.on(Step.RCPT, silent(), CROWD, times=10_000)
        await here.start()
        await here.until(lambda: here.mail(BERT).state == "sent", 3.0)
        await scripted.stop()
