"""What may be sent on a day: a cap in all, and a share for each group while the sender is new."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from feedsvc.actions.deliver import Claim
from feedsvc.config import MailSettings
from feedsvc.records.snapshots import Kept
from feedsvc.sender import claiming
from feedsvc.sender.allowance import Allowance
from tests.sender.crowds import crowded, restart, states
from tests.sender.scripted import ScriptedRelay
from tests.sender.trial import ANNA, BERT

FIRST = date(2026, 3, 2)
KEPT = Kept(1, None, None, None, None, None, None)
GMAIL, YAHOO = b"gmail", b"yahoo"
UNDER_WAY = 2


def allowance(**mail: Any) -> Allowance:
    """Make the allowance of some settings."""
    return Allowance(MailSettings.model_validate(mail))


def warming(*steps: int) -> Allowance:
    """Begin a warm-up on the first day."""
    return allowance(warm_up_from=FIRST, warm_up=steps)


def left(made: Allowance, sent: Counter[bytes], day: date = FIRST) -> tuple[int, set[bytes]]:
    """Return what the cap leaves, and the groups that have had their share."""
    made.look(day, sent)
    return made.left(Counter()), made.spent(Counter())


def claims(*groups: bytes) -> list[Claim]:
    """Claim a mail to each."""
    return [Claim(n, 1, group, False, None, None, KEPT) for n, group in enumerate(groups)]


def test_without_a_cap_there_is_no_limit() -> None:
    assert not allowance().limited
    room, spent = left(allowance(), Counter({GMAIL: 100_000}))
    assert (room > 100_000, spent) == (True, set())


@pytest.mark.parametrize(("used", "room"), [(0, 100), (95, 5), (100, 0), (103, -3)])
def test_a_cap_counts_all_groups_together(used: int, room: int) -> None:
    sent = Counter({GMAIL: used - used // 3, YAHOO: used // 3})
    assert left(allowance(daily_cap=100), sent) == (room, set())


def test_what_is_in_hand_counts_as_sent() -> None:
    both = allowance(daily_cap=100, warm_up_from=FIRST, warm_up=(50,))
    both.look(FIRST, Counter({GMAIL: 40}))
    assert both.left(Counter({GMAIL: 10})) == 50
    assert both.spent(Counter({GMAIL: 10})) == {GMAIL}


def test_a_group_that_has_had_its_share_is_named() -> None:
    assert left(warming(50, 100), Counter({GMAIL: 50, YAHOO: 49}))[1] == {GMAIL}


def test_the_second_day_allows_the_second_step() -> None:
    tomorrow = FIRST + timedelta(days=1)
    assert left(warming(50, 100), Counter({GMAIL: 99}), tomorrow)[1] == set()
    assert left(warming(50, 100), Counter({GMAIL: 100}), tomorrow)[1] == {GMAIL}


def test_after_the_last_step_there_is_no_limit() -> None:
    later = FIRST + timedelta(days=2)
    assert left(warming(50, 100), Counter({GMAIL: 9_999}), later)[1] == set()


def test_before_the_warm_up_its_first_step_holds() -> None:
    early = FIRST - timedelta(days=3)
    assert left(warming(50), Counter({GMAIL: 50}), early)[1] == {GMAIL}


def test_of_what_was_claimed_each_group_keeps_what_its_share_allows() -> None:
    made = warming(50)
    made.look(FIRST, Counter({GMAIL: 48}))
    some = claims(GMAIL, GMAIL, YAHOO, GMAIL, YAHOO)
    assert made.within(some, Counter({GMAIL: 1})) == [some[0], some[2], some[4]]


def test_without_a_warm_up_all_that_was_claimed_is_kept() -> None:
    made = allowance(daily_cap=1)
    made.look(FIRST, Counter({GMAIL: 1}))
    assert made.within(claims(GMAIL, GMAIL), Counter()) == claims(GMAIL, GMAIL)


# With a sender; what is under way when the tally is read may go beyond


async def test_the_cap_stops_at_the_cap_and_goes_on_the_next_day(
    database_url: str, tmp_path: Path, hurried: None
) -> None:
    async with crowded(tmp_path, ScriptedRelay(), 14, url=database_url, daily_cap=5) as here:
        await here.start()
        await here.until(lambda: states(here.world)["sent"] >= 5)
        await here.settles()
        today = states(here.world)["sent"]
        assert today <= 5 + UNDER_WAY
        await restart(here)
        await here.settles()
        assert states(here.world)["sent"] == today
        here.world.pass_time(hours=15)  # past midnight, by UTC
        await here.until(lambda: states(here.world)["sent"] >= today + 5)
        await here.settles()
        assert states(here.world)["sent"] <= today + 5 + UNDER_WAY
        here.world.pass_time(hours=24)
        await here.until(lambda: states(here.world)["sent"] == 14)


async def test_each_group_gets_its_share_of_the_day_while_the_sender_is_new(
    tmp_path: Path, hurried: None
) -> None:
    steps: dict[str, Any] = {"warm_up_from": FIRST, "warm_up": (3, 8)}
    async with crowded(tmp_path, ScriptedRelay(), 20, ANNA, BERT, **steps) as here:
        await here.start()
        await here.until(lambda: _by_domain(here.relay)["crowd.invalid"] >= 3)
        await here.until(lambda: _by_domain(here.relay)["example.org"] == 2)
        await here.settles()
        first = _by_domain(here.relay)["crowd.invalid"]
        assert first <= 3 + UNDER_WAY
        here.world.pass_time(hours=24)
        await here.until(lambda: _by_domain(here.relay)["crowd.invalid"] >= first + 8)
        await here.settles()
        assert _by_domain(here.relay)["crowd.invalid"] <= first + 8 + UNDER_WAY
        here.world.pass_time(hours=24)
        await here.until(lambda: states(here.world)["sent"] == 22)


async def test_a_group_near_its_share_does_not_slow_down_the_others(
    tmp_path: Path, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claiming, "LOOK", 0.5)
    steps: dict[str, Any] = {"warm_up_from": FIRST, "warm_up": (19,), "connections": 2}
    async with crowded(tmp_path, ScriptedRelay(), 18, *_people(18), **steps) as here:
        await here.start()
        await here.until(lambda: states(here.world)["sent"] == 36, 3.0)


def _people(number: int) -> list[str]:
    return [f"person{n}@example.org" for n in range(number)]


def _by_domain(relay: ScriptedRelay) -> Counter[str]:
    return Counter(one.recipients[0].partition("@")[2] for one in relay.heard if one.accepted)
