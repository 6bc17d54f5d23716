"""Send subscribers of our hub the feeds that have changed, whole and signed (WebSub 7)."""

import asyncio
import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus

from feedsvc.actions import hub
from feedsvc.actions.hub import Due
from feedsvc.domain import websub
from feedsvc.domain.sealing import Sealed
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.outgoing import Answer, Outgoing
from feedsvc.push.rounds import work_off
from feedsvc.records import hubs, topics
from feedsvc.records.topics import Copy, Printed

CRATE = 200
"""Subscriptions that are fetched at once."""

PRINTED = 8
"""Feeds that are kept while they are being sent; each is printed once a version."""


class Distributing:
    """Sends each subscriber the newest version of its topic."""

    def __init__(
        self, here: Installation, clock: Callable[[], datetime], outgoing: Outgoing
    ) -> None:
        self._here = here
        self._clock = clock
        self._outgoing = outgoing
        self._crate: deque[Due] = deque()
        self._printed: OrderedDict[tuple[int, str], Printed] = OrderedDict()
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Send until nobody lacks anything."""
        self._crate.clear()  # what was left by a run that failed is another's soon
        if await self._here.database.read(hubs.anybody_to_send, self._clock()):
            await work_off("distribute", self._take, self._send)

    async def _take(self, free: int) -> Sequence[Due]:
        """Take from what was fetched; a hundred thousand who lack something are not looked through for one."""
        if not self._crate:
            fetched = await self._here.database.write(hub.due, limit=CRATE, now=self._clock())
            self._crate.extend(fetched)
        return [self._crate.popleft() for _ in range(min(free, len(self._crate)))]

    async def _send(self, due: Due) -> None:
        """Send one subscriber what it lacks; the same as before is not sent again."""
        database = self._here.database
        printed = await self._print(due)
        version, copy = printed.version, printed.copies.get(due.topic.suffix)
        digest = hashlib.sha256(copy.body).digest() if copy else None
        if copy is None or digest == due.digest:
            await database.write(
                hub.deliver, due.id, version=version, digest=digest, now=self._clock()
            )
            return
        answer = await self._post(due, copy)
        if answer.taken:
            await database.write(
                hub.deliver, due.id, version=version, digest=digest, now=self._clock()
            )
        elif answer.status == HTTPStatus.GONE:
            await database.write(hub.drop, due.id)
        else:
            await database.write(hub.miss, due.id, now=self._clock())

    async def _post(self, due: Due, copy: Copy) -> Answer:
        own, keys = hubs.own_hub(self._here.settings.site), self._here.keys
        headers = {
            "Content-Type": copy.content_type,
            "Link": f'<{own}>; rel="hub", <{copy.self_url}>; rel="self"',
        }
        if due.secret_sealed is not None:
            secret = keys.unseal(due.secret_sealed, Sealed.SIGNING)
            headers["X-Hub-Signature"] = websub.signature(copy.body, secret)
        callback = keys.unseal(due.callback_sealed, Sealed.CALLBACK)
        return await self._outgoing.post(callback, copy.body, headers)

    async def _print(self, due: Due) -> Printed:
        """Print a feed, once for all its subscribers and on a reader's thread."""
        key = (due.topic.scope, due.topic.language)
        async with self._turn:
            kept = self._printed.pop(key, None)
            if kept is None or kept.version < due.version:
                pieces = (self._here.settings, self._here.templates)
                kept = await self._here.database.read(topics.printed, *pieces, *key)
            self._printed[key] = kept
            while len(self._printed) > PRINTED:
                self._printed.popitem(last=False)
            return kept
