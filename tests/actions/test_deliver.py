"""A mail is claimed, started, and becomes what the relay made of it."""

from datetime import timedelta

import pytest

from feedsvc.actions import choose, deliver
from feedsvc.domain.outcome import Fault, Kind, Outcome
from feedsvc.domain.tables.ledger import Digest, Lane, Mail, MailKind, MailState
from feedsvc.domain.tables.people import Reach, Suppression
from tests.world import SENT, UNKNOWN_WAIT, World

UNKNOWN = Outcome(Kind.UNKNOWN, counts_attempt=True)
DEFERRED = Outcome(Kind.DEFERRED, counts_attempt=True)
REFUSED = Outcome(Kind.REFUSED, Fault.THEIRS, counts_attempt=True)
TROUBLE = Outcome(Kind.RELAY_TROUBLE, Fault.OURS)
NAMES = ("anna", "bea", "carl")


@pytest.fixture
def queued(here_and_now: World) -> World:
    """Give a world with three mails in the queue."""
    here_and_now.campaign()
    for name in NAMES:
        here_and_now.join(f"{name}@example.org")
    here_and_now.send()
    here_and_now.post()
    here_and_now.run_until_planned()
    return here_and_now


def worker(here: World) -> int:
    enlisted = here.write(deliver.enlist, now=here.now)
    assert isinstance(enlisted, int)
    return enlisted


def claim(here: World, by: int, limit: int = 9) -> list[int]:
    return [one.mail_id for one in here.claims(by, limit)]


def crash(here: World) -> int:
    """Start one mail and die."""
    dead = worker(here)
    mail_id = claim(here, dead)[0]
    assert here.mark(dead, None, mail_id)
    here.write(deliver.take_over, dead, now=here.now)
    return mail_id


def mail(here: World, mail_id: int) -> Mail:
    return next(mail for _, mail in here.mails() if mail.id == mail_id)


@pytest.mark.parametrize("outcome", [DEFERRED, TROUBLE])
def test_a_mail_under_way_that_tells_is_planned_anew_for_who_has_become_discreet(
    queued: World, outcome: Outcome
) -> None:
    by = worker(queued)
    mail_id = claim(queued, by)[0]
    assert queued.mark(by, None, mail_id)
    anna = mail(queued, mail_id).signer_id
    queued.write(choose.choose_discretion, anna, discreet=True)
    queued.mark(by, deliver.Mark(mail_id, outcome, ""), None)
    queued.run_until_planned()
    last = [one for _, one in queued.mails() if one.signer_id == anna][-1]
    assert mail(queued, mail_id).state is MailState.CANCELLED
    assert queued.read(lambda s: s.get_one(Digest, last.digest_id)).discreet
    claim(queued, by)
    assert queued.mark(by, None, last.id)
    queued.mark(by, deliver.Mark(last.id or 0, outcome, ""), None)
    assert mail(queued, last.id or 0).state in {MailState.DEFERRED, MailState.QUEUED}


def test_a_question_under_way_is_asked_anew_of_who_has_become_discreet(queued: World) -> None:
    queued.send()
    dora = queued.sign_up("dora@example.org")
    by = worker(queued)
    [question] = claim(queued, by)
    assert queued.mark(by, None, question)
    queued.write(choose.choose_discretion, dora, discreet=True)
    queued.mark(by, deliver.Mark(question, DEFERRED, ""), None)
    assert queued.run(minutes=2) == ["dora@example.org"]
    first, again = (one for _, one in queued.mails(MailKind.CONFIRM) if one.signer_id == dora)
    assert (first.state, again.state) == (MailState.CANCELLED, MailState.SENT)
    assert queued.read(lambda s: s.get_one(Digest, again.digest_id)).discreet


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        (SENT, MailState.SENT, None),
        (DEFERRED, MailState.DEFERRED, None),
        (REFUSED, MailState.REFUSED, "theirs"),
        (Outcome(Kind.HELD, Fault.OURS), MailState.REFUSED, "ours"),
        (UNKNOWN, MailState.UNKNOWN, None),
        (TROUBLE, MailState.QUEUED, None),
    ],
)
def test_a_mail_becomes_what_the_relay_made_of_it(
    queued: World, outcome: Outcome, state: MailState, reason: str | None
) -> None:
    me = worker(queued)
    [first, *_] = claim(queued, me)
    queued.mark(me, None, first)
    queued.mark(me, deliver.Mark(first, outcome, "said so"), None)
    found = mail(queued, first)
    assert (found.state, found.reason, found.worker_id) == (state, reason, None)
    assert queued.books().balanced


def test_nobody_else_gets_what_is_claimed(queued: World) -> None:
    assert len(claim(queued, worker(queued), 2)) == 2
    assert len(claim(queued, worker(queued))) == 1


def test_what_was_not_started_is_given_back(queued: World) -> None:
    me = worker(queued)
    assert len(claim(queued, me)) == 3
    queued.write(deliver.release, me, Lane.BULK)
    assert len(claim(queued, worker(queued))) == 3


