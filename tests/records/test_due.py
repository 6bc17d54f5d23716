"""What a cancelled mail carried waits again or is withheld; what somebody may have is left alone."""

import pytest
from sqlmodel import Session, col

from feedsvc.domain.tables.ledger import DeliveryState, Mail, MailState, Withheld
from feedsvc.records import due
from tests.world import World


@pytest.fixture
def queued(here_and_now: World) -> World:
    """Give a world with one mail in the queue."""
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    here_and_now.send()
    here_and_now.post()
    here_and_now.run_until_planned()
    return here_and_now


def become(here: World, state: MailState, *, alone: bool = False) -> None:
    def change(session: Session) -> None:
        mail = session.get_one(Mail, here.mails()[0][1].id)
        mail.state, mail.alone = state, alone

    here.write(change)


@pytest.mark.parametrize("state", [MailState.QUEUED, MailState.DEFERRED])
def test_what_has_not_started_is_withheld(queued: World, state: MailState) -> None:
    become(queued, state)
    queued.write(due.withhold, [queued.deliveries()[0].subscription_id], Withheld.LEFT)
    [delivery] = queued.deliveries()
    assert (delivery.state, delivery.reason) == (DeliveryState.WITHHELD, Withheld.LEFT)
    assert queued.mails()[0][1].state is MailState.CANCELLED


@pytest.mark.parametrize("state", [MailState.SENDING, MailState.SENT, MailState.REFUSED])
def test_what_has_started_stays_as_it_is(queued: World, state: MailState) -> None:
    become(queued, state)
    queued.write(due.withhold, [queued.deliveries()[0].subscription_id], Withheld.LEFT)
    assert queued.deliveries()[0].state is DeliveryState.MAILED
    assert queued.mails()[0][1].state is state


@pytest.mark.parametrize("state", [MailState.QUEUED, MailState.UNKNOWN])
def test_what_somebody_may_have_stays_unknown_and_is_not_repeated(
    queued: World, state: MailState
) -> None:
    become(queued, state, alone=True)
    queued.write(due.withhold, [queued.deliveries()[0].subscription_id], Withheld.LEFT)
    mail = queued.mails()[0][1]
    assert (mail.state, mail.due_at) == (MailState.UNKNOWN, None)


def test_what_is_put_back_is_due_at_once(queued: World) -> None:
    queued.write(due.put_back, [queued.deliveries()[0].subscription_id])
    [delivery] = queued.deliveries()
    assert (delivery.state, delivery.due_now, delivery.mail_id) == (
        DeliveryState.WAITING,
        True,
        None,
    )


def test_cancelling_names_what_it_cancelled(queued: World) -> None:
    first, again = (queued.write(due.cancel, col(Mail.id) > 1) for _ in range(2))
    assert (len(first), len(again)) == (1, 0)
