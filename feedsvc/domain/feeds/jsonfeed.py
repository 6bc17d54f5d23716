"""JSON Feed 1.1, written as a plain dictionary in the order people read it."""

from typing import Any

import orjson

from feedsvc.domain.feeds.document import Author, Enclosure, Entry, Feed
from feedsvc.domain.feeds.presentation import instant, presented

VERSION = "https://jsonfeed.org/version/1.1"
READABLE = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


def json(feed: Feed) -> bytes:
    """Write the feed as JSON Feed 1.1."""
    return orjson.dumps(_feed(presented(feed)), option=READABLE)


def _feed(feed: Feed) -> dict[str, Any]:
    written = {
        "version": VERSION,
        "title": feed.title,
        "home_page_url": feed.home_url,
        "feed_url": feed.urls.json,
        "description": feed.description,
        "language": feed.language,
        "authors": [_author(each) for each in feed.authors],
        "icon": feed.icon,
        "favicon": feed.favicon,
        "hubs": [{"type": "WebSub", "url": hub} for hub in feed.hubs],
        "next_url": feed.previous and feed.previous.json,
        "expired": feed.expired,
    }
    return _said(written) | {"items": [_item(entry) for entry in feed.entries]}


def _item(entry: Entry) -> dict[str, Any]:
    written = {
        "url": entry.url,
        "title": entry.title,
        "summary": entry.summary,
        "image": entry.image,
        "date_published": instant(entry.published),
        "date_modified": instant(entry.updated),
        "language": entry.language,
        "authors": [_author(each) for each in entry.authors],
        "tags": entry.categories,
        "attachments": [_attachment(each) for each in entry.enclosures],
        "_feedsvc": entry.event
        and {"occurred_on": entry.event.occurred_on, "precision": entry.event.precision},
    }
    return {"id": entry.id} | _said(written) | {"content_html": entry.html}


def _author(author: Author) -> dict[str, str]:
    return _said({"name": author.name, "url": author.url})


def _attachment(file: Enclosure) -> dict[str, Any]:
    written = {"url": file.url, "mime_type": file.media_type, "title": file.title}
    return _said(written) | {"size_in_bytes": file.length}


def _said(written: dict[str, Any]) -> dict[str, Any]:
    """Leave out what there is nothing to say about."""
    return {key: value for key, value in written.items() if value}
