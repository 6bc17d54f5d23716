"""The desk that takes sign-ups: a thousand a second leave no time for a look-up and a commit each.

Campaigns are known until something moves; sign-ups that come during one commit share the next.
"""

import asyncio
from datetime import datetime

from feedsvc.actions import sign
from feedsvc.domain.tables.content import Campaign
from feedsvc.gateways.database import Database
from feedsvc.web import reading
from feedsvc.web.state import Request

Row = tuple[bytes, datetime]


class Desk:
    """Knows the campaigns of one process, and takes in what it is handed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._campaigns: dict[str, Campaign] = {}
        self._mark: int | None = None
        self._waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self._taking: asyncio.Task[None] | None = None

    async def campaign(self, slug: str) -> Campaign | None:
        """Find a campaign by its slug, or by one that it once had."""
        mark = self._database.mark()
        if mark is None or mark != self._mark:
            self._campaigns.clear()
            self._mark = mark
        if slug not in self._campaigns:
            found = await self._database.read(reading.find, slug)
            if found is None:
                return None
            if mark is not None and mark == self._mark:
                self._campaigns[slug] = found
            return found
        return self._campaigns[slug]

    async def take_in(self, sealed: bytes, now: datetime) -> None:
        """Store a sign-up and return when it is durable."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append(((sealed, now), done))
        if self._taking is None or self._taking.done():
            self._taking = loop.create_task(self._take())
        await done

    async def _take(self) -> None:
        """Store what waits, together, until nothing does."""
        while self._waiting:
            together, self._waiting = self._waiting, []
            error: Exception | None = None
            try:
                await self._database.write(sign.take_in, [row for row, _ in together])
            except Exception as fault:  # noqa: BLE001  handed to those who wait
                error = fault
            for _, done in together:
                _settle(done, error)


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    """Tell who waits; somebody may have hung up."""
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def of(request: Request) -> Desk:
    """Return the desk of this process."""
    state = request.app.state
    if not hasattr(state, "desk"):
        state.desk = Desk(request.state["here"].database)
    desk: Desk = state.desk
    return desk
