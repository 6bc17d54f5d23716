"""What this process knows of itself, for those who watch over it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

MINUTE = 60.0
EVERY = 5.0


class Sending(Protocol):
    """What the sender of this process has met. No text of it names anybody.

    `counts` are by what became of a mail: sent, deferred, refused, held, requeued, unknown.
    """

    @property
    def problem(self) -> str:
        """What is wrong with the relay, or nothing."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each thing became of a mail since the start."""

    @property
    def rest_seconds(self) -> float:
        """How long the relay is left alone from now on."""


@dataclass(frozen=True, slots=True)
class Health:
    """Asked when somebody wants to know; without `sending` this process sends no mail."""

    last_tick: Callable[[], datetime | None]
    problem: Callable[[], str | None]
    sending: Sending | None = None
    sent_per_second: Callable[[], float] = lambda: 0.0


class Rate:
    """How fast a count has grown over the last minute, from samples that `keep` takes."""

    def __init__(
        self, count: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._count = count
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque()
        self.sample()

    async def keep(self) -> None:
        """Take a sample now and then, until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            self.sample()

    def sample(self) -> None:
        """Remember the count; one sample is kept that is older than a minute."""
        now = self._clock()
        self._samples.append((now, self._count()))
        while len(self._samples) > 1 and self._samples[1][0] <= now - MINUTE:
            self._samples.popleft()

    def per_second(self) -> float:
        """Return the growth from the oldest sample until now."""
        then, before = self._samples[0]
        passed = self._clock() - then
        return (self._count() - before) / passed if passed else 0.0
