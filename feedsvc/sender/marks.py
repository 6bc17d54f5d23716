"""The marks of all connections, gathered: those that come while a commit is under way share the next."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from feedsvc.actions import deliver
from feedsvc.actions.deliver import Mark, Start
from feedsvc.errors import Unavailable
from feedsvc.gateways.installation import Installation
from feedsvc.sender.allowance import Allowance
from feedsvc.sender.pace import Pace

AGAIN = 0.5
TURNS = 3
"""Turns of the loop between one commit and the next: too short to notice, and fewer commits."""


class _Asked(NamedTuple):
    done: Sequence[Mark]
    start: Start | None
    answer: asyncio.Future[bool]


class Marks:
    """Makes outcomes durable for one worker, under its epoch."""

    def __init__(
        self, here: Installation, clock: Callable[[], datetime], pace: Pace, worker_id: int
    ) -> None:
        self.worker_id = worker_id
        self._here = here
        self._clock = clock
        self._pace = pace
        self._asked: list[_Asked] = []
        self._committing: asyncio.Task[None] | None = None
        self._wait = timedelta(seconds=here.settings.mail.unknown_wait_seconds)
        self._tallied = Allowance(here.settings.mail).limited

    async def put(self, done: Sequence[Mark], start: Start | None = None) -> bool:
        """Mark what became of mails and that another one starts; return whether it may.

        Returns when all of it is on disk.
        """
        if not done and start is None:
            return False
        asked = _Asked(done, start, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        return await asked.answer

    async def _commit(self) -> None:
        while self._asked:
            for _ in range(TURNS):
                await asyncio.sleep(0)  # what has come by then shares the commit
            group, self._asked = self._asked, []
            await self._answer(group)
        self._committing = None

    async def _answer(self, group: list[_Asked]) -> None:
        """Commit a group; when it fails each for itself, so that one bad mark fails alone."""
        try:
            started = await self._insistently(group)
        except Exception as error:  # noqa: BLE001  the connection whose mark it is must hear of it
            if len(group) == 1:
                _answer_all(group, error)
                return
            for one in group:
                await self._answer([one])
        else:
            self._pace.database_back()
            _answer_all(group, started)

    async def _insistently(self, group: list[_Asked]) -> set[int]:
        """Ask until the database answers: what the relay said must not be forgotten."""
        done = [mark for one in group for mark in one.done]
        starting = [one.start for one in group if one.start is not None]
        while True:
            try:
                return await self._here.database.write(
                    deliver.mark,
                    self.worker_id,
                    done,
                    starting,
                    unknown_wait=self._wait,
                    now=self._clock(),
                    tallied=self._tallied,
                )
            except Unavailable as error:
                self._pace.database_away(error.problem)
                await asyncio.sleep(AGAIN)


def _answer_all(group: list[_Asked], outcome: set[int] | Exception) -> None:
    for one in group:
        if one.answer.done():
            continue
        if isinstance(outcome, Exception):
            one.answer.set_exception(outcome)
        else:
            one.answer.set_result(one.start is not None and one.start.mail_id in outcome)
