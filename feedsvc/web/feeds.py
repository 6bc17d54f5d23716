"""The feeds: of each campaign and of everything, in three formats, plain and by language, and archives.

What is known to be the newest was answered by `front` before a route is looked for; here is the rest.
"""

from typing import Final

import structlog
from starlette.datastructures import State
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from feedsvc.domain import feeds
from feedsvc.errors import Unavailable
from feedsvc.gateways.installation import Installation
from feedsvc.web.boards import LIST, OPML, Edition, Key
from feedsvc.web.bodies import HOUR_SECONDS, Bodies
from feedsvc.web.copies import Headers, Reply, lasting, plain, undated
from feedsvc.web.polls import headers_of, wanted
from feedsvc.web.shelf import Missing, Moved, Shelf
from feedsvc.web.state import Request

MINUTE, DAY = 60, 86_400


def _kept(seconds: int) -> Headers:
    return [(b"cache-control", lasting(seconds, s_maxage=min(seconds, MINUTE)))]


def _later(seconds: int) -> Headers:
    return [(b"retry-after", str(seconds).encode()), (b"cache-control", b"no-store")]


UNKNOWN: Final = plain(
    404, "There is no such feed. /feeds.opml lists those there are.", _kept(MINUTE)
)
GONE: Final = plain(410, "This campaign was withdrawn; its feeds have ended.", _kept(DAY))
TOO_OFTEN: Final = plain(
    429,
    "This whole feed went to you too often within an hour; come back in an hour. If your program sends "
    "the ETag of the last answer as If-None-Match, it may ask as often as it likes.",
    _later(HOUR_SECONDS),
)
OUR_FAULT: Final = plain(
    503, "This feed cannot be made now. The fault is ours; come back in a minute.", _later(MINUTE)
)

log = structlog.get_logger()


async def answer(
    request: Request, slug: str | None, suffix: str, language: str | None = None
) -> Response:
    """Answer with the feed of a campaign, or for None of the site, as its own address would.

    Raises Unavailable if the database is away and the feed is not in memory.
    """
    reply = await _reply(request.scope, Key(slug, language), suffix)
    response = Response(b"" if request.method == "HEAD" else reply.body, reply.status)
    response.raw_headers = list(reply.headers)
    return response


class Feed:
    """GET of every feed in one format.

    /c/{slug}.atom, /c/{slug}.{language}.atom, /updates.atom, /updates.{language}.atom, their archives
    /c/{slug}/archive/{run}.atom, …, and their like in the other formats; /feeds.opml.
    """

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's three
        """Answer a poll."""
        key = LIST if self._suffix == OPML else _key(scope["path_params"])
        reply = await _reply(scope, key, self._suffix)
        await send(reply.start)
        await send({**reply.end, "body": b""} if scope["method"] == "HEAD" else reply.end)


def _key(address: dict[str, str]) -> Key:
    """Take the address apart; the language is the part after the point, wherever that stands."""
    slug, run, language = (address.get(name) for name in ("slug", "run", "language"))
    if run is not None:
        run, point, language = run.partition(".")
        return Key(slug, language if point else None, run)
    if slug is not None and "." in slug:
        slug, _, language = slug.partition(".")
    return Key(slug, language)


async def _reply(scope: Scope, key: Key, suffix: str) -> Reply:
    """Find the feed and answer; a fault of ours is never said to be the client's (H12)."""
    try:
        found = await _shelf(scope).find(key)
        if isinstance(found, Edition):
            return await _of_edition(scope, key, suffix, found)
    except Unavailable:
        raise
    except Exception:  # whatever it is, a reader must come back, and the log must have it
        log.exception("a feed cannot be made", feed=key.address(suffix))
        return OUR_FAULT
    return _instead(scope, key, suffix, found)


async def _of_edition(scope: Scope, key: Key, suffix: str, edition: Edition) -> Reply:
    shelf, document, headers = _shelf(scope), edition.documents[suffix], headers_of(scope)
    settled = scope["state"]["clock"]() >= document.settled
    if settled:
        shelf.show(key.address(suffix), edition, document)
    copy, known = wanted(document, headers, scope)
    if known:
        reply = copy.unchanged
    elif scope["method"] == "GET" and not scope["app"].state.bodies.allow(scope, headers, copy.tag):
        return TOO_OFTEN
    else:
        reply = copy.whole or await shelf.make(key, document, copy.coding)
    return reply if settled else undated(reply)


def _instead(scope: Scope, key: Key, suffix: str, found: Moved | Missing) -> Reply:
    """Say where the feed is, or why there is none."""
    base = scope["state"]["here"].settings.site.base_url
    if isinstance(found, Moved):
        to = key._replace(slug=found.slug)
        return _elsewhere(301, "This feed has moved", f"{base}{to.address(suffix)}", DAY)
    if found is Missing.NOT_YET:
        to = key._replace(run=None)
        return _elsewhere(307, "This is still in", f"{base}{to.address(suffix)}", MINUTE)
    return GONE if found is Missing.GONE else UNKNOWN


def _elsewhere(status: int, words: str, url: str, seconds: int) -> Reply:
    return plain(status, f"{words}: {url}", [(b"location", url.encode()), *_kept(seconds)])


def _shelf(scope: Scope) -> Shelf:
    """Return the shelf of this application; one without a front gets it with the first poll."""
    kept = scope["app"].state
    if not hasattr(kept, "shelf"):
        equip(kept, scope["state"]["here"])
    shelf: Shelf = kept.shelf
    return shelf


def equip(kept: State, here: Installation) -> None:
    """Give an application what it serves feeds from: a shelf, and the count of whole documents."""
    limit, proxies = here.settings.limits.feed_bodies_per_hour, here.settings.http.trusted_proxies
    kept.shelf = Shelf(here)
    kept.bodies = Bodies(limit, proxies=bool(proxies))


routes: list[BaseRoute] = [
    *(
        Route(path + suffix, Feed(suffix), methods=["GET"], name=f"{name} {suffix}")
        for path, name in (
            ("/c/{slug}.", "campaign feed"),
            ("/updates.", "site feed"),
            ("/updates.{language}.", "site feed by language"),
            ("/c/{slug}/archive/{run}.", "campaign archive"),
            ("/updates/archive/{run}.", "site archive"),
        )
        for suffix in feeds.FORMATS
    ),
    Route("/feeds.opml", Feed(OPML), methods=["GET"], name="list of feeds"),
]
