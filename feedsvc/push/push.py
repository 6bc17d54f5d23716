"""The jobs that go with the settings, and the connections that they share."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial

from feedsvc.domain.reach import Callbacks
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.outgoing import Outgoing
from feedsvc.push.confirming import Confirming
from feedsvc.push.distributing import Distributing
from feedsvc.push.telling import tell
from feedsvc.records import hubs

Job = Callable[[], Coroutine[object, object, None]]


class Push:
    """What this process pushes out; `jobs` are run every second, none of them beside itself."""

    def __init__(
        self,
        here: Installation,
        clock: Callable[[], datetime],
        *,
        named: Outgoing | None = None,
        strangers: Outgoing | None = None,
    ) -> None:
        feeds = here.settings.feeds
        self._named = named or Outgoing()
        self._strangers = strangers or Outgoing(Callbacks(feeds.hub_callbacks))
        self.jobs: dict[str, Job] = {
            f"tell {listener}": partial(tell, here, clock, self._named, listener)
            for listener in hubs.listeners(here.settings)
        }
        if feeds.own_hub:
            self.jobs["confirm subscriptions"] = Confirming(here, clock, self._strangers).run
            self.jobs["distribute"] = Distributing(here, clock, self._strangers).run

    async def close(self) -> None:
        """Let go of the connections."""
        await self._named.close()
        await self._strangers.close()
