"""The line: mails that this worker has claimed and not started, dealt to its connections."""

import asyncio
from collections import Counter, deque
from collections.abc import Collection

from feedsvc.domain.outcome import Outcome
from feedsvc.domain.tables.ledger import Lane
from feedsvc.sender.letters import Letter
from feedsvc.sender.pace import Pace
from feedsvc.sender.windows import Windows

AHEAD = 10
"""How many mails are claimed for each connection."""


class Line:
    """Mails of one lane of the queue, for one or several connections."""

    def __init__(self, pace: Pace, lane: Lane, connections: int) -> None:
        self.lane = lane
        self.windows = Windows(connections)
        self.hungry = asyncio.Event()
        self.epoch = 0
        self._pace = pace
        self._size = AHEAD * connections
        self._waiting: deque[Letter] = deque()
        self._out: dict[int, Letter] = {}
        self._fed = asyncio.Event()

    @property
    def urgent(self) -> bool:
        """Whether its mails wait for no turn: somebody is looking at their mailbox."""
        return self.lane is Lane.SERVICE

    @property
    def waiting(self) -> bool:
        """Whether there is any mail in the line."""
        return bool(self._waiting)

    @property
    def room(self) -> int:
        """How many mails to claim: none while the line is half full of mails that may go."""
        may_go = sum(self.windows.open(letter.claim.domain_tag) for letter in self._waiting)
        room = self._size - may_go
        return room if room * 2 >= self._size else 0

    @property
    def known(self) -> list[int]:
        """The mails that this line knows of, by number."""
        return [*self._out, *(letter.claim.mail_id for letter in self._waiting)]

    @property
    def in_hand(self) -> Counter[bytes]:
        """How many mails are waiting here or under way, by group."""
        return Counter(letter.claim.domain_tag for letter in self._waiting) + self.windows.inside

    def take(self) -> Letter | None:
        """Take the first mail that may go now."""
        if len(self._waiting) * 2 < self._size:
            self.hungry.set()
        for place, letter in enumerate(self._waiting):
            if self._may_go(letter):
                del self._waiting[place]
                self._out[letter.claim.mail_id] = letter
                self.windows.enter(letter.claim.domain_tag)
                return letter
        self._fed.clear()
        self.hungry.set()
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

    def add(self, letter: Letter) -> None:
        """Put a mail at the end of the line."""
        self._waiting.append(letter)
        self._fed.set()

    def put_back(self, letter: Letter) -> None:
        """Put back a mail that was taken and not touched."""
        if self._leave(letter):
            self._waiting.appendleft(letter)
            self._fed.set()

    def done(self, letter: Letter, outcome: Outcome | None = None) -> None:
        """Note what became of a mail; nothing, when it may no longer be sent."""
        self._leave(letter, outcome)
        if self._waiting:
            self._fed.set()

    def keep_only(self, fit: Collection[int]) -> None:
        """Forget the waiting mails that are not among `fit`: they may not be sent any more."""
        self._waiting = deque(one for one in self._waiting if one.claim.mail_id in fit)

    def forget(self) -> None:
        """Forget all claims: they are no longer ours."""
        self.epoch += 1
        self._waiting.clear()
        self._out.clear()
        self.windows.empty()

    def wake(self) -> None:
        """Wake whoever waits, to see that we stop."""
        self._fed.set()
        self.hungry.set()

    def _may_go(self, letter: Letter) -> bool:
        """Mails in doubt go one at a time: the one that kills must not take innocents with it."""
        if letter.claim.alone and any(other.claim.alone for other in self._out.values()):
            return False
        return self.windows.open(letter.claim.domain_tag)

    def _leave(self, letter: Letter, outcome: Outcome | None = None) -> bool:
        """End carrying a mail; False when it was forgotten meanwhile."""
        if self._out.get(letter.claim.mail_id) is not letter:
            return False
        del self._out[letter.claim.mail_id]
        self.windows.leave(letter.claim.domain_tag, outcome)
        return True
