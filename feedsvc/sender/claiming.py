"""Claiming: keeps a line filled. Claims are few and made ahead, so that no connection waits for one."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from feedsvc.actions import deliver
from feedsvc.actions.deliver import FIRST, Claim, Mark, Place
from feedsvc.domain.outcome import Fault, Kind, Outcome
from feedsvc.errors import Unavailable
from feedsvc.gateways.installation import Installation
from feedsvc.sender.allowance import Allowance
from feedsvc.sender.letters import Letters
from feedsvc.sender.line import Line
from feedsvc.sender.marks import Marks
from feedsvc.sender.pace import Pace

LOOK, LOOK_BACK = 0.5, 5.0
DAMAGED = "the mail could not be put together"
HELD = Outcome(Kind.HELD, Fault.OURS)
log = structlog.get_logger()


class Claiming:
    """Claims mails for one line, and opens them."""

    def __init__(
        self, here: Installation, clock: Callable[[], datetime], pace: Pace, line: Line
    ) -> None:
        self._here = here
        self._clock = clock
        self._pace = pace
        self._line = line
        self._letters = Letters(here)
        self._allowance = Allowance(here.settings.mail)
        self._unsure = False
        self._pause_until = 0.0
        self.begin_at_the_front()

    def begin_at_the_front(self) -> None:
        """Look from the front of the queue at the next claim."""
        self._place = FIRST
        self._looked_back = time.monotonic()

    async def keep(self, marks: Callable[[], Marks]) -> None:
        """Keep the line filled until we stop."""
        while not self._pace.stopping:
            try:
                more = await self._fill(marks())
            except Unavailable as error:
                self._unsure, more = True, False
                self._pace.database_away(error.problem)
            except Exception:
                self._unsure, more = True, False
                log.exception("claiming failed")
            if not more:
                await self._until_hungry()

    async def sift(self, worker_id: int) -> None:
        """Look at all that waits: one mail may not be sent any more, and others may share its fate."""
        fit = await self._here.database.read(deliver.fit, worker_id, self._line.known)
        self._line.keep_only(fit)
        self._unsure = True

    async def _until_hungry(self) -> None:
        """Wait until there is room, or for a while: something may have become due."""
        if self._pace.stopping:
            return
        self._line.hungry.clear()
        try:
            await asyncio.wait_for(self._line.hungry.wait(), LOOK)
        except TimeoutError:
            return

    async def _fill(self, marks: Marks) -> bool:
        """Claim for the room that there is; return whether there may be more at once."""
        room, epoch = self._line.room, self._line.epoch
        if not room or not self._pace.going or time.monotonic() < self._pause_until:
            return False
        if self._unsure:
            await self._give_back(marks.worker_id)
        if time.monotonic() > self._looked_back + LOOK_BACK:
            self.begin_at_the_front()  # what is tried again was due long ago
        claims = await self._claim(marks.worker_id, room)
        self._pace.database_back()
        if epoch == self._line.epoch:
            await self._queue(marks, claims)
        return len(claims) == room

    async def _give_back(self, worker_id: int) -> None:
        """Give back what was claimed and never heard of."""
        database, line = self._here.database, self._line
        self._unsure = False  # before: a sift meanwhile makes it true again
        await database.write(deliver.release, worker_id, line.lane, kept=line.known)

    async def _claim(self, worker_id: int, room: int) -> list[Claim]:
        now, database, lane = self._clock(), self._here.database, self._line.lane
        spent: set[bytes] = set()
        limited = self._allowance.limited and not self._line.urgent
        if limited:
            self._allowance.look(now.date(), await database.read(deliver.sent_on, now.date()))
            spent = self._allowance.spent(self._line.in_hand)
            room = min(room, self._allowance.left(self._line.in_hand))
        shut = spent.union(self._line.windows.shut())
        after = self._place
        if room <= 0 or (after is FIRST and not await database.read(deliver.due, lane, now, shut)):
            self._pause_until = time.monotonic() + LOOK_BACK if spent or room <= 0 else 0.0
            return []
        claims = await database.write(
            deliver.claim, worker_id, lane, limit=room, now=now, after=after, shut=shut
        )
        self._place = _behind(claims[-1]) if len(claims) == room else FIRST
        return await self._within(worker_id, claims) if limited else claims

    async def _within(self, worker_id: int, claims: list[Claim]) -> list[Claim]:
        """Give back what goes beyond the share of a group."""
        kept = self._allowance.within(claims, self._line.in_hand)
        if len(kept) < len(claims):
            known = [*self._line.known, *(claim.mail_id for claim in kept)]
            await self._here.database.write(deliver.release, worker_id, self._line.lane, kept=known)
        return kept

    async def _queue(self, marks: Marks, claims: Sequence[Claim]) -> None:
        """Open what was claimed; what does not open is refused alone and stops nobody else."""
        await self._letters.fetch({claim.digest_id for claim in claims})
        for claim in claims:
            try:
                self._line.add(self._letters.open(claim))
            except Exception as error:  # noqa: BLE001  law 8, whatever is in the row
                problem = type(error).__name__
                log.error("mail does not open", mail=claim.mail_id, problem=problem)  # noqa: TRY400  the trace may hold what the mail says
                await marks.put([Mark(claim.mail_id, HELD, DAMAGED)])


def _behind(claim: Claim) -> Place:
    return Place(claim.due_at, claim.mail_id)
