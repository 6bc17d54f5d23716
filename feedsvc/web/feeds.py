"""The feeds: of each campaign and of everything, in three formats, plain and by language.

The addresses are plain ASGI applications: a poll is by far the most frequent request, and most polls
end with 304. A poll reads three headers, and the rest is ready in memory.
"""

from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from feedsvc.domain import feeds
from feedsvc.web.conditional import Coding, choose_coding, not_modified
from feedsvc.web.copies import Document, Reply, plain, undated
from feedsvc.web.shelf import OPML, Missing, Shelf
from feedsvc.web.state import Request

MISSING: Final = {
    Missing.UNKNOWN: plain(404, "There is no such feed. /feeds.opml lists those there are."),
    Missing.GONE: plain(410, "This campaign was withdrawn; its feeds have ended."),
}

_coding = lru_cache(maxsize=512)(choose_coding)


class Asked(NamedTuple):
    """What a request says that matters to a feed."""

    accept_encoding: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None


async def answer(
    request: Request, slug: str | None, suffix: str, language: str | None = None
) -> Response:
    """Answer with the feed of a campaign, or for None of the site, as its own address would.

    Raises Unavailable if the database is away and the feed is not in memory.
    """
    status, headers, body = await _reply(request.scope, slug, suffix, language)
    response = Response(b"" if request.method == "HEAD" else body, status)
    response.raw_headers = list(headers)
    return response


class Feed:
    """GET of every feed in one format.

    /c/{slug}.atom, /c/{slug}.{language}.atom, /updates.atom, /updates.{language}.atom, and their
    like in the other formats; /feeds.opml.
    """

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's three
        """Answer a poll."""
        address = scope["path_params"]
        slug, language = address.get("slug"), address.get("language")
        if slug is not None and "." in slug:
            slug, _, language = slug.partition(".")
        status, headers, body = await _reply(scope, slug, self._suffix, language)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": body})


async def _reply(scope: Scope, slug: str | None, suffix: str, language: str | None) -> Reply:
    shelf = _shelf(scope)
    edition = await shelf.find(slug, language)
    if isinstance(edition, Missing):
        return MISSING[edition]
    document, asked, now = edition.documents[suffix], _asked(scope), scope["state"]["clock"]()
    coding = _coding(asked.accept_encoding)
    if _known(document, coding, asked, now):
        reply = document.unchanged[coding]
    else:
        reply = document.ready(coding) or await shelf.reply(document, coding)
    return reply if now >= document.settled else undated(reply)


def _known(document: Document, coding: Coding, asked: Asked, now: datetime) -> bool:
    """Whether the client has it already; most say so in the plainest way."""
    tag = document.tags[coding]
    if asked.if_none_match == tag:
        return True
    if asked.if_none_match is None and asked.if_modified_since is None:
        return False
    return not_modified(
        tag,
        document.changed if now >= document.settled else None,
        if_none_match=asked.if_none_match,
        if_modified_since=asked.if_modified_since,
        now=now,
    )


def _asked(scope: Scope) -> Asked:
    """Read the headers that matter; of lists that come in several lines, all lines."""
    accepted = tags = since = None
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            tags = _and(tags, value)
        elif name == b"accept-encoding":
            accepted = _and(accepted, value)
        elif name == b"if-modified-since":
            since = value.decode("latin-1")
    return Asked(accepted, tags, since)


def _and(before: str | None, line: bytes) -> str:
    text = line.decode("latin-1")
    return text if before is None else f"{before}, {text}"


def _shelf(scope: Scope) -> Shelf:
    """Return the shelf of this application, made when the first feed is asked for."""
    kept = scope["app"].state
    if not hasattr(kept, "shelf"):
        here = scope["state"]["here"]
        kept.shelf = Shelf(here)
    shelf: Shelf = kept.shelf
    return shelf


routes: list[BaseRoute] = [
    *(
        Route(path + suffix, Feed(suffix), methods=["GET"], name=f"{name} {suffix}")
        for path, name in (
            ("/c/{slug}.", "campaign feed"),
            ("/updates.", "site feed"),
            ("/updates.{language}.", "site feed by language"),
        )
        for suffix in feeds.FORMATS
    ),
    Route("/feeds.opml", Feed(OPML), methods=["GET"], name="list of feeds"),
]
