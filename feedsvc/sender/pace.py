"""How fast to go, and when to rest: what all connections of a sender have to know of the relay."""

import asyncio
import random
import time

import structlog

from feedsvc.domain.outcome import Kind, Outcome, Stage

FIRST_REST, LONGEST_REST = 1.0, 300.0
IN_A_ROW = 5
log = structlog.get_logger()


class Pace:
    """Shared by the lanes of one sender. Times are those of the monotonic clock."""

    def __init__(self, rate_per_second: float) -> None:
        self.stopping = False
        self.halted = False
        self.problem = ""
        self.sent = 0
        self._failed_in_a_row = 0
        self._gap = 1 / rate_per_second if rate_per_second else 0.0
        self._next = 0.0
        self._rest = FIRST_REST
        self._resting_until = 0.0

    @property
    def resting(self) -> bool:
        """Whether the relay is in trouble and left alone for a while."""
        return time.monotonic() < self._resting_until

    @property
    def going(self) -> bool:
        """Whether mails may be started."""
        return not (self.stopping or self.halted or self.resting)

    async def turn(self) -> None:
        """Wait for the turn of the next mail."""
        if self._gap:
            now = time.monotonic()
            self._next = max(self._next + self._gap, now)
            await asyncio.sleep(self._next - now)

    def well(self) -> None:
        """The relay took a connection: the next trouble starts from a short rest."""
        self._rest, self._resting_until, self.problem = FIRST_REST, 0.0, ""

    def trouble(self, outcome: Outcome, reply: str) -> None:
        """Rest, twice as long each time, and come back by itself."""
        pause = LONGEST_REST if outcome.stop else self._rest
        self._resting_until = time.monotonic() + pause * random.uniform(0.8, 1.2)  # noqa: S311  spreads load
        self._rest = min(self._rest * 2, LONGEST_REST)
        self.problem = reply or "the relay cannot be reached"
        log.warning("relay in trouble", problem=self.problem, rest_seconds=round(pause))

    def heard(self, outcome: Outcome, stage: Stage, reply: str) -> None:
        """Take note of what became of a mail."""
        if outcome.kind is Kind.SENT:
            self.sent, self._failed_in_a_row, self.problem = self.sent + 1, 0, ""
        elif outcome.kind in {Kind.RELAY_TROUBLE, Kind.REQUEUE}:
            self._failed_in_a_row += 1
            if outcome.kind is Kind.RELAY_TROUBLE or self._failed_in_a_row >= IN_A_ROW:
                self.trouble(outcome, f"{stage}: {reply}")

    def database_away(self, problem: str) -> None:
        """Say that outcomes wait for the database."""
        self.problem = problem
        log.warning("database away while sending", problem=problem)