def test_service_mails_go_before_a_mailing(queued: World) -> None:
    queued.sign_up("dora@example.org")
    assert queued.send()[0] == "dora@example.org"


def test_a_deferred_mail_comes_again_later(queued: World) -> None:
    queued.send(DEFERRED)
    assert queued.run(minutes=4) == []
    assert len(queued.run(minutes=3)) == 3


def test_a_mail_that_is_deferred_for_days_expires(queued: World) -> None:
    for _ in range(30):
        queued.pass_time(hours=20)
        queued.send(DEFERRED)
    assert queued.books().refused == {"expired": 3}


def test_an_unknown_mail_is_tried_once_more(queued: World) -> None:
    queued.send(UNKNOWN)
    assert queued.run(minutes=14) == []
    assert len(queued.run(minutes=1)) == 3
    assert queued.books().sent == 3


@pytest.mark.parametrize("second", [UNKNOWN, DEFERRED, REFUSED])
def test_a_mail_that_is_unknown_twice_stays_so(queued: World, second: Outcome) -> None:
    queued.send(UNKNOWN)
    queued.pass_time(minutes=15)
    queued.send(second)
    assert queued.run(days=6) == []
    assert (queued.books().unknown, queued.books().balanced) == (3, True)


def test_an_unknown_mail_that_was_not_tried_again_is_still_to_be(queued: World) -> None:
    me = worker(queued)
    queued.send(UNKNOWN)
    queued.pass_time(minutes=15)
    [first, *_] = claim(queued, me)
    queued.mark(me, None, first)
    queued.mark(me, deliver.Mark(first, TROUBLE, ""), None)
    assert mail(queued, first).state is MailState.UNKNOWN
    assert len(queued.run(minutes=1)) == 1


def test_after_a_crash_only_what_had_started_is_in_doubt(queued: World) -> None:
    doubtful = crash(queued)
    assert [one.id for _, one in queued.mails() if one.alone] == [doubtful]
    assert len(queued.send()) == 3


def test_a_mail_in_doubt_comes_first_and_alone(queued: World) -> None:
    queued.pass_time(minutes=1)
    doubtful = crash(queued)
    first, *_ = queued.claims(worker(queued))
    assert (first.mail_id, bool(first.alone)) == (doubtful, True)


def test_a_mail_that_kills_the_sender_is_put_aside(queued: World) -> None:
    killers = {crash(queued) for _ in range(4)}
    assert len(killers) == 1
    assert mail(queued, killers.pop()).reply == deliver.QUARANTINED
    assert len(queued.send()) == 2
    assert queued.books().refused == {"ours": 1}


def test_taking_over_twice_is_the_same_as_once(queued: World) -> None:
    dead = worker(queued)
    queued.mark(dead, None, claim(queued, dead)[0])
    doubts = [queued.write(deliver.take_over, dead, now=queued.now) for _ in range(2)]
    assert doubts == [1, 0]


def test_a_worker_taken_for_dead_changes_nothing_when_it_wakes(queued: World) -> None:
    dead = worker(queued)
    [first, second, _] = claim(queued, dead)
    queued.mark(dead, None, first)
    queued.write(deliver.take_over, dead, now=queued.now)
    before = queued.dump()
    assert not queued.mark(dead, deliver.Mark(first, SENT, ""), second)
    assert queued.dump() == before
    assert not queued.write(deliver.seen, dead, now=queued.now)


def test_a_start_whose_answer_was_lost_may_be_asked_again(queued: World) -> None:
    me = worker(queued)
    first = claim(queued, me)[0]
    assert queued.mark(me, None, first)
    assert queued.mark(me, None, first)


def test_an_address_suppressed_meanwhile_is_not_written_to(queued: World) -> None:
    index = queued.here.keys.address_index("anna@example.org")
    suppression = Suppression(
        address_index=index, reach=Reach.BULK, reason="dead", created_at=queued.now
    )
    queued.write(lambda session: session.add(suppression))
    assert sorted(queued.send()) == ["bea@example.org", "carl@example.org"]
    assert queued.books().withheld == {"suppressed": 1}


def test_a_suppression_does_not_unsay_that_a_mail_is_unknown(queued: World) -> None:
    queued.send(UNKNOWN)
    index = queued.here.keys.address_index("anna@example.org")
    suppression = Suppression(
        address_index=index, reach=Reach.BULK, reason="dead", created_at=queued.now
    )
    queued.write(lambda session: session.add(suppression))
    assert len(queued.run(minutes=15)) == 2
    assert (queued.books().unknown, queued.books().withheld) == (1, {})


def test_a_repeat_has_the_same_bytes_whatever_has_changed(queued: World) -> None:
    queued.send(DEFERRED)
    before = [queued.letter(one.id) for _, one in queued.mails()]
    queued.campaign("forest")
    queued.run(days=1)
    assert [queued.letter(one.id) for _, one in queued.mails()] == before


def test_the_wait_of_the_tests_is_that_of_the_settings(queued: World) -> None:
    seconds = queued.here.settings.mail.unknown_wait_seconds
    assert timedelta(seconds=seconds) == UNKNOWN_WAIT
