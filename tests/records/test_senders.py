"""What keeps mail waiting is told: the trouble of a sender that lives, or that none lives."""

from feedsvc.actions import deliver
from feedsvc.records.senders import trouble
from tests.world import World


def test_the_trouble_of_a_sender_that_lives_is_told(here_and_now: World) -> None:
    here = here_and_now
    worker = here.write(deliver.enlist, now=here.now)
    here.write(deliver.seen, worker, now=here.now, problem="connect: refused")
    assert "tries again by itself: connect: refused" in here.read(trouble, here.now)
    here.write(deliver.take_over, worker, now=here.now)
    assert here.read(trouble, here.now) is None


def test_mail_that_nobody_sends_is_told(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.sign_up("anna@example.org")
    assert here_and_now.read(trouble, here_and_now.now) is None
    here_and_now.pass_time(minutes=2)
    assert here_and_now.read(trouble, here_and_now.now).startswith("no sender runs")


def test_mail_that_a_dead_sender_has_claimed_is_told(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.sign_up("anna@example.org")
    here_and_now.claims(here_and_now.write(deliver.enlist, now=here_and_now.now))
    here_and_now.pass_time(minutes=2)
    assert here_and_now.read(trouble, here_and_now.now).startswith("no sender runs")


def test_a_sender_that_was_killed_does_not_speak_for_itself(here_and_now: World) -> None:
    here = here_and_now
    worker = here.write(deliver.enlist, now=here.now)
    here.write(deliver.seen, worker, now=here.now, problem="connect: refused")
    here.pass_time(minutes=2)
    assert here.read(trouble, here.now) is None
