"""Turns: so many at once, then one after the other, and nobody waits for ever."""

from datetime import UTC, datetime, timedelta

from feedsvc.domain.buckets import LONGEST, Allowance

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FIVE = Allowance(5, 10 * MINUTE)


def turns(allowance: Allowance, *moments: datetime) -> list[timedelta]:
    """Take a turn at each moment; return how long each waits."""
    full_until, waits = None, []
    for moment in moments:
        waits.append(allowance.turn(full_until, moment) - moment)
        full_until = allowance.after(full_until, moment)
    return waits


def test_five_go_at_once_and_the_others_two_minutes_apart() -> None:
    assert turns(FIVE, *[NOW] * 7) == [timedelta(0)] * 5 + [2 * MINUTE, 4 * MINUTE]


def test_who_comes_after_the_rush_does_not_wait() -> None:
    assert turns(FIVE, *[NOW] * 5, NOW + 2 * MINUTE)[-1] == timedelta(0)


def test_nobody_waits_for_ever() -> None:
    assert max(turns(FIVE, *[NOW] * 2_000)) <= LONGEST


def test_a_rush_of_yesterday_is_over() -> None:
    assert turns(FIVE, *[NOW] * 2_000, NOW + timedelta(days=1))[-1] == timedelta(0)
