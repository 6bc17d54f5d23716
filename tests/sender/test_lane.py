"""A lane carries mails through one connection whatever fails beside it, and leaves none behind."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select, update

from feedsvc.actions import deliver
from feedsvc.domain.mime import Skeleton
from feedsvc.domain.outcome import Fault, Kind, Outcome, Stage
from feedsvc.domain.tables.ledger import Mail, MailState, Snapshot
from feedsvc.gateways import relay as relays
from feedsvc.sender import sender
from feedsvc.sender.line import Line
from tests.sender.acts import cut, hang_up, say, silent
from tests.sender.crowds import CROWD, crowded, held, states, twice
from tests.sender.scripted import ScriptedRelay, Step
from tests.sender.trial import ANNA, BERT, OURS, SENT, ZOE, Trial
from tests.world import World

# Connections


async def test_no_connection_is_opened_while_nothing_is_due(here: Trial) -> None:
    here.world.write(_postpone)
    await here.start()
    await here.settles()
    assert here.relay.connections == 0


async def test_a_connection_is_used_again_for_the_next_mailing(here: Trial) -> None:
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    await here.post_more("More")
    assert here.relay.connections == 1


async def test_an_idle_connection_is_closed_with_a_goodbye_and_opened_anew_when_needed(
    here: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "IDLE", 0.1)
    goodbyes = 0

    async def goodbye(talk: Any) -> None:
        nonlocal goodbyes
        goodbyes += 1
        await talk.usual()

    here.relay.on(Step.QUIT, goodbye, times=9)
    await here.start()
    await here.until(lambda: goodbyes == 1)
    await here.settles()
    assert (goodbyes, here.relay.connections) == (1, 1)
    await here.post_more("More")
    assert here.relay.connections == 2


async def test_a_connection_is_left_after_so_many_mails(
    tmp_path: Path, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "MOST_MAILS", 5)
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 18) as here:
        await here.start()
        await here.until(lambda: states(here.world)["sent"] == 18)
        carried = [one.connection for one in scripted.heard]
        assert max(carried.count(number) for number in carried) <= 6
        assert twice(scripted) == []


async def test_a_connection_is_left_before_the_relay_counts_ten_refusals(
    tmp_path: Path, hurried: None
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 18, ZOE) as here:
        scripted.on(Step.RCPT, say("550 5.1.1 user unknown"), CROWD, times=99)
        await here.start()
        await here.until(lambda: states(here.world) == {"refused": 18, "sent": 1})
        refused = [
            one.connection for one in scripted.heard for _, code in one.answers if code >= 500
        ]
        assert max(refused.count(number) for number in refused) < 10


async def test_a_small_mailing_over_several_connections_reaches_everybody_once(
    tmp_path: Path, hurried: None
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 50, connections=5) as here:
        await here.start()
        await here.until(lambda: states(here.world)["sent"] == 50)
        assert twice(scripted) == []
        assert held(here.world) == 0


async def test_while_one_connection_waits_the_others_do_not_spin(
    tmp_path: Path, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(relays.PATIENCE, Stage.RCPT, 60.0)
    asked = 0
    fed = Line.fed

    async def counted(self: Any, seconds: float) -> bool:
        nonlocal asked
        asked += 1
        return await fed(self, seconds)

    monkeypatch.setattr(Line, "fed", counted)
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 1, connections=5) as here:
        scripted.on(Step.RCPT, silent())
        await here.start()
        await here.until(lambda: bool(scripted.heard))
        asked = 0
        await here.settles(0.5)
        assert asked < 50
        await scripted.stop()


# Mails that must not go, or cannot


async def test_a_mail_that_cannot_be_put_together_stops_nobody_else(here: Trial) -> None:
    here.world.write(_spoil, here.mail(BERT).id)
    await here.start()
    await here.comes_to(anna=SENT, bert=OURS, zoe=SENT)
    assert here.copies(BERT) == []


@pytest.mark.parametrize("problem", [ValueError, LookupError, RuntimeError, MemoryError])
async def test_a_mail_whose_making_fails_stops_nobody_else(
    here: Trial, monkeypatch: pytest.MonkeyPatch, problem: type[Exception]
) -> None:
    splice = Skeleton.splice

    def fail(self: Any, values: Any) -> bytes:
        if values["address"] == BERT:
            raise problem
        return bytes(splice(self, values))

    monkeypatch.setattr(Skeleton, "splice", fail)
    await here.start()
    await here.until(lambda: here.meets(ANNA, SENT) and here.meets(ZOE, SENT))
    await here.until(lambda: here.mail(BERT).worker_id is None)
    assert here.copies(BERT) == []
    assert here.blamed() == []


async def test_who_leaves_after_the_claim_is_not_mailed_and_all_others_are(
    tmp_path: Path, hurried: None
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 5, ANNA, BERT, ZOE) as here:
        scripted.on(Step.MAIL, silent(0.25))
        await here.start()
        await here.until(lambda: held(here.world) == 8)
        here.world.leave(here.world.signer_id(BERT))
        await here.until(lambda: states(here.world) == {"sent": 7, "cancelled": 1})
        assert here.copies(BERT) == []
        assert twice(scripted) == []
        assert held(here.world) == 0


# A connection that ends


async def test_a_connection_lost_while_the_start_is_made_durable_costs_no_attempt(
    here: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    database: Any = here.world.here.database
    write = database.write

    async def slow(act: Any, *args: Any, **kwargs: Any) -> Any:
        answer = await write(act, *args, **kwargs)
        await asyncio.sleep(0.1 if act is deliver.mark else 0)
        return answer

    monkeypatch.setattr(database, "write", slow)
    here.on(Step.BODY, hang_up, BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert here.each_has_one_mail()


async def test_no_final_dot_leaves_before_the_outcome_of_the_mail_before_is_on_disk(
    tmp_path: Path, hurried: None
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 30, connections=3) as here:
        unmarked: list[int] = []

        async def look(talk: Any) -> None:
            unmarked.append(states(here.world)["sending"])
            await talk.usual()

        scripted.on(Step.DOT, look, times=99)
        await here.start()
        await here.until(lambda: states(here.world)["sent"] == 30)
        assert len(unmarked) == 30
        assert 1 <= max(unmarked) <= 3


async def test_a_mail_in_doubt_goes_alone_with_nothing_announced_behind_it(
    here: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.world.write(_leave_in_doubt, here.mail(BERT).id, here.world.now)
    behind: list[Any] = []
    hand_over = relays.Connection.hand_over

    def watched(self: Any, message: bytes, following: Any = None) -> bool:
        if f"<{BERT}>".encode() in message or BERT.encode() in message:
            behind.append(following)
        elif following is not None and following.recipient == BERT:
            behind.append(BERT)
        return hand_over(self, message, following)

    monkeypatch.setattr(relays.Connection, "hand_over", watched)
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert behind == [None]


async def test_a_body_cut_short_on_one_of_several_connections_reaches_everybody_once(
    tmp_path: Path, hurried: None
) -> None:
    scripted = ScriptedRelay()
    async with crowded(tmp_path, scripted, 12, connections=3) as here:
        scripted.on(Step.RCPT, hang_up, times=3, skip=4)
        scripted.on(Step.DATA, cut(0), times=2, skip=3)
        await here.start()
        await here.until(lambda: states(here.world)["sent"] == 12)
        assert twice(scripted) == []


# What claims and marks do under a lane


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


def test_a_mail_starts_in_one_place_only(here_and_now: World) -> None:
    worker = planned(here_and_now)
    [claim] = here_and_now.claims(worker, limit=5)

    def start(connection: int, position: int) -> bool:
        asked = [deliver.Start(claim.mail_id, connection, position)]
        now = here_and_now.now
        marks = {"unknown_wait": here_and_now.now - here_and_now.now, "now": now}
        return bool(here_and_now.write(deliver.mark, worker, [], asked, **marks))

    first = start(0, 1)
    here_and_now.pass_time(seconds=1)
    assert [first, start(0, 1), start(1, 1), start(0, 2)] == [True, True, False, False]


def planned(here: World) -> int:
    """Plan one mail and enlist a worker for it."""
    here.campaign()
    here.join(ANNA)
    here.send()
    here.post()
    here.run_until_planned()
    return int(here.write(deliver.enlist, now=here.now))


def _spoil(session: Session, mail_id: int) -> None:
    session.execute(
        update(Snapshot).where(col(Snapshot.mail_id) == mail_id).values(address_sealed=b"\1cut")
    )


def _postpone(session: Session) -> None:
    session.execute(update(Mail).values(due_at=None))


def _leave_in_doubt(session: Session, mail_id: int, now: Any) -> None:
    """Let a worker die with a mail under way."""
    worker = deliver.enlist(session, now=now)
    mail = session.exec(select(Mail).where(Mail.id == mail_id)).one()
    mail.worker_id, mail.state = worker, MailState.SENDING
    session.flush()
    deliver.take_over(session, worker, now=now)
