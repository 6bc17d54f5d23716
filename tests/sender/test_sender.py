"""A worker sends all that is due, whatever is away or has died, and stops when it is told to."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from feedsvc.actions import deliver, steer
from feedsvc.domain.outcome import Stage
from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.ledger import MailKind, Worker
from feedsvc.errors import Unavailable
from feedsvc.gateways import relay as relays
from feedsvc.sender import marks, sender
from tests.sender.acts import say, silent
from tests.sender.crowds import CROWD, crowded, gather, held, restart, states, twice
from tests.sender.deadly import DIED
from tests.sender.scripted import ScriptedRelay, Step
from tests.sender.trial import SENT, Trial
from tests.world import World, world

NEW = "new@example.org"
POISON = "signer5@crowd.invalid"


class Flaky:
    """Stands before a database that is away now and then."""

    def __init__(self, here: World, patch: pytest.MonkeyPatch) -> None:
        self.away = 0
        self._database: Any = here.here.database
        self._patch = patch

    def fail(self, way: str, act: Any, times: int, *, unheard: bool = False) -> None:
        """Let an action or query fail so many times: before it is run, or after (unheard of)."""
        go_on = getattr(self._database, way)
        left = times

        async def flaky(asked: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if asked is not act or not left:
                return await go_on(asked, *args, **kwargs)
            left -= 1
            self.away += 1
            if unheard:
                await go_on(asked, *args, **kwargs)
            raise Unavailable("The database is away.")

        self._patch.setattr(self._database, way, flaky)


@pytest.fixture
def quick(hurried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what only the worker waits for."""
    monkeypatch.setattr(sender, "HEARTBEAT", 0.05)
    monkeypatch.setattr(marks, "AGAIN", 0.05)


def worker(here: World) -> int:
    """Return the worker that lives."""
    alive = select(Worker.id).where(col(Worker.ended_at).is_(None))
    return int(here.read(lambda s: s.exec(alive.order_by(col(Worker.id).desc())).first()))


def workers(here: World) -> int:
    """Count the workers that live."""
    alive = select(Worker.id).where(col(Worker.ended_at).is_(None))
    return len(here.read(lambda session: session.exec(alive).all()))


def waits_for(here: Trial, number: int, step: Step) -> Callable[[], bool]:
    """Whether so many mails have come to a step and wait there."""
    if step is Step.DOT:
        return lambda: sum(one.taken for one in here.relay.heard) >= number
    return lambda: sum(bool(one.recipients) for one in here.relay.heard) >= number


# Service mails


@pytest.mark.parametrize("number", [1, 3])
async def test_a_confirm_mail_goes_out_while_all_connections_of_a_mailing_hang(
    tmp_path: Path, hurried: None, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setitem(relays.PATIENCE, Stage.DOT, 60.0)
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 30, connections=3) as here:
        scripted.on(Step.DOT, silent(), CROWD, times=99)
        await here.start()
        await here.until(waits_for(here, 3, Step.DOT))
        people = [f"{n}{NEW}" for n in range(number)]
        for address in people:
            here.world.sign_up(address)
        await here.until(lambda: all(here.copies(address) for address in people), 2.0)
        assert states(here.world)["sent"] == 0
        await scripted.stop()


@pytest.mark.parametrize("mails", [1500])
async def test_a_confirm_mail_leaves_within_two_seconds_while_a_mailing_is_sent(
    tmp_path: Path, mails: int
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, mails, connections=4) as here:
        await here.start()
        await here.until(lambda: here.sender.pace.sent > 20)
        here.world.sign_up(NEW)
        await here.until(lambda: bool(here.copies(NEW)), 2.0)
        assert states(here.world)["sent"] < mails


async def test_a_confirm_mail_waits_for_no_turn_of_a_slow_mailing(
    tmp_path: Path, hurried: None
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 20, connections=3, rate_per_second=0.5) as here:
        await here.start()
        await here.until(lambda: here.sender.pace.sent == 1)
        here.world.sign_up(NEW)
        await here.until(lambda: bool(here.copies(NEW)), 2.0)


# Crashes


