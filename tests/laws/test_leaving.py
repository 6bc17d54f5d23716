"""Law 7: leaving always works, and once it is answered no further mail starts."""

from datetime import datetime, timedelta

import pytest

from feedsvc.actions import deliver, leave
from feedsvc.domain.outcome import Kind, Outcome
from feedsvc.domain.tables.ledger import MailState
from feedsvc.records.books import books as all_books
from tests.world import SENT, World

DEFERRED = Outcome(Kind.DEFERRED, counts_attempt=True)
UNKNOWN = Outcome(Kind.UNKNOWN, counts_attempt=True)


@pytest.fixture
def mailed(here_and_now: World) -> World:
    """Give a world in which Anna has a mail with news of two campaigns in the queue."""
    for slug in ("river", "forest"):
        here_and_now.campaign(slug)
        here_and_now.join("anna@example.org", slug)
    here_and_now.send()
    here_and_now.post("river")
    here_and_now.post("forest")
    here_and_now.run_until_planned()
    return here_and_now


def anna(here: World) -> int:
    return here.signer_id("anna@example.org")


def test_a_mail_in_the_queue_does_not_start(mailed: World) -> None:
    mailed.leave(anna(mailed))
    assert mailed.send() == []
    assert mailed.run(days=9) == []
    assert mailed.books().withheld == {"left": 1}


def test_the_other_campaign_comes_at_once_in_a_mail_of_its_own(mailed: World) -> None:
    mailed.leave(anna(mailed), "river")
    assert mailed.send() == []
    assert mailed.run(seconds=1) == ["anna@example.org"]
    pages = {page.campaign: page for page in mailed.read(all_books)}
    assert (pages["river"].withheld, pages["forest"].sent) == ({"left": 1}, 1)


def test_a_mail_that_is_claimed_does_not_start(mailed: World) -> None:
    worker = mailed.write(deliver.enlist, now=mailed.now)
    [claim] = mailed.claims(worker, limit=9)
    mailed.leave(anna(mailed))
    assert not mailed.mark(worker, None, claim.mail_id)


@pytest.mark.parametrize("outcome", [DEFERRED, UNKNOWN])
def test_a_mail_that_would_be_tried_again_is_not(mailed: World, outcome: Outcome) -> None:
    mailed.send(outcome)
    mailed.leave(anna(mailed))
    assert mailed.run(days=9) == []
    assert mailed.books().balanced


def test_a_mail_in_doubt_is_not_repeated_and_its_news_not_doubled(mailed: World) -> None:
    worker = mailed.write(deliver.enlist, now=mailed.now)
    [claim] = mailed.claims(worker, limit=9)
    mailed.mark(worker, None, claim.mail_id)
    mailed.write(deliver.take_over, worker, now=mailed.now)  # she may have it
    mailed.leave(anna(mailed), "river")
    assert mailed.run(days=9) == []
    assert [page.unknown for page in mailed.read(all_books)] == [1, 1]


def test_a_mail_that_has_started_ends(mailed: World) -> None:
    worker = mailed.write(deliver.enlist, now=mailed.now)
    [claim] = mailed.claims(worker, limit=9)
    mailed.mark(worker, None, claim.mail_id)
    mailed.leave(anna(mailed))
    mailed.mark(worker, deliver.Mark(claim.mail_id, SENT, ""), None)
    assert mailed.mails()[0][1].state is MailState.SENT


def test_leaving_twice_is_the_same_as_once(mailed: World) -> None:
    mailed.leave(anna(mailed))
    before = mailed.dump()
    mailed.pass_time(days=1)
    mailed.leave(anna(mailed))
    assert mailed.dump() == before


def taken_back(here: World, left_at: datetime) -> None:
    here.write(leave.undo, anna(here), campaigns=None, left_at=left_at, now=here.now)


@pytest.mark.parametrize("again", [1, 2, 3])
def test_leaving_after_a_leave_was_taken_back_stops_the_mail(mailed: World, again: int) -> None:
    for _ in range(again):
        mailed.leave(anna(mailed))
        taken_back(mailed, mailed.now)
        mailed.run_until_planned(seconds=1)
    mailed.leave(anna(mailed))
    assert mailed.send() == []
    assert mailed.run(days=9) == []
    assert all(page.withheld == {"left": 1} for page in mailed.read(all_books))


def test_a_mail_claimed_before_two_leaves_and_an_undo_does_not_start(mailed: World) -> None:
    worker = mailed.write(deliver.enlist, now=mailed.now)
    [claim] = mailed.claims(worker, limit=9)
    mailed.leave(anna(mailed))
    taken_back(mailed, mailed.now)
    mailed.pass_time(seconds=1)
    mailed.leave(anna(mailed))
    assert not mailed.mark(worker, None, claim.mail_id)
    assert mailed.run(days=9) == []


def test_an_undo_of_an_earlier_leave_does_not_undo_a_later_one(mailed: World) -> None:
    first = mailed.now
    mailed.leave(anna(mailed))
    taken_back(mailed, first)
    mailed.pass_time(minutes=1)
    mailed.leave(anna(mailed))
    before = mailed.dump()
    taken_back(mailed, first)
    assert mailed.dump() == before
    assert mailed.run(days=9) == []


def test_who_returns_hears_of_what_comes_after(mailed: World) -> None:
    mailed.leave(anna(mailed))
    mailed.pass_time(days=2)
    mailed.join("anna@example.org", "river")
    mailed.send()
    mailed.post("river", "More")
    assert mailed.run(minutes=11) == ["anna@example.org"]
    assert mailed.books().sent == 1


def test_a_pause_holds_back_what_has_not_started(mailed: World) -> None:
    until = mailed.now + timedelta(days=2)
    mailed.write(leave.pause, anna(mailed), campaigns=None, until=until)
    assert mailed.send() == []
    assert mailed.run(days=1) == []
    assert mailed.run(days=1, minutes=1) == ["anna@example.org"]


def test_who_never_asked_is_never_written_to_again(here_and_now: World) -> None:
    here_and_now.campaign()
    signer = here_and_now.sign_up("anna@example.org")
    here_and_now.write(leave.never, signer, now=here_and_now.now)
    here_and_now.write(leave.never, signer, now=here_and_now.now)
    here_and_now.pass_time(days=40)
    here_and_now.hand_in("anna@example.org")
    assert here_and_now.run(days=1) == []
