"""HTTP that goes out: to hubs, a cache, and callbacks of strangers. The only place that knows aiohttp.

No redirect is followed, no proxy or cookie taken, and no answer read beyond what can matter. Where a
stranger says whom to call, each address is looked at when the connection to it is made: that one, and
not what its name meant a moment before.
"""

import asyncio
import errno
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from feedsvc import __version__
from feedsvc.domain import reach
from feedsvc.domain.reach import Callbacks

PATIENCE_SECONDS: Final = 5.0
LIMIT_BYTES: Final = 64 * 1024
AT_ONCE: Final = 20
NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV

Names = Callable[..., Any]
Found = asyncio.Future[list[Any]]


BUSY = (0, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class Answer(NamedTuple):
    """What came back; status 0: nothing did, for `problem`, which names nobody."""

    status: int
    body: bytes = b""
    problem: str = ""

    @property
    def taken(self) -> bool:
        """Whether it was taken (2xx); a redirect is no yes."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def busy(self) -> bool:
        """Whether it says something of the server, and not of what was sent: later may be better."""
        return self.status in BUSY or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class Outgoing:
    """Calls by HTTP; with `callbacks` only those of strangers that are allowed, else whom we name.

    `names` is asked for the addresses of a host, as `socket.getaddrinfo` is.
    """

    def __init__(
        self,
        callbacks: Callbacks | None = None,
        *,
        names: Names = socket.getaddrinfo,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._callbacks = callbacks
        self._guarded = callbacks is not None and callbacks is not Callbacks.ANY
        self._names = names
        self._context = context
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str) -> Answer:
        """GET a URL, its query as it is."""
        return await self._call("GET", url, None, {})

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST a body to a URL."""
        return await self._call("POST", url, body, headers)

    async def close(self) -> None:
        """Let go of everything."""
        if self._session is not None:
            await self._session.close()

    async def _call(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        """Call once. What fails is a value: callbacks fail every day."""
        if self._callbacks is not None and reach.unfit(url, self._callbacks):
            return Answer(0, problem="not called")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._answer(method, url, body, headers)
        except TimeoutError:
            return Answer(0, problem="no answer in time")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(0, problem=type(error).__name__)

    async def _answer(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        if self._session is None:
            self._session = self._opened()
        given: dict[str, Any] = {"data": body, "headers": headers, "allow_redirects": False}
        async with self._session.request(method, URL(url, encoded=True), **given) as response:
            read = bytearray()
            with suppress(aiohttp.ClientPayloadError):  # the status has come, and may say enough
                async for chunk in response.content.iter_any():
                    read += chunk
                    if len(read) > LIMIT_BYTES:
                        break
            response.close()
            return Answer(response.status, bytes(read[:LIMIT_BYTES]))

    def _opened(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=0,  # whoever calls counts; a queue here would eat up the patience
            force_close=True,
            resolver=_Resolver(self._names),
            use_dns_cache=False,
            socket_factory=_public_socket if self._guarded else None,
            ssl=self._context or True,
        )
        return aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"feedsvc/{__version__}", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS),
        )


def _public_socket(address: Any) -> socket.socket:
    """Make the socket of a connection to a public address, and to no other."""
    family, kind, protocol, _, where = address
    if not reach.public(str(where[0])):
        raise OSError(errno.EACCES, "not a public address")
    return socket.socket(family, kind, protocol)


class _Resolver(AbstractResolver):
    """Asks for addresses in threads of its own, so many at most.

    A name server that is slow holds up nobody else, and does not keep the process from ending.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._room = asyncio.Semaphore(AT_ONCE)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host."""
        await self._room.acquire()
        loop = asyncio.get_running_loop()
        answer: Found = loop.create_future()
        asked = (host, port, family, socket.SOCK_STREAM)
        threading.Thread(target=self._ask, args=(loop, answer, asked), daemon=True).start()
        return [
            ResolveResult(
                hostname=host,
                host=where[0],
                port=where[1],
                family=kin,
                proto=protocol,
                flags=NUMERIC,
            )
            for kin, _, protocol, _, where in await answer
        ]

    async def close(self) -> None:
        """Leave whoever is still asked to itself."""

    def _ask(self, loop: asyncio.AbstractEventLoop, answer: Found, asked: tuple[Any, ...]) -> None:
        found, fault = [], None
        try:
            found = self._names(*asked)
        except (OSError, ValueError) as error:
            fault = error
        with suppress(RuntimeError):  # everything has ended meanwhile
            loop.call_soon_threadsafe(self._answer, answer, found, fault)

    def _answer(self, answer: Found, found: list[Any], fault: Exception | None) -> None:
        self._room.release()
        if answer.done():
            return  # nobody waits any more
        if fault is None:
            answer.set_result(found)
        else:
            answer.set_exception(fault)
