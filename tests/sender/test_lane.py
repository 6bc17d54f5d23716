"""A lane carries its mails whatever fails beside it, and leaves none behind."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select, update

from feedsvc.actions import deliver
from feedsvc.domain.outcome import Fault, Kind, Outcome
from feedsvc.domain.tables.ledger import Mail, MailState, Snapshot
from feedsvc.errors import Unavailable
from feedsvc.gateways.catcher import Catcher
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.relay import NEEDS_SMTPUTF8
from feedsvc.sender.lane import Lane
from feedsvc.sender.marks import Marks
from feedsvc.sender.pace import Pace
from tests.journeys.mailing import Mailing, mailing
from tests.world import START, World


class Flaky:
    """A database whose readers are away for one question."""

    def __init__(self, here: Installation) -> None:
        self._database = here.database
        self.away = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def read(self, query: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Be away once, then answer."""
        if self.away:
            self.away -= 1
            raise Unavailable("The database is away.")
        return await self._database.read(query, *args, **kwargs)


async def waiting(sending: Mailing, *addresses: str) -> int:
    """Plan a mail to each address, and enlist a worker for them."""
    here = sending.world
    here.campaign()
    for address in addresses:
        here.join(address)
    await sending.deliver()
    here.post()
    here.pass_time(minutes=11)
    await here.tick()
    return int(here.write(deliver.enlist, now=here.now))


def marks(here: World, worker: int) -> Marks:
    return Marks(here.here, here.clock, Pace(0), worker)


def states(here: World) -> list[MailState]:
    return [mail.state for _, mail in here.mails()]


async def test_an_outage_while_a_mail_is_put_together_strands_nothing(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path) as sending:
        worker = await waiting(sending, "anna@example.org", "zoe@example.org")
        here = sending.world
        flaky: Any = Flaky(here.here)
        lane = Lane(replace(here.here, database=flaky), here.clock, 0, Pace(0))
        with pytest.raises(Unavailable):
            await lane.carry(marks(here, worker))
        assert [mail.worker_id for _, mail in here.mails()] == [None, None]
        await lane.carry(marks(here, worker))
        await lane.close()
        assert states(here) == [MailState.SENT, MailState.SENT]


async def test_a_mail_that_cannot_be_put_together_stops_nobody_else(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path) as sending:
        worker = await waiting(sending, "anna@example.org", "zoe@example.org")
        here = sending.world
        here.write(_damage, here.mails()[0][1].id)
        lane = Lane(here.here, here.clock, 0, Pace(0))
        await lane.carry(marks(here, worker))
        await lane.close()
        found = here.read(
            lambda s: s.exec(select(Mail.state, Mail.reason).order_by(col(Mail.id))).all()
        )
        assert found[-2:] == [(MailState.REFUSED, Fault.OURS), (MailState.SENT, None)]


async def test_an_address_the_relay_cannot_write_is_refused_with_that_reason(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path, catcher=Catcher(lambda: START, utf8=False)) as sent:
        worker = await waiting(sent, "anna@example.org", "зоя@example.org")
        here = sent.world
        lane = Lane(here.here, here.clock, 0, Pace(0))
        await lane.carry(marks(here, worker))
        await lane.close()
        assert states(here) == [MailState.SENT, MailState.REFUSED]
        assert [mail.reason for _, mail in here.mails()] == [None, NEEDS_SMTPUTF8]


def test_a_claim_that_was_never_heard_of_comes_again(here_and_now: World) -> None:
    worker = planned(here_and_now)
    first = here_and_now.claims(worker, limit=5)
    again = here_and_now.claims(worker, limit=5)
    assert again == first != []


def test_a_worker_that_was_taken_for_dead_claims_nothing(here_and_now: World) -> None:
    worker = planned(here_and_now)
    here_and_now.write(deliver.take_over, worker, now=here_and_now.now)
    assert here_and_now.claims(worker, limit=5) == []


def test_a_mail_is_given_up_after_five_days_though_no_attempt_counted(here_and_now: World) -> None:
    worker = planned(here_and_now)
    trouble = Outcome(Kind.REQUEUE, Fault.OURS)
    for _ in range(2):
        [claim] = here_and_now.claims(worker, limit=5)
        here_and_now.mark(worker, None, claim.mail_id)
        here_and_now.mark(worker, deliver.Mark(claim.mail_id, trouble, "mail: 550 no"), None)
        here_and_now.pass_time(days=5, seconds=1)
    assert here_and_now.books().refused == {deliver.EXPIRED: 1}


def planned(here: World) -> int:
    """Plan one mail and enlist a worker for it."""
    here.campaign()
    here.join("anna@example.org")
    here.send()
    here.post()
    here.run_until_planned()
    return int(here.write(deliver.enlist, now=here.now))


def _damage(session: Session, mail_id: int) -> None:
    session.execute(
        update(Snapshot).where(col(Snapshot.mail_id) == mail_id).values(sealed=b"\1cut")
    )
