"""A feed document as HTTP answers it: its bytes in each coding, with headers that are ready to send."""

import gzip
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import brotli  # type: ignore[import-untyped]  # comes without types

from feedsvc.web.conditional import CODINGS, Coding, etag, http_date

Headers = list[tuple[bytes, bytes]]
Reply = tuple[int, Headers, bytes]

BR_QUALITY = 5  # 11 saves 5 % more and takes sixty times as long
GZIP_LEVEL = 6

EVERYBODY: Final[Headers] = [
    (b"access-control-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
]

_COMPRESS: Final[dict[Coding, Callable[[bytes], bytes]]] = {
    "br": lambda content: brotli.compress(content, quality=BR_QUALITY),
    "gzip": lambda content: gzip.compress(content, GZIP_LEVEL, mtime=0),
    "identity": lambda content: content,
}


class Document:
    """One format of one version of a feed; it is compressed when first asked for, and once."""

    def __init__(
        self,
        content: bytes,
        *,
        content_type: str,
        updated: datetime,
        max_age_seconds: int,
        self_url: str | None = None,
    ) -> None:
        self.content = content
        self.changed = updated.replace(microsecond=0)
        # While its second lasts, another change could still bear the same date (F16).
        self.settled = self.changed + timedelta(seconds=1)
        digest = sha256(content).hexdigest()[:32]
        self.tags = {coding: etag(digest, coding) for coding in CODINGS}
        self.unchanged = {coding: self._unchanged(coding, max_age_seconds) for coding in CODINGS}
        self._more = _described(content_type, self_url)
        self._replies: dict[Coding, Reply] = {}

    def ready(self, coding: Coding) -> Reply | None:
        """Return the answer in this coding if it was made before."""
        return self._replies.get(coding)

    def make(self, coding: Coding) -> Reply:
        """Compress, and write the headers of the answer."""
        body = _COMPRESS[coding](self.content)
        headers = [*self.unchanged[coding][1], *self._more]
        if coding != "identity":
            headers.append((b"content-encoding", coding.encode()))
        headers.append((b"content-length", str(len(body)).encode()))
        reply = self._replies[coding] = (200, headers, body)
        return reply

    def _unchanged(self, coding: Coding, max_age_seconds: int) -> Reply:
        """Write what 304 says; 200 says it too."""
        cache = (
            f"public, max-age={max_age_seconds}, s-maxage=60, "
            "stale-while-revalidate=60, stale-if-error=3600"
        )
        headers = [
            (b"etag", self.tags[coding].encode()),
            (b"last-modified", http_date(self.changed).encode()),
            (b"cache-control", cache.encode()),
            (b"vary", b"Accept-Encoding"),
            *EVERYBODY,
        ]
        return 304, headers, b""


def undated(reply: Reply) -> Reply:
    """Leave out Last-Modified."""
    status, headers, body = reply
    return status, [pair for pair in headers if pair[0] != b"last-modified"], body


def plain(status: int, words: str, more: Sequence[tuple[bytes, bytes]] = ()) -> Reply:
    """Say in plain text why there is no feed."""
    body = f"{words}\n".encode()
    length = (b"content-length", str(len(body)).encode())
    return (
        status,
        [(b"content-type", b"text/plain; charset=utf-8"), length, *EVERYBODY, *more],
        body,
    )


def _described(content_type: str, self_url: str | None) -> Headers:
    headers = [(b"content-type", content_type.encode())]
    if self_url:
        headers.append((b"link", f'<{self_url}>; rel="self"'.encode()))
    return headers
