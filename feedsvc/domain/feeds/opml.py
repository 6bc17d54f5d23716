"""OPML 2.0: the list of all feeds, one group for each language (F21)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from babel import UnknownLocaleError
from lxml import etree

from feedsvc.domain import languages
from feedsvc.domain.text import scrub


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A feed in the list; one format of it stands for all three, or readers would have it thrice."""

    title: str
    language: str
    feed_url: str
    home_url: str


def opml(title: str, updated: datetime, feeds: Iterable[Listed]) -> bytes:
    """Write the list; the feeds of a language keep their order."""
    groups: dict[str, list[Listed]] = {}
    for feed in feeds:
        groups.setdefault(feed.language, []).append(feed)
    root = etree.Element("opml", version="2.0")
    head, body = etree.SubElement(root, "head"), etree.SubElement(root, "body")
    etree.SubElement(head, "title").text = scrub(title)
    etree.SubElement(head, "dateModified").text = format_datetime(updated)
    for language in sorted(groups):
        group = etree.SubElement(body, "outline", text=_in_itself(language))
        for feed in groups[language]:
            _add(group, feed)
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
    return written


def _add(group: etree._Element, feed: Listed) -> None:
    etree.SubElement(
        group,
        "outline",
        type="rss",  # OPML's word for every kind of feed
        text=scrub(feed.title),
        title=scrub(feed.title),
        language=feed.language,
        xmlUrl=feed.feed_url,
        htmlUrl=feed.home_url,
    )


def _in_itself(language: str) -> str:
    """Name a language as its readers do; one that slipped in unknown is its code."""
    try:
        return languages.locale(language).get_language_name() or language
    except (UnknownLocaleError, ValueError):
        return language
