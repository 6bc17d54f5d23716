"""Ask callbacks whether they meant what was asked of our hub (WebSub 5.3)."""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime

from feedsvc.actions import hub
from feedsvc.actions.hub import Question
from feedsvc.domain import websub
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.tables.hubs import HubMode
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.outgoing import Outgoing
from feedsvc.push.rounds import work_off
from feedsvc.records import hubs


class Confirming:
    """Asks those callbacks that are due to be asked."""

    def __init__(
        self, here: Installation, clock: Callable[[], datetime], outgoing: Outgoing
    ) -> None:
        self._here = here
        self._clock = clock
        self._outgoing = outgoing

    async def run(self) -> None:
        """Ask until nobody is left to be asked."""
        if await self._here.database.read(hubs.anybody_to_ask, self._clock()):
            await work_off("confirm subscriptions", self._take, self._ask)

    async def _take(self, free: int) -> Sequence[Question]:
        return await self._here.database.write(hub.questions, limit=free, now=self._clock())

    async def _ask(self, question: Question) -> None:
        """Ask one; only the very challenge, and no redirect, is a yes."""
        challenge = websub.challenge()
        asked = {
            "hub.mode": question.mode.value,
            "hub.topic": question.topic,
            "hub.challenge": challenge,
        }
        if question.mode is HubMode.SUBSCRIBE:
            asked["hub.lease_seconds"] = str(question.lease_seconds)
        callback = self._here.keys.unseal(question.callback_sealed, Sealed.CALLBACK)
        answer = await self._outgoing.get(websub.question(callback, asked))
        if answer.taken and hmac.compare_digest(answer.body, challenge.encode()):
            await self._here.database.write(hub.confirm, question.id, now=self._clock())
            return
        final = not answer.busy
        await self._here.database.write(hub.doubt, question.id, final=final, now=self._clock())