@pytest.mark.parametrize("connections", [1, 4])
async def test_a_mail_whose_making_kills_the_worker_is_put_aside_and_all_others_are_sent(
    tmp_path: Path, connections: int
) -> None:
    scripted = ScriptedRelay()
    await scripted.start()
    url = f"sqlite:///{tmp_path / 'feedsvc.db'}"
    with world(url, tmp_path, mail={"canary_percent": 0}) as here:
        gather(here, 12)
        here.post()
        here.pass_time(minutes=11)
        await here.tick()
        now = here.now
    run = [sys.executable, "-m", "tests.sender.deadly", str(tmp_path), str(scripted.port)]
    asked = [*run, str(connections), now.isoformat(), POISON]
    ends = [await asyncio.to_thread(_run, asked) for _ in range(5)]
    with world(url, tmp_path) as here:
        found = {address: (mail.state, mail.reason) for address, mail in here.mails()}
        assert found.pop(POISON) == ("refused", "ours")
        assert set(found.values()) == {("sent", None)}
    await scripted.stop()
    assert ends == [DIED] * 4 + [0]
    copies = Counter(one.recipients[0] for one in scripted.heard if one.taken)
    assert max(copies.values()) <= 2
    assert all(len({one.body for one in scripted.of(address)}) == 1 for address in copies)


def _run(command: list[str]) -> int:
    return subprocess.run(command, check=False, timeout=30).returncode


async def test_what_a_dead_worker_had_under_way_goes_first_and_with_the_same_bytes(
    here: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "LAST_REPLIES", 0.2)
    monkeypatch.setitem(relays.PATIENCE, Stage.DOT, 60.0)
    monkeypatch.setattr(relays, "GOODBYE", 0.1)
    here.relay.on(Step.DOT, silent())
    await here.start()
    await here.until(waits_for(here, 1, Step.DOT))
    first = here.relay.heard[0].recipients[0]
    await restart(here)
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert len(here.copies(first)) == 2
    assert len(set(here.copies(first))) == 1
    assert twice(here.relay) == [first]


# A database that is away


@pytest.mark.parametrize("unheard", [False, True], ids=["before the commit", "after the commit"])
async def test_outcomes_wait_for_a_database_that_is_away_and_nothing_is_sent_twice(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch, *, unheard: bool
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 20, connections=3) as here:
        flaky = Flaky(here.world, monkeypatch)
        flaky.fail("write", deliver.mark, 6, unheard=unheard)
        await here.start()
        await here.until(lambda: states(here.world)["sent"] == 20)
        assert flaky.away == 6
        assert twice(scripted) == []
        assert held(here.world) == 0
        assert here.sender.pace.problem == ""


@pytest.mark.parametrize("unheard", [False, True], ids=["before the commit", "after the commit"])
async def test_claims_that_were_never_heard_of_are_given_back_and_sent_once(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch, *, unheard: bool
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 40, connections=1) as here:
        flaky = Flaky(here.world, monkeypatch)
        flaky.fail("write", deliver.claim, 3, unheard=unheard)
        await here.start()
        await here.until(lambda: states(here.world)["sent"] == 40)
        assert flaky.away == 3
        assert twice(scripted) == []
        assert held(here.world) == 0


async def test_a_database_that_is_away_for_one_line_takes_nothing_from_the_other(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 40, connections=2) as here:
        scripted.on(Step.DOT, silent(0.1), CROWD, times=99)
        flaky = Flaky(here.world, monkeypatch)
        await here.start()
        await here.until(lambda: here.sender.pace.sent >= 2)
        for _ in range(5):
            flaky.fail("read", deliver.due, 1)
            await here.settles(0.1)
        await here.until(lambda: states(here.world)["sent"] == 40)
        assert flaky.away == 5
        assert twice(scripted) == []


# A mailing that is stopped, and marks that cannot be made


async def test_stopping_a_mailing_costs_few_connections_and_strands_nothing(
    tmp_path: Path, hurried: None
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 60, connections=2) as here:
        scripted.on(Step.RCPT, silent(0.25), times=2)
        await here.start()
        await here.until(waits_for(here, 2, Step.RCPT))
        uid = here.world.read(lambda session: session.exec(select(Update.uid)).one())
        here.world.write(steer.pause, uid, by="test", now=here.world.now)
        await here.world.tick()
        await here.until(lambda: held(here.world) == 0)
        await here.settles()
        assert states(here.world)["sent"] == 0
        assert scripted.connections <= 6


async def test_a_mark_that_cannot_be_made_fails_alone(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stage in relays.PATIENCE:
        monkeypatch.setitem(relays.PATIENCE, stage, 10.0)  # the traces in the log take their time
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 30, connections=3) as here:
        bad = here.world.mails()[7][1].id
        database: Any = here.world.here.database
        write = database.write

        async def refused(act: Any, *args: Any, **kwargs: Any) -> Any:
            if act is deliver.mark and any(done.mail_id == bad for done in args[1]):
                raise ValueError
            return await write(act, *args, **kwargs)

        monkeypatch.setattr(database, "write", refused)
        await here.start()
        await here.until(lambda: states(here.world) == {"sent": 29, "sending": 1})
        monkeypatch.setattr(database, "write", write)
        assert twice(scripted) == []


