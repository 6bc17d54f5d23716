"""Reads documents as strangers do: with lxml, feedparser and the standard library."""

from json import loads
from typing import Any

import feedparser
from lxml import etree

from feedsvc.domain.feeds import Feed, atom, json, rss

NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "fh": "http://purl.org/syndication/history/1.0",
}


def texts(document: bytes, path: str) -> list[str]:
    """Return what an XPath finds, as text; `@` paths return attributes."""
    found = etree.fromstring(document).xpath(path, namespaces=NAMES)
    assert isinstance(found, list)
    element = etree._Element  # noqa: SLF001  # lxml gives it no public name
    return [(each.text or "") if isinstance(each, element) else str(each) for each in found]


def as_atom(feed: Feed, path: str) -> list[str]:
    """Write Atom, read a path of it."""
    return texts(atom(feed), path)


def as_rss(feed: Feed, path: str) -> list[str]:
    """Write RSS, read a path of it."""
    return texts(rss(feed), path)


def as_json(feed: Feed) -> dict[str, Any]:
    """Write JSON Feed, read it."""
    read: dict[str, Any] = loads(json(feed))
    return read


def parsed(document: bytes) -> feedparser.FeedParserDict:
    """Return what feedparser makes of a document, which must be without complaint."""
    found = feedparser.parse(document)
    assert not found.bozo, found.get("bozo_exception")
    return found
