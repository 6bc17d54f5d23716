"""The timetable: ticks that ask the database what is due. The only place that knows APScheduler.

A tick that comes late, twice or on two machines puts itself right (law 13).
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlmodel import Session, col, func, select

from feedsvc.actions import (
    ask,
    ask_both,
    fan_out,
    forget,
    hub,
    link,
    move,
    plan,
    publish,
    replay,
    retire,
    sign,
    slots,
    steer,
    tidy,
    welcome,
)
from feedsvc.domain.tables.ledger import Notice, Slot
from feedsvc.domain.tables.people import Intake
from feedsvc.errors import Unavailable
from feedsvc.gateways.installation import Installation
from feedsvc.records import facts

Clock = Callable[[], datetime]
Job = Callable[[], Awaitable[None]]

SECONDS = 1.0
BREATH = timedelta(seconds=0.1)
"""What a nudge leaves to the answer, and to the feeds that are rendered for those who ask at once."""

MOMENT, RESTS = 0.05, 5
RUSH = 200
"""So many sign-ups a second are a rush: working them off then takes a sixth of the time."""

TIDY_MINUTES = 10
SIGN_UPS = col(Intake.id), True
FAN_OUTS = col(Notice.id), col(Notice.eligible).is_(None)
SWEEPS = col(Notice.id), col(Notice.swept).is_not(None)
PLANS = col(Slot.id), col(Slot.planned_at).is_(None)
log = structlog.get_logger()


@dataclass(slots=True)
class Rush:
    """Which sign-up was the newest, and when."""

    newest: int
    at: float


async def tick(here: Installation, now: datetime) -> None:
    """Do all that is due at `now`: sign-ups, embargoes, fan-out, what was steered, slots, plans.

    What fails, a step or a row, does not stop the next ones (law 8) and is due again at the next
    tick; the failures are raised at the end.
    """
    failures = []
    for step in STEPS:
        try:
            await step(here, now)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  raised below, with the others
            errors = error.exceptions if isinstance(error, ExceptionGroup) else [error]
            failures.append(ExceptionGroup(step.__name__.strip("_"), errors))
    if failures:
        raise ExceptionGroup("steps of a tick failed", failures)


async def _sign_ups(here: Installation, now: datetime) -> None:
    pieces = (here.composer, here.keys, here.settings)
    act, rush = partial(sign.work_off, now=now), await newest(here)
    await _one_by_one(
        here, SIGN_UPS, act, *pieces, meanwhile=partial(give_way, here, rush), every=MOMENT
    )


async def give_way(here: Installation, rush: Rush) -> None:
    """Rest while people sign faster than this: they are answered first, the work waits."""
    now = await newest(here)
    if now.newest - rush.newest > RUSH * (now.at - rush.at):
        await asyncio.sleep(RESTS * MOMENT)
        now = await newest(here)
    rush.newest, rush.at = now.newest, now.at


async def newest(here: Installation) -> Rush:
    """Look which sign-up is the newest."""
    found = await here.database.read(_last_intake)
    return Rush(found, asyncio.get_running_loop().time())


def _last_intake(session: Session) -> int:
    return session.exec(select(func.max(Intake.id))).one() or 0


async def _asks(here: Installation, now: datetime) -> None:
    pieces = (here.composer, here.keys, here.settings)
    while await here.database.write(ask.ask, *pieces, now=now):
        pass


async def _links(here: Installation, now: datetime) -> None:
    pieces = (here.composer, here.keys, here.settings)
    for act in (link.mail_links, ask_both.ask_both):
        while await here.database.write(act, *pieces, now=now):
            pass


async def _welcomes(here: Installation, now: datetime) -> None:
    if here.settings.digest.welcome:
        pieces = (here.composer, here.keys, here.settings)
        while await here.database.write(welcome.welcome, *pieces, now=now):
            pass


async def _embargoes(here: Installation, now: datetime) -> None:
    await here.database.write(publish.release_due, now=now)


async def _retire(here: Installation, now: datetime) -> None:
    while await here.database.write(retire.retire, now=now):
        pass


async def _fan_out(here: Installation, now: datetime) -> None:
    chunk = here.settings.digest.chunk
    act = partial(fan_out.fan_out, chunk=chunk)
    await _one_by_one(here, FAN_OUTS, act, meanwhile=partial(_urgent, here, now))


async def _judge(here: Installation, now: datetime) -> None:
    found = await here.database.read(steer.findings, now)
    for notice_id, why in found.halts.items():
        await here.database.write(steer.halt_mailing, notice_id, why, now=now)
    for notice_id in found.proven:
        await here.database.write(steer.prove, notice_id, now=now)
    for notice_id in found.untried:
        await here.database.write(steer.prove, notice_id, tried=False, now=now)


async def _sweeps(here: Installation, now: datetime) -> None:
    chunk, percent = here.settings.digest.chunk, here.settings.mail.canary_percent
    act = partial(steer.sweep, chunk=chunk, canary_percent=percent, now=now)
    await _one_by_one(here, SWEEPS, act, meanwhile=partial(_urgent, here, now))


async def _slots(here: Installation, now: datetime) -> None:
    digest, zones = here.settings.digest, here.zones
    while await here.database.write(slots.open_slots, digest=digest, zones=zones, now=now):
        pass


async def _plans(here: Installation, now: datetime) -> None:
    chunk, percent = here.settings.digest.chunk, here.settings.mail.canary_percent
    act = partial(plan.plan, chunk=chunk, canary_percent=percent, now=now)
    pieces = (here.composer, here.keys)
    await _one_by_one(here, PLANS, act, *pieces, meanwhile=partial(_urgent, here, now))


async def _wipe(here: Installation, now: datetime) -> None:  # noqa: ARG001  a step like the others
    """Wipe the log of the database after somebody was erased; whoever reads in it is waited for."""
    owed = await here.database.read(facts.wipe_owed)
    if owed is not None and await here.database.empty_log():
        await here.database.write(facts.wiped, owed)


async def _mark(here: Installation, now: datetime) -> None:
    """Mark in the journal how far the database has come, so that a restart replays next to nothing."""
    journal = here.database.journal
    if journal is not None and not journal.marked():
        await here.database.write(replay.mark, now=now)


STEPS = (
    _sign_ups,
    _asks,
    _links,
    _welcomes,
    _embargoes,
    _retire,
    _fan_out,
    _judge,
    _sweeps,
    _slots,
    _plans,
    _wipe,
    _mark,
)


async def _urgent(here: Installation, now: datetime) -> None:
    """Do what cannot wait until a million mails are planned; the next tick shows what failed."""
    for step in (_sign_ups, _asks, _links, _judge, _wipe, _mark):
        with suppress(Exception):
            await step(here, now)


async def _one_by_one(
    here: Installation,
    rows: tuple[Any, Any],
    act: Callable[..., Any],
    *pieces: object,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
    every: float | None = None,
) -> None:
    """Work off the oldest of these rows until none is left; one that fails is passed by (law 8).

    What takes long looks up every second, or `every` so many, and does what must not wait, `meanwhile`.
    """
    loop = asyncio.get_running_loop()
    after: int | None = 0
    pause = SECONDS if every is None else every
    failures, looked_up = [], loop.time()
    while after is not None:
        try:
            if not await here.database.write(act, *pieces, after=after):
                break
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  raised below, with the others
            failures.append(error)
            after = await here.database.read(_oldest, rows, after)
        if meanwhile is not None and loop.time() - looked_up > pause:
            await meanwhile()
            looked_up = loop.time()
    if failures:
        raise ExceptionGroup("rows passed by", failures)


def _oldest(session: Session, rows: tuple[Any, Any], after: int) -> int | None:
    number, is_open = rows
    found: int | None = session.exec(select(func.min(number)).where(is_open, number > after)).one()
    return found


async def tidy_up(here: Installation, now: datetime) -> None:
    """Forget what need not be kept, a chunk at a time: others wait for the writer too."""
    while await here.database.write(forget.forget_unconfirmed, now=now):
        pass
    await here.database.write(hub.forget, now=now)
    await here.database.write(link.forget_links, now=now)
    await here.database.write(move.forget_changes, now=now)
    while await here.database.write(tidy.tidy, now=now):
        pass
    await here.database.trim_journal(now)


class Timetable:
    """Runs the ticks of one process. `last_tick` is the last in which nothing failed.

    `more` jobs are run as often, each beside the tick and never beside itself.
    """

    def __init__(
        self, here: Installation, clock: Clock, more: Mapping[str, Job] | None = None
    ) -> None:
        self.last_tick: datetime | None = None
        self._problems: dict[str, str] = {}
        self._stopping = False
        self._here = here
        self._clock = clock
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        always = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler.add_job(self.tick, "interval", seconds=SECONDS, id="tick", **always)
        self._scheduler.add_job(self._tidy, "interval", minutes=TIDY_MINUTES, id="tidy", **always)
        self._nudged = ["tick", *(more or {})]
        for name, job in (more or {}).items():
            work = {"seconds": SECONDS, "id": name, "args": (name, job)}
            self._scheduler.add_job(self._also, "interval", **work, **always)

    def start(self) -> None:
        """Begin; the first tick comes at once."""
        self._scheduler.start()
        self._bring_forward(datetime.now(UTC))

    def nudge(self) -> None:
        """Bring the next tick forward: something has just become due."""
        self._bring_forward(datetime.now(UTC) + BREATH)

    def _bring_forward(self, soon: datetime) -> None:
        """Tick no later than that; whoever nudges again puts nothing off."""
        for name in self._nudged:
            job = self._scheduler.get_job(name)
            if job and (job.next_run_time is None or job.next_run_time > soon):
                job.modify(next_run_time=soon)

    def stop(self) -> None:
        """Start no more ticks; one under way is cut short, and what it did stands."""
        self._stopping = True
        self._scheduler.shutdown(wait=False)

    @property
    def problem(self) -> str | None:
        """What fails at present, as steps and kinds of error; nobody is named."""
        return "; ".join(self._problems.values()) or None

    async def tick(self) -> None:
        """Tick once; a failure is shown, and followed by the next tick."""
        now = self._clock()
        if await self._survives("tick", tick(self._here, now)):
            self.last_tick = now

    async def _tidy(self) -> None:
        await self._survives("tidy", tidy_up(self._here, self._clock()))

    async def _also(self, name: str, job: Job) -> None:
        await self._survives(name, job())

    async def _survives(self, job: str, work: Awaitable[object]) -> bool:
        try:
            await work
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            return False  # cut short on purpose: APScheduler would print it as a fault
        except Exception as error:  # noqa: BLE001  shown; the database remembers what is due
            self._show(job, error)
            return False
        self._problems.pop(job, None)
        return True

    def _show(self, job: str, error: Exception) -> None:
        """Log a problem when it comes, not every second while it lasts."""
        failures = list(_failures(error, job))
        kinds = dict.fromkeys(f"{step}: {type(one).__name__}" for step, one in failures)
        problem = ", ".join(kinds)
        if self._problems.get(job) != problem:
            where = ["".join(traceback.format_tb(one.__traceback__)) for _, one in failures]
            log.error("tick failed", job=job, problem=problem, where=where)
        self._problems[job] = problem


def _failures(error: Exception, step: str) -> Iterator[tuple[str, Exception]]:
    """Give each failure with its step. The words of an error could name somebody; its kind cannot."""
    if isinstance(error, ExceptionGroup):
        for one in error.exceptions:
            yield from _failures(one, error.message)
    else:
        yield step, error
