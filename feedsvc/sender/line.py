"""The line: mails that this worker has claimed and not started, dealt to its connections.

Claims are few and made ahead, so that no connection waits for one, and a crash frees them.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from feedsvc.actions import deliver
from feedsvc.actions.deliver import FIRST, Claim, Mark, Place
from feedsvc.domain.outcome import Kind, Outcome
from feedsvc.domain.tables.ledger import Lane, Mail
from feedsvc.errors import FeedsvcError, Unavailable
from feedsvc.gateways.installation import Installation
from feedsvc.sender.allowance import Allowance
from feedsvc.sender.letters import Letter, Letters
from feedsvc.sender.marks import Marks
from feedsvc.sender.pace import Pace
from feedsvc.sender.windows import Windows

AHEAD = 10
"""How many mails are claimed for each connection."""

LOOK, LOOK_BACK = 0.5, 5.0
DAMAGED = "the mail could not be put together"
log = structlog.get_logger()


class Line:
    """Mails of one lane of the queue, for one or several connections."""

    def __init__(
        self,
        here: Installation,
        clock: Callable[[], datetime],
        pace: Pace,
        lane: Lane,
        connections: int,
    ) -> None:
        self._here = here
        self._clock = clock
        self._pace = pace
        self._lane = lane
        self._size = AHEAD * connections
        self._letters = Letters(here)
        self._allowance = Allowance(here.settings.mail)
        self._waiting: deque[Letter] = deque()
        self._out: set[int] = set()
        self._unsure = False
        self._hungry = asyncio.Event()
        self._fed = asyncio.Event()
        self.windows = Windows(connections)
        self.begin_at_the_front()

    @property
    def urgent(self) -> bool:
        """Whether its mails wait for no turn: somebody is looking at their mailbox."""
        return self._lane is Lane.SERVICE

    @property
    def waiting(self) -> bool:
        """Whether there is any mail in the line."""
        return bool(self._waiting)

    def take(self) -> Letter | None:
        """Take the first mail that may go now."""
        if len(self._waiting) * 2 < self._size:
            self._hungry.set()
        for place, letter in enumerate(self._waiting):
            if self.windows.open(letter.claim.domain_tag):
                del self._waiting[place]
                self._enter(letter)
                return letter
        self._fed.clear()
        return None

    async def fed(self, seconds: float) -> bool:
        """Wait until there may be something to take; False when there was nothing for so long."""
        if not self._waiting and not self._pace.stopping:
            self._fed.clear()  # who took the last one has not looked for another yet
        try:
            await asyncio.wait_for(self._fed.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def put_back(self, letter: Letter) -> None:
        """Put back a mail that was taken and not touched."""
        self._leave(letter)
        self._waiting.appendleft(letter)
        self._fed.set()

    def done(self, letter: Letter, outcome: Outcome | None = None) -> None:
        """Note what became of a mail; nothing, when it may no longer be sent."""
        self._leave(letter, outcome)
        if self._waiting:
            self._fed.set()

    def _enter(self, letter: Letter) -> None:
        self._out.add(letter.claim.mail_id)
        self.windows.enter(letter.claim.domain_tag)

    def _leave(self, letter: Letter, outcome: Outcome | None = None) -> None:
        self._out.discard(letter.claim.mail_id)
        self.windows.leave(letter.claim.domain_tag, outcome)

    def forget(self) -> None:
        """Forget all claims: they are no longer ours."""
        self._waiting.clear()
        self.begin_at_the_front()

    def begin_at_the_front(self) -> None:
        """Look from the front of the queue at the next claim."""
        self._place = FIRST
        self._looked_back = time.monotonic()

    def wake(self) -> None:
        """Wake whoever waits, to see that we stop."""
        self._fed.set()
        self._hungry.set()

    async def keep(self, marks: Callable[[], Marks]) -> None:
        """Keep the line filled until we stop."""
        while not self._pace.stopping:
            try:
                if await self._fill(marks()):
                    continue
            except Unavailable as error:
                self._unsure = True
                self._pace.database_away(error.problem)
            except Exception:
                self._unsure = True
                log.exception("claiming failed")
            await self._until_hungry()

    async def _until_hungry(self) -> None:
        """Wait until there is room, or for a while: something may have become due."""
        if self._pace.stopping:
            return
        full = len(self._waiting) * 2 >= self._size
        self._hungry.clear()
        try:
            await asyncio.wait_for(self._hungry.wait(), None if full else LOOK)
        except TimeoutError:
            return

    async def _fill(self, marks: Marks) -> bool:
        """Claim for the room that there is; return whether there may be more at once."""
        room = self._size - len(self._waiting)
        if room * 2 < self._size or not self._pace.going:
            return False
        if self._unsure:
            kept = [*self._out, *(letter.claim.mail_id for letter in self._waiting)]
            database = self._here.database
            await database.write(deliver.release, marks.worker_id, self._lane, kept=kept)
            self._unsure = False
        self._look_back()
        claims = await self._claim(marks.worker_id, room)
        await self._queue(marks, claims)
        return len(claims) == room

    def _look_back(self) -> None:
        """Look from the front again now and then: what is tried again was due long ago."""
        if time.monotonic() > self._looked_back + LOOK_BACK:
            self.begin_at_the_front()

    async def _claim(self, worker_id: int, room: int) -> list[Claim]:
        now, database, lane = self._clock(), self._here.database, self._lane
        shut = set(self.windows.shut())
        if not self.urgent and self._allowance.limited:
            sent = await database.read(deliver.sent_on, now.date())
            room, spent = self._allowance.left(room, now.date(), sent + self._in_hand())
            shut |= spent
        after = self._place
        if room <= 0 or (after is FIRST and not await database.read(_due, lane, now)):
            return []
        claims = await database.write(
            deliver.claim, worker_id, lane, limit=room, now=now, after=after, shut=shut
        )
        self._place = _behind(claims[-1]) if len(claims) == room else FIRST
        return claims

    async def _queue(self, marks: Marks, claims: Sequence[Claim]) -> None:
        """Open what was claimed; what does not open is refused alone and stops nobody else."""
        await self._letters.fetch({claim.digest_id for claim in claims})
        for claim in claims:
            try:
                self._waiting.append(self._letters.open(claim))
            except (FeedsvcError, LookupError, ValueError) as error:
                problem = type(error).__name__
                log.error("mail does not open", mail=claim.mail_id, problem=problem)  # noqa: TRY400  the trace may hold what the mail says
                await marks.put([Mark(claim.mail_id, Outcome(Kind.HELD), DAMAGED)])
        if self._waiting:
            self._fed.set()

    def _in_hand(self) -> Counter[bytes]:
        return Counter(letter.claim.domain_tag for letter in self._waiting) + self.windows.inside


def _behind(claim: Claim) -> Place:
    return Place(claim.due_at, claim.mail_id)


def _due(session: Session, lane: Lane, now: datetime) -> bool:
    """Look before claiming: a look costs a read, a claim a write."""
    due = select(Mail.id).where(
        Mail.lane == lane, col(Mail.due_at) <= now, col(Mail.worker_id).is_(None)
    )
    return session.exec(due.limit(1)).first() is not None
