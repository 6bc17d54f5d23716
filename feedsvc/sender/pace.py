"""How fast to go, and when to rest: what all connections of a sender have to know of the relay."""

import asyncio
import random
import time
from collections import Counter
from contextlib import suppress

import structlog

from feedsvc.domain.outcome import Kind, Outcome, Stage

FIRST_REST, LONGEST_REST, LOGIN_REST = 1.0, 60.0, 300.0
IN_A_ROW = 5
HALT_AFTER = 20
_REFUSED = 5  # the class of the code, RFC 5321
COUNTED = {
    Kind.DEFERRED: "deferred",
    Kind.REFUSED: "refused",
    Kind.HELD: "held",
    Kind.UNKNOWN: "unknown",
    Kind.REQUEUE: "requeued",
    Kind.RELAY_TROUBLE: "requeued",
}
log = structlog.get_logger()


class Pace:
    """Shared by the connections of one sender. Times are those of the monotonic clock."""

    def __init__(self, rate_per_second: float) -> None:
        self._stopped = asyncio.Event()
        self.halted = False
        self._relay_problem = self._database_problem = ""
        self.counts: Counter[str] = Counter()
        self.rebuffs_in_a_row = 0
        self._failed_in_a_row = 0
        self._gap = 1 / rate_per_second if rate_per_second else 0.0
        self._next = 0.0
        self._rest = FIRST_REST
        self._resting_until = 0.0
        self._trying = False

    @property
    def stopping(self) -> bool:
        """Whether no more mails are to be started."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Start no more mails, and wake who waits for a turn."""
        self._stopped.set()

    @property
    def problem(self) -> str:
        """What is wrong with the relay or the database, in words; nothing when all is well."""
        return self._relay_problem or self._database_problem

    @property
    def sent(self) -> int:
        """How many mails the relay has taken."""
        return self.counts["sent"]

    @property
    def resting(self) -> bool:
        """Whether the relay is in trouble and left alone for a while."""
        return time.monotonic() < self._resting_until

    @property
    def rest_seconds(self) -> float:
        """How long the relay is left alone from now on."""
        return max(0.0, self._resting_until - time.monotonic())

    @property
    def going(self) -> bool:
        """Whether mails may be started."""
        return not (self.stopping or self.halted or self.resting)

    @property
    def unhurried(self) -> bool:
        """Whether mails wait for their turn; then none is announced before it has come."""
        return self._gap > 0

    async def turn(self, *, urgent: bool = False) -> None:
        """Wait for the turn of the next mail; an urgent one takes the next, and all others wait."""
        if self._gap:
            now = time.monotonic()
            self._next = max(self._next + self._gap, now)
            if not urgent and self._next > now:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), self._next - now)

    def may_try(self) -> bool:
        """Whether a connection may be opened; after trouble one is tried, not all at once."""
        if not self.going or (self._relay_problem and self._trying):
            return False
        self._trying = True
        return True

    def tried(self) -> None:
        """The try is over, whatever came of it."""
        self._trying = False

    def opened(self) -> None:
        """The relay took a connection; whether it is well its replies to mails will show."""
        self._resting_until = 0.0

    def trouble(self, outcome: Outcome, reply: str) -> None:
        """Rest, twice as long each time, and come back by itself."""
        if self.resting:
            return  # several connections meet the same trouble
        pause = LOGIN_REST if outcome.stop else self._rest
        self._resting_until = time.monotonic() + pause * random.uniform(0.8, 1.2)  # noqa: S311  spreads load
        self._rest = min(self._rest * 2, LONGEST_REST)
        self._relay_problem = reply or "the relay cannot be reached"
        log.warning("relay in trouble", problem=self._relay_problem, rest_seconds=round(pause))

    def taken(self) -> None:
        """Note that the relay took a mail."""
        self.counts["sent"] += 1
        if self._relay_problem or self._failed_in_a_row:
            self._well()

    def _well(self) -> None:
        """All that went before is over: the next trouble starts from a short rest."""
        if self._relay_problem:
            log.info("relay takes mail again")
        self._failed_in_a_row = self.rebuffs_in_a_row = 0
        self._relay_problem, self._rest = "", FIRST_REST

    def heard(self, outcome: Outcome, stage: Stage, code: int | None, reply: str) -> None:
        """Take note of what became of a mail that was not taken."""
        self.counts[COUNTED[outcome.kind]] += 1
        if outcome.kind not in {Kind.REQUEUE, Kind.RELAY_TROUBLE}:
            self._well()
            return
        self._failed_in_a_row += 1
        self.rebuffs_in_a_row += stage is Stage.MAIL and (code or 0) // 100 == _REFUSED
        if outcome.kind is Kind.RELAY_TROUBLE or self._failed_in_a_row >= IN_A_ROW:
            self.trouble(outcome, f"{stage}: {reply}")

    def database_away(self, problem: str) -> None:
        """Say that outcomes wait for the database."""
        if self._database_problem != problem:
            log.warning("database away while sending", problem=problem)
        self._database_problem = problem

    def database_back(self) -> None:
        """Say that the database answers."""
        self._database_problem = ""
