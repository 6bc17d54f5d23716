"""The timetable: ticks that ask the database what is due. The only place that knows APScheduler.

A tick that comes late, twice or on two machines puts itself right (law 13).
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from feedsvc.actions import fan_out, plan, publish, sign, slots, tidy
from feedsvc.errors import Unavailable
from feedsvc.gateways.installation import Installation

Clock = Callable[[], datetime]

SECONDS = 1.0
TIDY_MINUTES = 10
log = structlog.get_logger()


async def tick(here: Installation, now: datetime) -> None:
    """Do all that is due at `now`: sign-ups, embargoes, fan-out, slots, plans.

    A step that fails does not stop the next ones (law 8); the failures are raised at the end.
    """
    failures = []
    for step in (_sign_ups, _embargoes, _fan_out, _slots, _plans):
        try:
            await step(here, now)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  raised below, with the others
            failures.append(error)
    if failures:
        raise ExceptionGroup("steps of a tick failed", failures)


async def _sign_ups(here: Installation, now: datetime) -> None:
    pieces = (here.composer, here.keys, here.settings)
    while await here.database.write(sign.work_off, *pieces, now=now):
        pass


async def _embargoes(here: Installation, now: datetime) -> None:
    await here.database.write(publish.release_due, now=now)


async def _fan_out(here: Installation, _now: datetime) -> None:
    chunk = here.settings.digest.chunk
    while await here.database.write(fan_out.fan_out, chunk=chunk) is not None:
        pass


async def _slots(here: Installation, now: datetime) -> None:
    digest, zones = here.settings.digest, here.zones
    await here.database.write(slots.open_slots, digest=digest, zones=zones, now=now)


async def _plans(here: Installation, now: datetime) -> None:
    pieces, chunk = (here.composer, here.keys), here.settings.digest.chunk
    while await here.database.write(plan.plan, *pieces, chunk=chunk, now=now) is not None:
        pass


class Timetable:
    """Runs the ticks of one process."""

    def __init__(self, here: Installation, clock: Clock) -> None:
        self.last_tick: datetime | None = None
        self._here = here
        self._clock = clock
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        always = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler.add_job(self._tick, "interval", seconds=SECONDS, id="tick", **always)
        self._scheduler.add_job(self._tidy, "interval", minutes=TIDY_MINUTES, id="tidy", **always)

    def start(self) -> None:
        """Begin; the first tick comes at once."""
        self._scheduler.start()
        self.nudge()

    def nudge(self) -> None:
        """Bring the next tick forward: something has just become due."""
        self._scheduler.modify_job("tick", next_run_time=datetime.now(UTC))

    def stop(self) -> None:
        """Start no more ticks; one under way is cut short, and what it did stands."""
        self._scheduler.shutdown(wait=False)

    async def _tick(self) -> None:
        await self._survive("tick", tick(self._here, self._clock()))
        self.last_tick = self._clock()

    async def _tidy(self) -> None:
        await self._survive("tidy", self._here.database.write(tidy.tidy, now=self._clock()))

    async def _survive(self, name: str, work: Awaitable[object]) -> None:
        """Let one failed tick be followed by the next: the database remembers what is due."""
        try:
            await work
        except Unavailable as error:
            log.warning("database away", job=name, problem=error.problem)
        except Exception:
            log.exception("tick failed", job=name)
