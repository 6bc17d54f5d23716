"""Feeds: one set of values, written as Atom 1.0, RSS 2.0 and JSON Feed 1.1."""

from feedsvc.domain.feeds.atom_rss import atom, rss
from feedsvc.domain.feeds.document import (
    Author,
    Deletion,
    Enclosure,
    Entry,
    Event,
    Feed,
    Source,
    Urls,
)
from feedsvc.domain.feeds.formats import FORMATS, Format, fingerprint, head
from feedsvc.domain.feeds.jsonfeed import json

__all__ = [
    "FORMATS",
    "Author",
    "Deletion",
    "Enclosure",
    "Entry",
    "Event",
    "Feed",
    "Format",
    "Source",
    "Urls",
    "atom",
    "fingerprint",
    "head",
    "json",
    "rss",
]