# A worker that was taken for dead


async def test_a_worker_that_was_taken_for_dead_begins_anew_and_sends_nothing_twice(
    database_url: str, tmp_path: Path, quick: None
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 20, url=database_url, connections=2) as here:
        scripted.on(Step.RCPT, silent(0.2), times=2)
        await here.start()
        await here.until(waits_for(here, 2, Step.RCPT))
        before = worker(here.world)
        here.world.write(deliver.take_over, before, now=here.world.now)
        await here.until(lambda: states(here.world)["sent"] == 20)
        assert worker(here.world) > before
        assert twice(scripted) == []
        assert held(here.world) == 0


async def test_a_worker_under_a_new_epoch_goes_on_though_the_database_stumbles_meanwhile(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 8) as here:
        scripted.on(Step.RCPT, silent(0.2))
        await here.start()
        await here.until(waits_for(here, 1, Step.RCPT))
        flaky = Flaky(here.world, monkeypatch)
        for act in (deliver.enlist, deliver.seen):
            flaky.fail("write", act, 2)
        flaky.fail("read", sender._others, 3)  # noqa: SLF001  what it asks first
        here.world.write(deliver.take_over, worker(here.world), now=here.world.now)
        await here.until(lambda: states(here.world)["sent"] == 8)
        assert flaky.away == 7
        assert twice(scripted) == []


async def test_the_mark_of_a_worker_that_was_taken_for_dead_changes_nothing(
    tmp_path: Path, quick: None
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 1) as here:
        scripted.on(Step.DOT, silent(0.2))
        await here.start()
        await here.until(waits_for(here, 1, Step.DOT))
        here.world.write(deliver.take_over, worker(here.world), now=here.world.now)
        await here.until(lambda: states(here.world)["sent"] == 1)
        first, second = [one.body for one in scripted.heard if one.taken]  # it was in doubt
        assert first == second


# Stopping


async def test_stopping_waits_for_the_replies_under_way_and_starts_nothing_more(
    tmp_path: Path, hurried: None
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 20, connections=2) as here:
        scripted.on(Step.DOT, silent(0.2), times=99)
        await here.start()
        await here.until(waits_for(here, 2, Step.DOT))
        await here.sender.stop()
        here.started = False
        sent = sum(one.taken for one in scripted.heard)
        assert sent == 2
        assert states(here.world) == {"sent": 2, "queued": 18}
        assert (held(here.world), workers(here.world)) == (0, 0)


async def test_stopping_says_goodbye(here: Trial) -> None:
    goodbyes: list[Any] = []

    async def goodbye(talk: Any) -> None:
        goodbyes.append(talk)
        await talk.usual()

    here.relay.on(Step.QUIT, goodbye, times=9)
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    await here.sender.stop()
    here.started = False
    assert len(goodbyes) == here.relay.connections == 1


async def test_stopping_is_not_held_up_by_a_relay_that_does_not_say_goodbye(
    tmp_path: Path, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "GOODBYE", 0.4)
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 40, connections=6) as here:
        scripted.on(Step.QUIT, silent(), times=9)
        await here.start()
        await here.until(lambda: states(here.world)["sent"] == 40)
        async with asyncio.timeout(1.2):
            await here.sender.stop()
        here.started = False


async def test_stopping_does_not_wait_for_a_relay_that_rests(here: Trial) -> None:
    here.relay.on(Step.EHLO, say("451 4.3.0 later"), times=99)
    await here.start()
    await here.until(lambda: bool(here.sender.pace.problem))
    async with asyncio.timeout(1.5):
        await here.sender.stop()
    here.started = False
    assert here.untouched()


async def test_a_sender_that_is_stopped_at_once_leaves_nothing_behind(
    tmp_path: Path, hurried: None
) -> None:
    async with crowded(tmp_path, ScriptedRelay(), 9, connections=3) as here:
        await here.sender.start()
        for _ in range(5):
            await restart(here)
        await here.sender.stop()
        assert (held(here.world), workers(here.world)) == (0, 0)
        assert twice(here.relay) == []


def test_a_confirm_mail_is_a_service_mail(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.sign_up(NEW)
    [(_, mail)] = here_and_now.mails(MailKind.CONFIRM)
    assert mail.lane == "a"
