"""The three formats side by side, and what is decided over all of them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from feedsvc.domain.feeds.atom_rss import atom, rss
from feedsvc.domain.feeds.document import Entry, Feed
from feedsvc.domain.feeds.jsonfeed import json
from feedsvc.domain.feeds.presentation import presented
from feedsvc.domain.feeds.specimen import SPECIMEN


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the end of its URLs, its name for people, its media type, and how it is written."""

    suffix: str
    name: str
    media_type: str
    content_type: str
    render: Callable[[Feed], bytes]


# In the order in which pages offer them.
FORMATS = {
    each.suffix: each
    for each in (
        Format("atom", "Atom", "application/atom+xml", "application/atom+xml; charset=utf-8", atom),
        Format("rss", "RSS", "application/rss+xml", "application/rss+xml; charset=utf-8", rss),
        Format("json", "JSON Feed", "application/feed+json", "application/feed+json", json),
    )
}


ESCAPED = '<>&"\\\n\r\t'
MOST_ESCAPED = 8
"""How many bytes an escape adds: a summary in RSS is escaped twice, `&amp;lt;` for `<`."""
HEAD_BYTES, ENTRY_BYTES, FILE_BYTES = 8_000, 2_000, 1_000
NAMED = 2
"""How often an address or a name is written in one format."""


def head(feed: Feed, *, at_most: int = 50, at_least: int = 5, size: int = 250_000) -> Feed:
    """Return the feed with as many of its newest entries as stay under `size` bytes in each format.

    Size wins over `at_most`, `at_least` wins over size.
    """
    feed = presented(feed)
    newest = feed.entries[:at_most]

    def weight(count: int) -> int:
        part = replace(feed, entries=newest[:count])
        return max(len(each.render(part)) for each in FORMATS.values())

    if len(newest) > at_least and bound(newest) > size and weight(len(newest)) > size:
        # The longest run that fits; runs of `at_least` and fewer are taken unweighed.
        more = range(at_least + 1, len(newest) + 1)
        newest = newest[: at_least + bisect_right(more, size, key=weight)]
    return replace(feed, entries=newest)


def bound(entries: Sequence[Entry]) -> int:
    """Return a size, in bytes, that these entries do not pass in any format; cheaper than to weigh."""
    return HEAD_BYTES + sum(_entry_at_most(entry) for entry in entries)


def _entry_at_most(entry: Entry) -> int:
    source = entry.source
    texts = (entry.html, entry.summary, entry.title, *(file.title for file in entry.enclosures))
    names = (
        *(entry.id, entry.url, entry.language, entry.image, *entry.categories),
        *(word for author in entry.authors for word in (author.name, author.url)),
        *((source.id, source.title, source.language, source.url) if source else ()),
        *((source.urls.atom, source.urls.rss, source.urls.json) if source else ()),
    )
    files = FILE_BYTES * len(entry.enclosures)
    return _at_most(texts) + NAMED * _at_most(names) + ENTRY_BYTES + files


def _at_most(texts: Iterable[str]) -> int:
    return sum(
        len(text.encode()) + MOST_ESCAPED * sum(text.count(each) for each in ESCAPED)
        for text in texts
    )


def fingerprint() -> str:
    """Tell one renderer from another: a change of ours, of feedgen or of lxml changes it."""
    written = b"".join(each.render(SPECIMEN) for each in FORMATS.values())
    return sha256(written).hexdigest()
