"""A feed document as HTTP answers it: its bytes in each coding, with messages that are ready to send."""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

import brotli  # type: ignore[import-untyped]  # comes without types
from starlette.types import Message

from feedsvc.web.conditional import CODINGS, Coding, etag, http_date

Headers = list[tuple[bytes, bytes]]

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


class Reply:
    """A whole answer: as values, and as the two messages of ASGI, which nobody changes."""

    __slots__ = ("body", "end", "headers", "start", "status")

    def __init__(self, status: int, headers: Headers, body: bytes = b"") -> None:
        self.status, self.headers, self.body = status, headers, body
        self.start: Message = {"type": "http.response.start", "status": status, "headers": headers}
        self.end: Message = {"type": "http.response.body", "body": body}


@dataclass(slots=True)
class Copy:
    """A document in one coding; `whole` is there once somebody has asked for it, as it is from the start."""

    coding: Coding
    tag: bytes
    unchanged: Reply
    whole: Reply | None = None


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
        hubs: Sequence[str] = (),
    ) -> None:
        self.content = content
        self.changed = updated.replace(microsecond=0)
        # While its second lasts, another change could still bear the same date (F16).
        self.settled = self.changed + timedelta(seconds=1)
        digest = sha256(content).hexdigest()[:32]
        self.copies = {
            coding: self._copy(coding, etag(digest, coding).encode(), max_age_seconds)
            for coding in CODINGS
        }
        self._more = _described(content_type, self_url, hubs)
        self.make("identity")

    @property
    def weight(self) -> int:
        """How much memory it takes in all codings that were made, in bytes."""
        made = (copy.whole for copy in self.copies.values() if copy.coding != "identity")
        return len(self.content) + sum(len(whole.body) for whole in made if whole)

    def make(self, coding: Coding) -> Reply:
        """Compress, and write the headers of the answer."""
        copy, body = self.copies[coding], _COMPRESS[coding](self.content)
        headers = [*copy.unchanged.headers, *self._more]
        if coding != "identity":
            headers.append((b"content-encoding", coding.encode()))
        headers.append((b"content-length", str(len(body)).encode()))
        copy.whole = Reply(200, headers, body)
        return copy.whole

    def _copy(self, coding: Coding, tag: bytes, max_age_seconds: int) -> Copy:
        """Write what 304 says; 200 says it too."""
        headers = [
            (b"etag", tag),
            (b"last-modified", http_date(self.changed).encode()),
            (b"cache-control", lasting(max_age_seconds, s_maxage=60)),
            (b"vary", b"Accept-Encoding"),
            *EVERYBODY,
        ]
        return Copy(coding, tag, Reply(304, headers))


def lasting(max_age: int, *, s_maxage: int) -> bytes:
    """Write how long readers, and caches that many share, may keep it (H7)."""
    stale = "stale-while-revalidate=60, stale-if-error=3600"
    return f"public, max-age={max_age}, s-maxage={s_maxage}, {stale}".encode()


def undated(reply: Reply) -> Reply:
    """Leave out Last-Modified."""
    headers = [pair for pair in reply.headers if pair[0] != b"last-modified"]
    return Reply(reply.status, headers, reply.body)


def plain(status: int, words: str, more: Sequence[tuple[bytes, bytes]] = ()) -> Reply:
    """Say in plain text why there is no feed."""
    body = f"{words}\n".encode()
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", b"text/plain; charset=utf-8"), length, *EVERYBODY, *more]
    return Reply(status, headers, body)


def _described(content_type: str, self_url: str | None, hubs: Sequence[str]) -> Headers:
    headers = [(b"content-type", content_type.encode())]
    if self_url:
        links = [f'<{self_url}>; rel="self"', *(f'<{hub}>; rel="hub"' for hub in hubs)]
        headers.append((b"link", ", ".join(links).encode()))
    return headers
