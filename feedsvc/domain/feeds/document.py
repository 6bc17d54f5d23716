"""What a feed says, before it is written in any format.

Text is plain unless the field is called `html`; URLs are absolute; instants are aware. Nothing in
here may depend on the clock or on who asks, so that no change means the same bytes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Urls:
    """The addresses of one feed in its three formats."""

    atom: str
    rss: str
    json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote it: a name and perhaps a page, never an e-mail address."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that belongs to an entry; `length` is its true size in bytes."""

    url: str
    media_type: str
    length: int
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The day, month or year when it happened, for machines and in the words of the entry."""

    occurred_on: str
    precision: Literal["day", "month", "year"]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The campaign feed that an entry in a feed of everything comes from."""

    id: str
    title: str
    language: str
    url: str
    urls: Urls
    updated: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A tombstone (RFC 6721): entry `ref` was withdrawn `when`, which is after its `updated`."""

    ref: str
    when: datetime
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One update in one language. `html` is sanitised already, with absolute URLs only."""

    id: str
    url: str
    title: str
    language: str
    html: str
    published: datetime
    updated: datetime
    summary: str = ""
    authors: tuple[Author, ...] = ()
    categories: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    image: str = ""
    event: Event | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed: the newest of it (the subscription document) or an archive of it (RFC 5005).

    `home_url` is the page that the feed is about. `icon` is square and at least 512 px wide,
    `favicon` square and at least 64 px, `logo` twice as wide as high. `previous` leads to older
    entries, `next` to newer ones; `current` is the subscription document and makes this an archive.
    """

    id: str
    urls: Urls
    home_url: str
    title: str
    description: str
    language: str
    updated: datetime
    authors: tuple[Author, ...]
    max_age_seconds: int
    entries: tuple[Entry, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    hubs: tuple[str, ...] = ()
    icon: str = ""
    favicon: str = ""
    logo: str = ""
    css_url: str = ""
    expired: bool = False
    previous: Urls | None = None
    next: Urls | None = None
    current: Urls | None = None

    @property
    def neighbours(self) -> dict[str, Urls]:
        """The other documents of this feed, by their link relation (RFC 5005, section 4)."""
        links = {"prev-archive": self.previous, "next-archive": self.next, "current": self.current}
        return {relation: urls for relation, urls in links.items() if urls}
