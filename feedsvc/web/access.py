"""One line in the log for each request: method, route, status, time. No address, no token, no IP."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

QUIET = (".atom", ".rss", ".json", ".opml", "z", "/metrics")
"""Polled all day: a line for each good answer would drown the rest and cost more than the answer."""


class AccessLog:
    """Logs what was answered; the route stands for the path, which may hold a token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 500, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            path = getattr(scope.get("route"), "path", "unknown")
            if status >= 400 or not path.endswith(QUIET):  # noqa: PLR2004  RFC 9110 15.5
                took = round((time.perf_counter() - begun) * 1000, 1)
                log.info("request", method=scope["method"], route=path, status=status, ms=took)
