"""What a poll asks for: in which coding, and whether the client has it already."""

from collections.abc import Mapping
from functools import lru_cache

from starlette.types import Scope

from feedsvc.web.conditional import Coding, choose_coding, not_modified
from feedsvc.web.copies import Copy, Document

Headers = Mapping[bytes, bytes]


def headers_of(scope: Scope) -> Headers:
    """Return the headers of a request; of those that come in several lines, all lines as one list."""
    pairs = scope["headers"]
    headers = dict(pairs)
    if len(headers) == len(pairs):
        return headers
    lines: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        lines.setdefault(name, []).append(value)
    return {name: b", ".join(values) for name, values in lines.items()}


def wanted(document: Document, headers: Headers, scope: Scope) -> tuple[Copy, bool]:
    """Return the copy that a client wants, and whether it has that already."""
    copy = document.copies[_coding(headers.get(b"accept-encoding"))]
    tag = headers.get(b"if-none-match")
    if tag is None and b"if-modified-since" not in headers:
        return copy, False
    # Most say in the plainest way what they have.
    return copy, tag == copy.tag or _known(document, copy, headers, scope)


def _known(document: Document, copy: Copy, headers: Headers, scope: Scope) -> bool:
    now = scope["state"]["clock"]()
    return not_modified(
        copy.tag.decode(),
        document.changed if now >= document.settled else None,
        if_none_match=_text(headers.get(b"if-none-match")),
        if_modified_since=_text(headers.get(b"if-modified-since")),
        now=now,
    )


@lru_cache(maxsize=512)
def _coding(accept_encoding: bytes | None) -> Coding:
    return choose_coding(_text(accept_encoding))


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
