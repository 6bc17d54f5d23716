"""Which of a page and its feeds a client would rather have (RFC 9110 12.5.1, FEEDS H11)."""

import re
from collections.abc import Iterator
from typing import Final

FEEDS: Final = {
    "application/atom+xml": "atom",
    "application/rss+xml": "rss",
    "application/feed+json": "json",
}
"""The feed types and the endings of their addresses; of equals the first is taken."""

_LIMIT: Final = 1_000
_RANGE: Final = re.compile(r"([\w!#$&^.+-]+|\*)/([\w!#$&^.+-]+|\*)", re.ASCII)
_QUALITY: Final = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")


def preferred_feed(accept: str) -> str | None:
    """Return the ending of the feed that a client likes at least as well as HTML, if there is one.

    Only a feed type that it names counts: a client that takes anything is shown the page.
    """
    likes = dict(_ranges(accept[:_LIMIT].lower()))
    best = max(FEEDS, key=lambda kind: likes.get(kind, 0))
    html = next((likes[kind] for kind in ("text/html", "text/*", "*/*") if kind in likes), 0)
    liking = likes.get(best, 0)
    return FEEDS[best] if liking > 0 and liking >= html else None


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Yield each media range with its quality, passing over what is malformed."""
    for item in accept.split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        qualities = [found for found in map(_QUALITY.fullmatch, parameters) if found]
        if _RANGE.fullmatch(kind):
            yield kind, min(float(qualities[0][1]), 1.0) if qualities else 1.0
