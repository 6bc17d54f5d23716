"""A worker: enlists, frees what dead workers held, and keeps its lanes busy until it is stopped."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session, col, select

from feedsvc.actions import deliver, steer
from feedsvc.domain.tables import ledger as tables
from feedsvc.domain.tables.ledger import Worker
from feedsvc.errors import Unavailable
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.worker_lock import WorkerLock, worker_lock
from feedsvc.sender.claiming import Claiming
from feedsvc.sender.lane import Lane
from feedsvc.sender.line import Line
from feedsvc.sender.marks import Marks
from feedsvc.sender.pace import Pace
from feedsvc.sender.signing import Signing

LOOK, PAUSE, IDLE = 0.5, 0.1, 20.0
HEARTBEAT = 5.0
LEASE = timedelta(seconds=900)  # exceeds the 600 seconds that a final reply may take
LAST_REPLIES, LAST_WORDS = 30.0, 5.0
FOR_SERVICE = 2
"""Connections beside those of the settings, for mails that must not wait behind a mailing."""

HALTED = "The relay refused twenty mails in a row before it had seen them: {why}"
log = structlog.get_logger()


class Sender:
    """Sends what is due, through as many connections as the settings say."""

    def __init__(self, here: Installation, clock: Callable[[], datetime]) -> None:
        mail = here.settings.mail
        self.pace = Pace(mail.rate_per_second)
        self._here = here
        self._clock = clock
        self._lock: WorkerLock = worker_lock(here.database.url, here.database.engine)
        number = mail.connections
        bulk = Line(self.pace, tables.Lane.BULK, number)
        service = Line(self.pace, tables.Lane.SERVICE, FOR_SERVICE)
        self._claiming = {line: Claiming(here, clock, self.pace, line) for line in (bulk, service)}
        lines = [bulk] * number + [service] * FOR_SERVICE
        self._lanes = [(self._lane(n, line), line) for n, line in enumerate(lines)]
        self._worker_id = 0
        self._marks = Marks(here, clock, self.pace, 0)
        self._signing: Signing | None = None
        self._busy = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to send; what dead workers held goes first."""
        await self._enlist()
        await self._bury()
        self._signing = Signing(self._here.dkim) if self._here.dkim else None
        for lane, _ in self._lanes:
            lane.sign_with(self._signing)
        claiming = [one.keep(lambda: self._marks) for one in self._claiming.values()]
        jobs = [self._beat(), *claiming]
        lanes = [self._run(lane, line) for lane, line in self._lanes]
        self._tasks = [asyncio.create_task(job) for job in (*jobs, *lanes)]

    async def stop(self) -> None:
        """Start no more mails, wait for the replies under way (30 s), say goodbye."""
        self.pace.stop()
        beat, *claiming_and_lanes = self._tasks
        beat.cancel()
        for line in self._claiming:
            line.wake()
        try:
            _, late = await asyncio.wait(claiming_and_lanes, timeout=LAST_REPLIES)
            for task in late:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=LAST_WORDS)
            await asyncio.gather(*(lane.close() for lane, _ in self._lanes))
            if not late:
                now = self._clock()
                await self._here.database.write(deliver.take_over, self._worker_id, now=now)
        finally:
            if self._signing is not None:
                self._signing.close()
            self._lock.close()

    def _lane(self, number: int, line: Line) -> Lane:
        sift = self._claiming[line].sift
        return Lane(self._here, number, self.pace, line, halt=self._halt, sift=sift)

    async def _enlist(self) -> None:
        database, now = self._here.database, self._clock()
        self._worker_id = await database.write(deliver.enlist, now=now)
        await asyncio.to_thread(self._lock.hold, self._worker_id)
        self._marks = Marks(self._here, self._clock, self.pace, self._worker_id)

    async def _bury(self) -> None:
        """Free what workers held that have died, or were silent past their lease."""
        database, now = self._here.database, self._clock()
        for worker_id, seen_at in await database.read(_others, self._worker_id):
            silent = now - seen_at > LEASE
            if silent or await asyncio.to_thread(self._lock.dead, worker_id):
                doubt = await database.write(deliver.take_over, worker_id, now=now)
                log.info("took over from a dead worker", worker=worker_id, in_doubt=doubt)
                for one in self._claiming.values():
                    one.begin_at_the_front()

    async def _beat(self) -> None:
        """Say that we live; begin again under a new epoch when we were taken for dead."""
        while True:
            await asyncio.sleep(HEARTBEAT)
            try:
                held = await asyncio.to_thread(self._lock.held)
                seen = await self._here.database.write(
                    deliver.seen, self._worker_id, now=self._clock(), problem=self.pace.problem
                )
                if not (held and seen):
                    await self._begin_again()
                self.pace.halted = False
                await self._bury()
            except Unavailable as error:
                log.warning("no heartbeat", problem=error.problem)
            except Exception:
                log.exception("the heart stumbled")

    async def _begin_again(self) -> None:
        """Finish what is under way, then send under a new epoch: the old one is no longer ours."""
        log.warning("lost the lock; beginning a new epoch", worker=self._worker_id)
        self.pace.halted = True
        while self._busy:  # noqa: ASYNC110  rare, and nobody waits for us
            await asyncio.sleep(LOOK)
        for line, claiming in self._claiming.items():
            line.forget()
            claiming.begin_at_the_front()
        await self._enlist()

    async def _run(self, lane: Lane, line: Line) -> None:
        """Keep one connection busy; close it when there was nothing to do for a while."""
        while not self.pace.stopping:
            if not self.pace.going:
                await asyncio.sleep(PAUSE)
            elif not await self._carried(lane) and not await line.fed(IDLE):
                await lane.close()

    async def _carried(self, lane: Lane) -> bool:
        self._busy += 1
        try:
            return await lane.carry(self._marks)
        except Unavailable as error:
            self.pace.database_away(error.problem)
        except Exception:
            log.exception("a connection stumbled")
        finally:
            self._busy -= 1
        await asyncio.sleep(LOOK)
        return True

    async def _halt(self, digest_id: int, why: str) -> None:
        """Stop the mailings in a digest that the relay will not have."""
        now = self._clock()
        await self._here.database.write(steer.halt, digest_id, HALTED.format(why=why), now=now)


def _others(session: Session, worker_id: int) -> list[tuple[int, datetime]]:
    alive = select(Worker.id, Worker.seen_at).where(
        col(Worker.ended_at).is_(None), Worker.id != worker_id
    )
    return [(other or 0, seen_at) for other, seen_at in session.exec(alive).all()]
