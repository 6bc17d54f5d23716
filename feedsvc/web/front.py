"""The door of a process that serves feeds: most polls are answered here, in microseconds."""

from typing import Any

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from feedsvc.gateways.installation import Installation
from feedsvc.web.copies import Document, Reply
from feedsvc.web.feeds import equip
from feedsvc.web.polls import headers_of, wanted


class Front(Starlette):
    """The application, and before all of it the feeds that are known to be the newest.

    These are answered without middleware, router, task or line in the log. All else, and whatever ends
    badly, takes the way of every request.
    """

    def __init__(self, here: Installation, **application: Any) -> None:
        super().__init__(**application)
        equip(self.state, here)
        self._fresh, self._allow = self.state.shelf.fresh, self.state.bodies.allow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a poll, or pass the request on."""
        if scope["type"] == "http" and scope["method"] == "GET":
            reply = self._ready(scope)
            if reply is not None:
                await send(reply.start)
                await send(reply.end)
                return
        await super().__call__(scope, receive, send)

    def _ready(self, scope: Scope) -> Reply | None:
        document: Document | None = self._fresh(scope["path"])
        if document is None:
            return None
        headers = headers_of(scope)
        copy, known = wanted(document, headers, scope)
        if known:
            return copy.unchanged
        if copy.whole is None or not self._allow(scope, headers, copy.tag):
            return None
        return copy.whole
