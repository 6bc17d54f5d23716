"""Taking a leave back: it reopens what that leave ended, and what it withheld comes after all."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from feedsvc.actions import ask, choose, deliver, fan_out, leave, steer
from feedsvc.domain.outcome import Kind, Outcome
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.ledger import DeliveryState
from feedsvc.domain.tables.people import Because, Cadence, Ending, Subscription
from feedsvc.records.books import books as all_books
from tests.world import World

ANNA = "anna@example.org"
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def waiting(here_and_now: World) -> World:
    """Give a world in which news of the river waits for Anna, who has joined two campaigns."""
    for slug in ("river", "forest"):
        here_and_now.campaign(slug)
        here_and_now.join(ANNA, slug)
    here_and_now.send()
    here_and_now.post("river", "First")
    return here_and_now


def anna(here: World) -> int:
    return here.signer_id(ANNA)


def left(here: World, *slugs: str) -> datetime:
    """Leave, a minute from now; return the moment of it."""
    here.pass_time(minutes=1)
    here.leave(anna(here), *slugs)
    return here.now


def undo(here: World, left_at: datetime, *slugs: str) -> list[str]:
    """Take a leave back; return the slugs of what lives again."""
    campaigns = {here.campaign_id(slug): slug for slug in ("river", "forest")}
    mine = [number for number, slug in campaigns.items() if slug in slugs] or None
    act: dict[str, Any] = {"campaigns": mine, "left_at": left_at, "now": here.now}
    return [campaigns[number] for number in here.write(leave.undo, anna(here), **act)]


def fanned_out(here: World) -> None:
    while here.write(fan_out.fan_out, chunk=10) is not None:
        pass


def rows(here: World, slug: str = "river") -> list[Subscription]:
    mine = select(Subscription).where(Subscription.campaign_id == here.campaign_id(slug))
    return list(here.read(lambda s: s.exec(mine.order_by(col(Subscription.id))).all()))


@pytest.mark.parametrize("before", ["fan-out", "leaving", "undo"])
def test_what_waited_comes_once_whenever_it_was_fanned_out(waiting: World, before: str) -> None:
    if before == "leaving":
        fanned_out(waiting)
    left_at = left(waiting)
    if before == "undo":
        fanned_out(waiting)
    undo(waiting, left_at)
    assert waiting.run(minutes=11) == [ANNA]
    assert waiting.run(days=8) == []
    assert (waiting.books().sent, waiting.books().balanced) == (1, True)


def test_a_mail_that_leaving_took_out_of_the_queue_comes_after_all(waiting: World) -> None:
    waiting.run_until_planned()
    undo(waiting, left(waiting))
    assert waiting.run(seconds=1) == [ANNA]
    assert waiting.run(days=8) == []


def test_what_arrived_meanwhile_is_not_heard_of(waiting: World) -> None:
    left_at = left(waiting)
    waiting.post("river", "Gap")
    undo(waiting, left_at)
    waiting.post("river", "Later")
    waiting.run(minutes=11)
    later, gap, first = waiting.read(all_books)
    assert (first.sent, gap.eligible, later.sent) == (1, 0, 1)


def test_it_says_what_lives_again_and_twice_is_the_same_as_once(waiting: World) -> None:
    left_at = left(waiting)
    assert sorted(undo(waiting, left_at)) == ["forest", "river"]
    before = waiting.dump()
    assert sorted(undo(waiting, left_at)) == ["forest", "river"]
    assert waiting.dump() == before


def test_only_the_campaigns_that_were_named_live_again(waiting: World) -> None:
    assert undo(waiting, left(waiting), "forest") == ["forest"]
    assert waiting.run(minutes=11) == []


def test_only_what_that_leave_ended_lives_again(waiting: World) -> None:
    left(waiting, "river")
    assert undo(waiting, left(waiting)) == ["forest"]


@pytest.mark.parametrize("shift", [-MICROSECOND, MICROSECOND, timedelta(days=-1)])
def test_another_moment_changes_nothing(waiting: World, shift: timedelta) -> None:
    left_at = left(waiting)
    waiting.pass_time(minutes=5)
    before = waiting.dump()
    assert undo(waiting, left_at + shift) == []
    assert waiting.dump() == before


def test_it_works_for_a_day(waiting: World) -> None:
    left_at = left(waiting)
    waiting.pass_time(days=1)
    assert undo(waiting, left_at) == []
    waiting.now -= MICROSECOND
    assert len(undo(waiting, left_at)) == 2


def test_the_leave_of_somebody_else_is_not_taken_back(waiting: World) -> None:
    bea = waiting.join("bea@example.org")
    waiting.send()
    waiting.post("river", "Second")
    left_at = left(waiting)
    waiting.leave(bea)
    undo(waiting, left_at)
    assert waiting.run(minutes=11) == [ANNA]
    assert waiting.books().withheld == {"left": 1}


def test_cadence_and_pause_and_consent_are_as_they_were(waiting: World) -> None:
    until = waiting.now + timedelta(days=3)
    waiting.write(leave.pause, anna(waiting), campaigns=None, until=until)
    undo(waiting, left(waiting))
    was, now = rows(waiting)
    kept = ("cadence", "paused_until", "consent_source", "consent_text", "consented_at")
    assert [getattr(was, name) for name in kept] == [getattr(now, name) for name in kept]
    assert waiting.run(days=2) == []
    assert waiting.run(days=2) == [ANNA]


def test_a_daily_digest_that_was_due_comes_with_the_next_one(waiting: World) -> None:
    act: dict[str, Any] = {"campaigns": None, "cadence": Cadence.DAILY}
    waiting.write(choose.choose_cadence, anna(waiting), **act)
    waiting.run_until_planned(days=1)
    undo(waiting, left(waiting))
    assert waiting.run(seconds=1) == []
    assert waiting.run(days=1) == [ANNA]


def test_leave_undo_leave_undo(waiting: World) -> None:
    first = left(waiting)
    undo(waiting, first)
    second = left(waiting)
    assert waiting.run(minutes=11) == []
    assert waiting.books().withheld == {"left": 1}
    assert undo(waiting, first) == []
    assert sorted(undo(waiting, second)) == ["forest", "river"]
    assert waiting.run(seconds=1) == [ANNA]
    last = rows(waiting)[-1]
    assert [row.successor_id for row in rows(waiting)] == [last.id, last.id, None]


@pytest.mark.parametrize("undone", [0, 1, 2, 3])
def test_a_late_fan_out_goes_by_the_last_of_a_chain(waiting: World, undone: int) -> None:
    for _ in range(undone):
        undo(waiting, left(waiting))
    left(waiting)
    fanned_out(waiting)
    assert [row.state for row in waiting.deliveries()] == [DeliveryState.WITHHELD]
    assert waiting.deliveries()[0].subscription_id == rows(waiting)[-1].id
    assert undo(waiting, waiting.now, "river") == ["river"]
    assert waiting.run(minutes=11) == [ANNA]


def test_a_second_leave_is_honoured_by_a_fan_out_under_way(waiting: World) -> None:
    undo(waiting, left(waiting))
    waiting.write(fan_out.fan_out, chunk=1)
    left(waiting)
    fanned_out(waiting)
    assert waiting.run(days=8) == []
    assert waiting.books().withheld == {"left": 1}


def test_what_was_sent_is_not_sent_again(waiting: World) -> None:
    waiting.run(minutes=11)
    undo(waiting, left(waiting))
    assert waiting.run(days=8) == []
    assert waiting.books().sent == 1


def test_a_mail_that_had_started_and_was_put_off_goes_on(waiting: World) -> None:
    waiting.run_until_planned()
    worker = waiting.write(deliver.enlist, now=waiting.now)
    [claim] = waiting.claims(worker)
    waiting.mark(worker, None, claim.mail_id)
    left_at = left(waiting)
    put_off = Outcome(Kind.DEFERRED, counts_attempt=True)
    waiting.mark(worker, deliver.Mark(claim.mail_id, put_off, ""), None)
    undo(waiting, left_at)
    assert waiting.run(hours=1) == [ANNA]
    assert waiting.books().sent == 1


def test_what_was_cancelled_meanwhile_stays_withheld_for_that_reason(waiting: World) -> None:
    waiting.join("bea@example.org")
    waiting.send()
    waiting.post("river", "Second")
    fanned_out(waiting)
    left_at = left(waiting)
    waiting.write(steer.cancel, waiting.books().update, by="test", now=waiting.now)
    waiting.run_until_planned()
    undo(waiting, left_at)
    assert waiting.run(days=8) == [ANNA]  # with the first
    assert waiting.books().withheld == {"cancelled": 2}


def test_what_is_paused_comes_when_its_mailing_goes_on(waiting: World) -> None:
    left_at = left(waiting)
    uid = waiting.books().update
    waiting.write(steer.pause, uid, by="test", now=waiting.now)
    waiting.run_until_planned()
    undo(waiting, left_at)
    assert ANNA not in waiting.run(hours=1)
    waiting.write(steer.resume, uid, by="test", now=waiting.now)
    assert waiting.run(minutes=1) == [ANNA]


def test_who_is_back_already_hears_of_what_was_withheld_too(waiting: World) -> None:
    left_at = left(waiting)
    waiting.join(ANNA, "river")
    assert undo(waiting, left_at, "river") == ["river"]
    waiting.run_until_planned()
    assert waiting.send().count(ANNA) == 1


def test_who_waits_to_confirm_anew_need_not(waiting: World) -> None:
    left_at = left(waiting)
    waiting.sign_up(ANNA, "river")
    assert undo(waiting, left_at, "river") == ["river"]
    assert [row.ending for row in rows(waiting)] == [Ending.LEFT, Ending.REPLACED, None]


def test_what_was_never_confirmed_stays_ended(here_and_now: World) -> None:
    here_and_now.campaign("river")
    here_and_now.campaign("forest")
    here_and_now.sign_up(ANNA)
    assert undo(here_and_now, left(here_and_now)) == []
    assert [row.ending for row in rows(here_and_now)] == [Ending.LEFT]


def test_who_never_wants_a_mail_again_has_none(waiting: World) -> None:
    waiting.write(leave.never, anna(waiting), now=waiting.now)
    assert undo(waiting, waiting.now) == []


def test_who_leaves_everything_is_not_asked_or_reminded_and_what_they_signed_waits(
    here_and_now: World,
) -> None:
    here_and_now.campaign("river", kind="petition")
    anna = here_and_now.sign_up(ANNA)
    here_and_now.leave(anna)
    assert here_and_now.send() == []
    here_and_now.pass_time(days=2, hours=1)
    pieces = (here_and_now.here.composer, here_and_now.here.keys, here_and_now.here.settings)
    assert not here_and_now.write(ask.ask, *pieces, now=here_and_now.now)
    assert here_and_now.confirm(anna)
    assert here_and_now.read(lambda s: s.exec(select(Campaign.signatures)).all()) == [1]


def test_who_leaves_the_only_campaign_that_waits_is_not_asked(here_and_now: World) -> None:
    here_and_now.campaign("river")
    here_and_now.leave(here_and_now.sign_up(ANNA), "river")
    assert here_and_now.run() == []


def test_the_journal_has_it(waiting: World) -> None:
    undo(waiting, left(waiting), "river")
    if waiting.here.database.url.startswith("sqlite"):
        journal = waiting.here.settings.keys.file.with_suffix(".journal").read_text()
        index = waiting.here.keys.address_index(ANNA).hex()
        assert journal.splitlines()[-1].split()[1:3] == ["undone", index]


def test_a_reason_is_kept_with_what_the_leave_ended(waiting: World) -> None:
    left(waiting, "forest")
    left_at = left(waiting)
    act: dict[str, Any] = {"campaigns": None, "why": Because.TOO_MUCH, "now": waiting.now}
    assert waiting.write(leave.because, anna(waiting), left_at=left_at, **act)
    assert [row.left_because for row in rows(waiting)] == [Because.TOO_MUCH]
    assert [row.left_because for row in rows(waiting, "forest")] == [None]


def test_a_reason_for_another_moment_is_not_kept(waiting: World) -> None:
    left_at = left(waiting) - MICROSECOND
    act: dict[str, Any] = {"campaigns": None, "why": Because.OTHER, "now": waiting.now}
    assert not waiting.write(leave.because, anna(waiting), left_at=left_at, **act)
    assert [row.left_because for row in rows(waiting)] == [None]


def test_of_a_mail_with_both_only_what_was_taken_back_comes(waiting: World) -> None:
    waiting.post("forest", "Trees")
    waiting.run_until_planned()
    left_at = left(waiting)
    undo(waiting, left_at, "forest")
    assert waiting.run(seconds=1) == [ANNA]
    pages = {page.campaign: page for page in waiting.read(all_books)}
    assert (pages["river"].withheld, pages["forest"].sent) == ({"left": 1}, 1)
