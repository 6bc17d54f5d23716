"""The one reading of a feed that all formats write, so that none of them can differ."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import cache
from html import escape
from typing import TypeVar

from babel import UnknownLocaleError

from feedsvc.domain.feeds.document import Entry, Feed, Source
from feedsvc.domain.languages import Direction, direction

# What XML 1.0 cannot say, and the C1 controls, which parsers take for Windows-1252. The input
# refuses these; here they are dropped, so that one that slipped in does not take the feed down.
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BLANKS = re.compile("[ \t\r\n]+")
_RIGHT_TO_LEFT_MARK = "\u200f"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented(Feed):
    """A feed as readers shall see it."""


def presented(feed: Feed) -> Presented:
    """Return the feed as readers shall see it: clean, marked, each entry once, newest first."""
    if isinstance(feed, Presented):
        return feed
    feed = _clean(feed)
    title = _title(feed.title, feed.language, untitled=feed.home_url)
    shown = {
        "title": title,
        "description": feed.description or title,
        "entries": tuple(_entry(entry, feed) for entry in newest_first(feed.entries)),
        "deletions": tuple({(each.ref, each.when): each for each in feed.deletions}.values()),
    }
    return Presented(**{one.name: getattr(feed, one.name) for one in fields(feed)} | shown)


def newest_first(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Sort by `updated`, newest first, and keep one entry of each id: the newest."""
    ordered = sorted(entries, key=lambda entry: entry.id)
    ordered.sort(key=lambda entry: (entry.updated, entry.published), reverse=True)
    kept: dict[str, Entry] = {}
    for entry in ordered:
        kept.setdefault(entry.id, entry)
    return tuple(kept.values())


def instant(moment: datetime) -> str:
    """Write an instant as RFC 3339 in UTC, the same in every format."""
    return moment.isoformat(timespec="seconds")


def _clean(value: T) -> T:
    """Drop what no format can carry from each text, and fractions of a second from each instant."""
    cleaned: object = value
    if isinstance(value, str):
        cleaned = _UNSPEAKABLE.sub("", value)
    elif isinstance(value, datetime):
        cleaned = value.astimezone(UTC).replace(microsecond=0)
    elif isinstance(value, tuple):
        cleaned = tuple(_clean(each) for each in value)
    elif is_dataclass(value) and not isinstance(value, type):
        cleaned = replace(value, **{f.name: _clean(getattr(value, f.name)) for f in fields(value)})
    return cleaned  # type: ignore[return-value]  # each branch gives back what it was given


def _entry(entry: Entry, feed: Feed) -> Entry:
    """Return the entry with its title marked, its event date on top and its campaign named.

    Authors are left out where they are the feed's, which is what leaving them out means.
    """
    source = entry.source
    named = (*entry.categories, source.title) if source else entry.categories
    return replace(
        entry,
        title=_title(entry.title, entry.language, untitled=entry.url),
        html=_content(entry, feed),
        authors=() if entry.authors == feed.authors else entry.authors,
        categories=tuple(dict.fromkeys(filter(None, named))),
        source=source and _source(source),
    )


def _source(source: Source) -> Source:
    return replace(source, title=_title(source.title, source.language, untitled=source.url))


def _title(text: str, language: str, *, untitled: str) -> str:
    """Keep a right-to-left title that starts with Latin text from being set left to right."""
    line = _BLANKS.sub(" ", text).strip() or untitled
    if _way(language) == "rtl" and _first_strong(line) == "L":
        return _RIGHT_TO_LEFT_MARK + line
    return line


@cache
def _way(language: str) -> Direction:
    """Return the direction of a language; one that slipped in unknown does not stop the feed."""
    try:
        return direction(language)
    except (UnknownLocaleError, ValueError):
        return "ltr"


def _first_strong(text: str) -> str:
    """Return the direction of the first letter that has one: L, R or AL, or nothing."""
    classes = map(unicodedata.bidirectional, text)
    return next((each for each in classes if each in {"L", "R", "AL"}), "")


def _content(entry: Entry, feed: Feed) -> str:
    """Put the event date first, and say the direction where a reader would take the wrong one.

    An entry without a text, such as the launch of a campaign that has but a title, says that.
    """
    html = entry.html or f"<p>{escape(entry.summary or entry.title)}</p>"
    if entry.event:
        html = f"<p>{escape(entry.event.words)}</p>\n{html}"
    way = _way(entry.language)
    if way == "rtl" or way != _way(feed.language):
        html = f'<div dir="{way}" lang="{escape(entry.language)}">{html}</div>'
    return html
