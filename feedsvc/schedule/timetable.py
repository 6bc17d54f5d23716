"""The timetable: it says when there is a tick. The only place that knows APScheduler."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from feedsvc.gateways.installation import Installation
from feedsvc.schedule.ticking import tick
from feedsvc.schedule.tidying import tidy_up

Clock = Callable[[], datetime]
Job = Callable[[], Awaitable[None]]

SECONDS = 1.0
BREATH = timedelta(seconds=0.1)
"""What a nudge leaves to the answer, and to the feeds that are rendered for those who ask at once."""

TIDY_MINUTES = 10
log = structlog.get_logger()


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
