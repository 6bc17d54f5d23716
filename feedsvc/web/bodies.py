"""How many whole documents of one feed each client was sent within the hour (FEEDS H13).

Only what is sent whole is counted, and of those who say what they have (If-None-Match) only the same
document again: that the feed has changed is not their fault. Kept are numbers that lead back to nobody,
and no more than so many.
"""

import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import Scope

from feedsvc.config import LOOPBACK

HOUR_SECONDS: Final = 3_600
MOST: Final = 100_000
FORWARDED: Final = (b"forwarded", b"x-forwarded-for", b"via")

_SUBSCRIBERS: Final = re.compile(rb"([0-9]{1,9}) subscribers?", re.ASCII)


class Bodies:
    """Counts; an hour begins with the first document after the one before is over.

    Never refused is a client that may be many: on an address that is not public, which is ourselves or
    a proxy; behind a proxy, while the settings name none. A collector counts for as many as it reads
    for.
    """

    def __init__(
        self, limit: int, *, proxies: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._proxies = proxies
        self._clock = clock
        self._sent: OrderedDict[int, int] = OrderedDict()
        self._over = 0.0

    def allow(self, scope: Scope, headers: Mapping[bytes, bytes], tag: bytes) -> bool:
        """Count a document, with this ETag, that is about to be sent, and say whether it may be."""
        client = scope["client"]
        if not self._limit or client is None or client[0] in LOOPBACK:
            return True
        if self._clock() >= self._over:
            self._sent.clear()
            self._over = self._clock() + HOUR_SECONDS
        asked = b"if-none-match" in headers or b"if-modified-since" in headers
        document = (scope["path"], tag if asked else None)
        who = hash((client[0], headers.get(b"user-agent"), document))
        sent = self._sent[who] = self._sent.get(who, 0) + 1
        if sent == 1 and len(self._sent) > MOST:
            self._sent.popitem(last=False)
        return sent <= self._limit or self._many(scope, headers, sent)

    def _many(self, scope: Scope, headers: Mapping[bytes, bytes], sent: int) -> bool:
        """Whether the client stands for as many readers as it was sent documents for."""
        if not _public(scope["client"][0]) or (
            not self._proxies and any(map(headers.get, FORWARDED))
        ):
            return True
        named = _SUBSCRIBERS.search(headers.get(b"user-agent", b""))
        return named is not None and sent <= self._limit * int(named[1])


def _public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return False
