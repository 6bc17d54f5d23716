"""Atom 1.0 (RFC 4287) and RSS 2.0, written by feedgen with our repairs."""

import re
from email.utils import format_datetime
from html import escape

import feedgen.entry
import feedgen.feed
from feedgen.feed import FeedGenerator

from feedsvc.domain.feeds.document import Entry, Feed
from feedsvc.domain.feeds.presentation import presented
from feedsvc.domain.feeds.repairs import EntryRepairs, FeedRepairs, namespaces

GENERATOR = "feedsvc"
RSS_DOCS = "https://www.rssboard.org/rss-specification"

# feedgen's own formatter calls setlocale for the whole process, which two threads cannot share.
feedgen.feed.formatRFC2822 = feedgen.entry.formatRFC2822 = format_datetime

_RSS_TITLE = re.compile(rb"<title>[^<]*</title>")
_NUMERIC = {b"&amp;": b"&#x26;", b"&lt;": b"&#x3C;", b"&gt;": b"&#x3E;"}
_NAMED = re.compile(b"|".join(_NUMERIC))


def atom(feed: Feed) -> bytes:
    """Write the feed as Atom 1.0."""
    feed = presented(feed)
    document = _document(feed, "atom")
    document.id(feed.id)
    document.link(_atom_links(feed))
    document.author([_person(each.name, each.url) for each in feed.authors])
    document.icon(feed.favicon or feed.icon or None)
    document.logo(feed.logo or None)
    for entry in feed.entries:
        item = _item(document, entry, feed)
        item.content(entry.html, type="html")
        if entry.summary:
            item.summary(entry.summary)
    written: bytes = document.atom_str(pretty=True)
    return written


def rss(feed: Feed) -> bytes:
    """Write the feed as RSS 2.0 with the Advisory Board's profile."""
    feed = presented(feed)
    document = _document(feed, "rss")
    document.docs(RSS_DOCS)
    document.ttl(feed.max_age_seconds // 60)
    # The link added last becomes the channel's link.
    document.link(href=feed.urls.rss, rel="self", type="application/rss+xml")
    document.link(href=feed.home_url, rel="alternate", type="text/html")
    if image := feed.logo or feed.icon:
        document.image(image, title=feed.title, link=feed.home_url)
    for entry in feed.entries:
        _rss_item(_item(document, entry, feed), entry)
    return _RSS_TITLE.sub(_numeric_references, document.rss_str(pretty=True))


def _document(feed: Feed, kind: str) -> FeedGenerator:
    """Return a generator with what both formats share; dates are given, for the default is now."""
    document = FeedGenerator()
    document.register_extension("repairs", FeedRepairs, EntryRepairs)
    document.repairs.feed = feed
    document.repairs.declared = namespaces(feed, kind)
    document.title(feed.title)
    document.description(feed.description)
    document.language(feed.language)
    document.updated(feed.updated)
    document.generator(GENERATOR)
    return document


def _atom_links(feed: Feed) -> list[dict[str, str]]:
    links = [
        {"rel": "self", "type": "application/atom+xml", "href": feed.urls.atom},
        {"rel": "alternate", "type": "text/html", "href": feed.home_url},
    ]
    links += [{"rel": "hub", "href": hub} for hub in feed.hubs]
    return links + [{"rel": rel, "href": urls.atom} for rel, urls in feed.neighbours.items()]


def _person(name: str, url: str) -> dict[str, str]:
    return {"name": name, "uri": url} if url else {"name": name}


def _item(document: FeedGenerator, entry: Entry, feed: Feed) -> feedgen.entry.FeedEntry:
    """Add an entry behind the others, with what both formats share."""
    item = document.add_entry(order="append")
    item.repairs.entry, item.repairs.feed = entry, feed
    item.id(entry.id)
    item.title(entry.title)
    item.published(entry.published)
    item.updated(entry.updated)
    for category in entry.categories:
        item.category(term=category)
    return item


def _rss_item(item: feedgen.entry.FeedEntry, entry: Entry) -> None:
    """Fill in what only RSS has; its description is HTML, so a plain summary is escaped."""
    item.link(href=entry.url, rel="alternate")
    if entry.summary:
        item.description(escape(entry.summary, quote=False))
    item.content(entry.html)
    for enclosure in entry.enclosures[:1]:
        item.enclosure(enclosure.url, enclosure.length, enclosure.media_type)
    if entry.source:
        item.source(entry.source.urls.rss, entry.source.title)


def _numeric_references(title: re.Match[bytes]) -> bytes:
    """Write &, < and > as the RSS profile asks: most parsers then read the title exactly."""
    return _NAMED.sub(lambda found: _NUMERIC[found[0]], title[0])
