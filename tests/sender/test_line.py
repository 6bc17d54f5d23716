"""The line gives each connection the next mail that may go, and loses and doubles none."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select, update

from feedsvc.actions import deliver
from feedsvc.actions.deliver import Claim
from feedsvc.domain.outcome import Kind, Outcome, Stage, outcome_of
from feedsvc.domain.tables.ledger import Lane, Mail, Snapshot
from feedsvc.errors import Unavailable
from feedsvc.sender import letters
from feedsvc.sender.claiming import Claiming
from feedsvc.sender.letters import Letter
from feedsvc.sender.line import AHEAD, Line
from feedsvc.sender.marks import Marks
from feedsvc.sender.pace import Pace
from tests.sender.crowds import gather, held
from tests.sender.trial import hurry
from tests.world import World, world

SENT = outcome_of(Stage.DOT, 250)
TOO_MUCH = outcome_of(Stage.RCPT, 421)


class Kept:
    """A line that is kept filled."""

    def __init__(self, here: World, connections: int = 1) -> None:
        self.world = here
        self.pace = Pace(0)
        self.line = Line(self.pace, Lane.BULK, connections)
        self.claiming = Claiming(here.here, here.clock, self.pace, self.line)
        self.worker = here.write(deliver.enlist, now=here.now)
        self.marks = Marks(here.here, here.clock, self.pace, self.worker)
        self.task = asyncio.create_task(self.claiming.keep(lambda: self.marks))

    async def take(self) -> Letter:
        """Take the next mail, when there is one."""
        async with asyncio.timeout(5):
            while True:
                letter = self.line.take()
                if letter is not None:
                    return letter
                assert await self.line.fed(5)

    async def send(self) -> Claim:
        """Take the next mail and say that it was sent."""
        letter = await self.take()
        start = deliver.Start(letter.claim.mail_id)
        assert await self.marks.put([], start)
        await self.marks.put([deliver.Mark(letter.claim.mail_id, SENT, "")])
        self.line.done(letter, SENT)
        return letter.claim

    async def stop(self) -> None:
        """Stop, as a sender does."""
        self.pace.stop()
        self.line.wake()
        async with asyncio.timeout(5):
            await self.task


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    hurry(monkeypatch)
    with world(f"sqlite:///{tmp_path / 'feedsvc.db'}", tmp_path) as made:
        yield made


@pytest.fixture
async def kept(here: World) -> AsyncIterator[Kept]:
    gather(here, 25)
    await post(here, "News")
    made = Kept(here)
    yield made
    await made.stop()


async def post(here: World, *titles: str) -> None:
    for title in titles:
        here.post(title=title)
        here.pass_time(minutes=11)
        await here.tick()


async def test_every_mail_is_given_out_once_and_in_order(kept: Kept) -> None:
    given = [(await kept.send()).mail_id for _ in range(25)]
    assert given == sorted(set(given))
    assert held(kept.world) == 0


async def test_a_line_claims_a_few_mails_for_each_connection_and_no_more(kept: Kept) -> None:
    await kept.take()
    await asyncio.sleep(0.2)
    assert held(kept.world) <= AHEAD + 1


async def test_a_mail_that_was_put_back_is_the_next(kept: Kept) -> None:
    first = await kept.take()
    kept.line.put_back(first)
    assert await kept.take() is first


async def test_nobody_is_called_while_there_is_nothing_to_take(kept: Kept) -> None:
    for _ in range(24):
        await kept.send()
    last = await kept.take()
    assert [await kept.line.fed(0.02) for _ in range(3)] == [False] * 3
    kept.line.done(last, SENT)
    assert not await kept.line.fed(0.02)


async def test_whoever_waits_hears_of_a_mail_that_becomes_due(kept: Kept) -> None:
    for _ in range(25):
        await kept.send()
    waiting = asyncio.create_task(kept.take())
    await asyncio.sleep(0.1)
    await post(kept.world, "More")
    assert (await waiting).claim.mail_id > 25


async def test_a_group_that_is_full_is_passed_by_until_one_of_its_mails_is_done(kept: Kept) -> None:
    first = await kept.take()
    kept.line.done(first, TOO_MUCH)
    second = await kept.take()
    assert kept.line.take() is None
    assert not await kept.line.fed(0.02)
    kept.line.done(second, SENT)
    assert await kept.line.fed(0.02)
    assert kept.line.take() is not None


async def test_when_it_stops_nothing_more_is_claimed(kept: Kept) -> None:
    await kept.take()
    await kept.stop()
    before = held(kept.world)
    await asyncio.sleep(0.1)
    assert held(kept.world) == before


async def test_stopping_while_a_claim_is_under_way_does_not_wait_for_ever(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    database: Any = kept.world.here.database
    write = database.write

    async def slow(act: Any, *args: Any, **kwargs: Any) -> Any:
        answer = await write(act, *args, **kwargs)
        await asyncio.sleep(0.1 if act is deliver.claim else 0)
        return answer

    monkeypatch.setattr(database, "write", slow)
    while kept.line.waiting or kept.line.take() is not None:
        kept.line.take()
    await asyncio.sleep(0.05)
    await kept.stop()


@pytest.mark.parametrize("forms", [1, 2])
async def test_a_claim_of_more_digests_than_are_kept_opens_all_the_same(
    here: World, monkeypatch: pytest.MonkeyPatch, forms: int
) -> None:
    monkeypatch.setattr(letters, "FORMS", forms)
    gather(here, 2)
    await post(here, "One", "Two", "Three", "Four")
    kept = Kept(here)
    sent = {(await kept.send()).digest_id for _ in range(8)}
    await kept.stop()
    assert len(sent) == 4
    assert [mail.state for _, mail in here.mails()] == ["sent"] * 8


async def test_a_claim_whose_commit_was_never_heard_of_is_given_back_and_comes_again(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    with world(database_url, tmp_path) as here:
        gather(here, 25)
        await post(here, "News")
        unheard = 2
        database: Any = here.here.database
        write = database.write

        async def write_unheard(act: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal unheard
            answer = await write(act, *args, **kwargs)
            if act is deliver.claim and unheard:
                unheard -= 1
                raise Unavailable("The answer was lost.")
            return answer

        monkeypatch.setattr(database, "write", write_unheard)
        kept = Kept(here)
        given = [(await kept.send()).mail_id for _ in range(25)]
        await kept.stop()
        assert len(set(given)) == 25
        assert unheard == 0
        assert held(here) == 0


async def test_a_database_that_is_away_takes_nothing_from_those_who_hold_it(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = await kept.take()
    database: Any = kept.world.here.database
    read, away = database.read, 3

    async def read_later(query: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal away
        if away:
            away -= 1
            raise Unavailable("The database is away.")
        return await read(query, *args, **kwargs)

    monkeypatch.setattr(database, "read", read_later)
    given = [(await kept.send()).mail_id for _ in range(24)]
    assert letter.claim.mail_id not in given
    assert await kept.marks.put([], deliver.Start(letter.claim.mail_id))
    kept.line.done(letter)


async def test_a_mail_that_does_not_open_is_refused_alone(here: World) -> None:
    gather(here, 5)
    await post(here, "News")
    damaged = here.read(lambda s: s.exec(select(Mail.id).where(Mail.kind == "digest")).first())
    here.write(_spoil, damaged)
    kept = Kept(here)
    sent = {(await kept.send()).mail_id for _ in range(4)}
    await kept.stop()
    assert damaged not in sent
    refused = here.read(lambda session: session.get(Mail, damaged))
    assert (refused.state, refused.reason, refused.worker_id) == ("refused", "ours", None)


def _spoil(session: Session, mail_id: int) -> None:
    session.execute(
        update(Snapshot).where(col(Snapshot.mail_id) == mail_id).values(address_sealed=b"\1cut")
    )


async def test_what_is_forgotten_is_no_longer_there(kept: Kept) -> None:
    await kept.take()
    kept.line.forget()
    assert not kept.line.waiting
    assert not await kept.line.fed(0.02)


async def test_a_mail_that_was_held_is_no_longer_under_way(kept: Kept) -> None:
    letter = await kept.take()
    kept.line.done(letter, Outcome(Kind.HELD))
    assert not kept.line.windows.inside
