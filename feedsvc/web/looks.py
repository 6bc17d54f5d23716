"""Looks at where feeds stand: requests that come during one look share the next.

So each sees whatever was committed before it came, and a thousand at once cost a look or two.
"""

import asyncio
import time

from feedsvc.errors import Unavailable
from feedsvc.gateways.database import Database
from feedsvc.records import versions
from feedsvc.records.versions import Version

PATIENCE_SECONDS = 3.0
PAUSE_SECONDS = 2.0

Answer = asyncio.Future[Version | None]


class Looks:
    """Asks the database for the versions of feeds, but not again and again while it is away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str | None, Answer] = {}
        self._looking: asyncio.Task[None] | None = None
        self._away_until = 0.0

    async def version(self, slug: str | None) -> Version | None:
        """Return where the feeds of a campaign, or for None of the site, stand; None: unknown.

        Raises Unavailable while the database is away.
        """
        if time.monotonic() < self._away_until:
            raise _away()
        loop = asyncio.get_running_loop()
        if slug not in self._waiting:
            self._waiting[slug] = loop.create_future()
        answer = self._waiting[slug]
        if self._looking is None or self._looking.done():
            self._looking = loop.create_task(self._look())
        # Somebody who hangs up must not take the answer from the others.
        return await asyncio.shield(answer)

    async def _look(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            try:
                found = await self._ask(list(waiting))
            except Exception as error:  # noqa: BLE001  handed to those who wait
                for answer in waiting.values():
                    answer.set_exception(error)
            else:
                for slug, answer in waiting.items():
                    answer.set_result(found.get(slug))

    async def _ask(self, slugs: list[str | None]) -> dict[str | None, Version]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._database.read(versions.versions, slugs)
        except (Unavailable, TimeoutError) as error:
            self._away_until = time.monotonic() + PAUSE_SECONDS
            raise _away() from error


def _away() -> Unavailable:
    return Unavailable("The database does not answer now.", remedy="Ask again in a few seconds.")
