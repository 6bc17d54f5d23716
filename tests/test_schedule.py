"""What fails is passed by, shown and tried again; the rest of the tick goes on (law 8)."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text
from sqlmodel import func, select

from feedsvc.actions import erase, sign, tidy
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import Signup
from feedsvc.domain.tables.doors import Intake
from feedsvc.domain.tables.ledger import Mail, MailKind, Slot, Snapshot
from feedsvc.records import facts
from feedsvc.schedule import Timetable, rows, rush, tidy_up
from tests.world import World, world

STOP = "CREATE TRIGGER stop BEFORE {} BEGIN SELECT RAISE(ABORT, 'anna@example.org'); END"


@pytest.fixture
def here(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """Give a world on SQLite, whose triggers make one row fail."""
    with world(sqlite_url, tmp_path) as made:
        made.campaign("river")
        made.campaign("forest")
        yield made


@pytest.fixture
def timetable(here: World) -> Timetable:
    """Give a timetable that ticks when it is told to."""
    return Timetable(here.here, here.clock)


def fail(here: World, trigger: str) -> None:
    """Let the database refuse one row."""
    here.write(lambda session: session.execute(text(STOP.format(trigger))))


def mend(here: World) -> None:
    """Let it be taken again."""
    here.write(lambda session: session.execute(text("DROP TRIGGER stop")))


def take_in(here: World, email: str) -> None:
    """Take a sign-up in, without working it off."""
    signup = Signup(
        email=email, campaign_id=here.campaign_id(), name="Zoë", updates=True, consent_text="Yes."
    )
    sealed = here.here.keys.seal(signup.model_dump_json(), Sealed.INTAKE)
    here.write(sign.take_in, [(sealed, here.now)])


def count(here: World, table: type) -> int:
    """Count the rows of a table."""
    return int(
        here.read(lambda session: session.exec(select(func.count()).select_from(table)).one())
    )


async def test_a_signup_that_fails_lets_later_ones_pass(here: World, timetable: Timetable) -> None:
    take_in(here, "anna@example.org")
    take_in(here, "bea@example.org")
    fail(here, "DELETE ON intake WHEN old.id = 1")
    await timetable.tick()
    assert here.signer_id("bea@example.org")
    assert count(here, Intake) == 1
    mend(here)
    await timetable.tick()
    assert count(here, Intake) == 0


async def test_a_fan_out_that_fails_lets_later_ones_pass(here: World, timetable: Timetable) -> None:
    here.join("anna@example.org", "river")
    here.join("bea@example.org", "forest")
    here.post("river")
    here.post("forest")
    fail(here, "INSERT ON delivery WHEN new.notice_id = 1")
    await timetable.tick()
    assert [row.notice_id for row in here.deliveries()] == [2]


async def test_a_plan_that_fails_lets_later_ones_pass(here: World, timetable: Timetable) -> None:
    anna = here.join("anna@example.org", "river")
    here.join("bea@example.org", "forest")
    here.send()
    here.post("river")
    await timetable.tick()
    fail(here, f"INSERT ON mail WHEN new.signer_id = {anna}")
    here.pass_time(minutes=11)
    await timetable.tick()
    here.post("forest")
    await timetable.tick()
    here.pass_time(minutes=11)
    await timetable.tick()
    assert here.send() == ["bea@example.org"]
    mend(here)
    await timetable.tick()
    assert here.send() == ["anna@example.org"]


async def test_a_failure_is_shown_until_it_is_over_and_names_nobody(
    here: World, timetable: Timetable
) -> None:
    await timetable.tick()
    well = timetable.last_tick
    take_in(here, "anna@example.org")
    fail(here, "DELETE ON intake")
    here.pass_time(minutes=1)
    await timetable.tick()
    assert (timetable.problem, timetable.last_tick) == ("sign_ups: IntegrityError", well)
    mend(here)
    await timetable.tick()
    assert (timetable.problem, timetable.last_tick) == (None, here.now)


async def test_old_snapshots_are_wiped_chunk_by_chunk(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidy, "AT_ONCE", 1)
    for name in ("anna", "bea", "carl"):
        here.join(f"{name}@example.org")
    here.send()
    here.pass_time(seconds=(tidy.SNAPSHOTS + timedelta(days=1)).total_seconds())
    await tidy_up(here.here, here.now)
    assert here.read(lambda s: s.exec(select(Snapshot.mail_id)).all()) == []


async def test_a_damaged_signer_opens_no_slot_after_slot(here: World, timetable: Timetable) -> None:
    anna = here.join("anna@example.org", cadence="weekly")
    here.send()
    here.post()
    here.pass_time(minutes=11)
    await timetable.tick()
    damaged = "UPDATE signer SET language_sealed = x'01', language_tag = NULL WHERE id = :id"
    here.write(lambda session: session.execute(text(damaged), {"id": anna}))
    here.write(lambda session: session.execute(text("UPDATE delivery SET due_now = true")))
    await timetable.tick()
    before = count(here, Slot)
    here.pass_time(seconds=1)
    await timetable.tick()
    assert count(here, Slot) == before
    assert here.books().withheld == {"damaged": 1}


async def test_who_signs_while_many_mails_are_planned_is_asked_meanwhile(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "SECONDS", 0.0)
    with world(sqlite_url, tmp_path, digest={"chunk": 1}) as made:
        made.campaign()
        for number in range(5):
            made.join(f"person{number}@example.org")
        made.post()
        made.pass_time(minutes=11)
        digests = select(Mail.id).where(Mail.kind == MailKind.DIGEST)
        async with anyio.create_task_group() as group:
            group.start_soon(made.tick)
            while not await made.here.database.read(lambda s: s.exec(digests).first()):
                pass
            take_in(made, "late@example.org")
        assert (len(made.mails()), count(made, Intake)) == (5, 0)


async def test_sign_ups_without_end_keep_no_other_step_from_its_turn(
    here: World, timetable: Timetable
) -> None:
    rush_of_people = asyncio.create_task(_sign_without_end(here))
    await asyncio.sleep(0.2)
    async with asyncio.timeout(8):
        await timetable.tick()
    rush_of_people.cancel()
    assert count(here, Intake) > 0
    assert timetable.last_tick == here.now


async def _sign_without_end(here: World) -> None:
    signup = Signup(email="anna@example.org", campaign_id=here.campaign_id(), updates=True)
    sealed = here.here.keys.seal(signup.model_dump_json(), Sealed.INTAKE)
    while True:
        await here.here.database.write(sign.take_in, [(sealed, here.now)] * 40)
        await asyncio.sleep(0.05)


async def test_a_nudge_is_answered_soon_however_often_it_is_repeated(here_and_now: World) -> None:
    timetable = Timetable(here_and_now.here, here_and_now.clock)
    timetable.start()
    try:
        while timetable.last_tick is None:  # noqa: ASYNC110  it has no bell
            await asyncio.sleep(0.01)
        here_and_now.pass_time(hours=1)
        begun = time.monotonic()
        while timetable.last_tick != here_and_now.now and time.monotonic() - begun < 0.7:
            timetable.nudge()
            await asyncio.sleep(0.01)
        assert timetable.last_tick == here_and_now.now
    finally:
        timetable.stop()


async def test_a_tick_that_a_stop_cuts_short_is_no_fault(
    here_and_now: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun = asyncio.Event()

    async def endless(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("feedsvc.schedule.ticking.STEPS", (endless,))
    timetable = Timetable(here_and_now.here, here_and_now.clock)
    timetable.start()
    await begun.wait()
    timetable.stop()
    await asyncio.sleep(0.05)
    assert not caplog.records


def test_the_tick_after_an_erasure_wipes_the_log(here: World, tmp_path: Path) -> None:
    anna = here.join("anna@example.org")
    here.write(erase.erase, anna, now=here.now)
    asyncio.run(here.tick())
    log = (tmp_path / "feedsvc.db-wal").stat().st_size
    assert log < 40_000  # what was committed since: only that it was wiped
    assert here.read(facts.wipe_owed) is None


async def test_who_signs_in_a_rush_is_answered_before_others_are_worked_off(
    here_and_now: World,
) -> None:
    loop, here = asyncio.get_running_loop(), here_and_now.here
    before = await rush.newest(here)
    await here.database.write(sign.take_in, [(b"", here_and_now.now)] * 20_000)
    begun = loop.time()
    await rush.give_way(here, before)
    rest = rush.RESTS * rush.MOMENT
    assert loop.time() - begun >= rest
    assert before.newest == 20_000
