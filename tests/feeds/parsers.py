"""What parsers of three authors make of a document: what a person sees of each entry (FEEDS F2)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import atoma
import fastfeedparser

from feedsvc.domain.feeds import Entry
from tests.domain.feeds.reading import parsed


@dataclass(frozen=True, slots=True)
class File:
    """An enclosure."""

    url: str
    media_type: str
    length: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What is the same in all formats, whoever reads it; `updated` is None where none is read."""

    id: str
    title: str
    link: str
    published: datetime
    updated: datetime | None
    file: File | None = None


Parser = Callable[[bytes], list[Facts]]


def of_ours(entry: Entry, title: str) -> Facts:
    """Say what we put in; `title` as it is presented."""
    files = [File(each.url, each.media_type, each.length) for each in entry.enclosures]
    first = files[0] if files else None
    return Facts(entry.id, title, entry.url, entry.published, entry.updated, first)


def by_feedparser(document: bytes) -> list[Facts]:
    """Read Atom or RSS with feedparser."""

    def facts(item: Any) -> Facts:
        files = [File(each.href, each.type, int(each.length)) for each in item.enclosures]
        dates = _instant(item.published), _instant(item.updated)
        return Facts(item.id, item.title, item.link, *dates, next(iter(files), None))

    return [facts(item) for item in parsed(document).entries]


def by_fastfeedparser(document: bytes) -> list[Facts]:
    """Read any of the three with fastfeedparser; of Atom it reads no enclosures."""

    def facts(item: Any) -> Facts:
        given = item.get("enclosures") or []
        files = [File(each["url"], each["type"], int(each["length"])) for each in given]
        dates = _instant(item["published"]), _instant(item["updated"])
        return Facts(item["id"], item["title"], item["link"], *dates, next(iter(files), None))

    return [facts(item) for item in fastfeedparser.parse(document).entries]


def by_atoma_as_atom(document: bytes) -> list[Facts]:
    """Read Atom with atoma."""

    def facts(item: Any) -> Facts:
        files = [
            File(each.href, each.type_, each.length)
            for each in item.links
            if each.rel == "enclosure"
        ]
        link = next(each.href for each in item.links if each.rel == "alternate")
        dates = _utc(item.published), _utc(item.updated)
        return Facts(item.id_, item.title.value, link, *dates, next(iter(files), None))

    return [facts(item) for item in atoma.parse_atom_bytes(document).entries]


def by_atoma_as_rss(document: bytes) -> list[Facts]:
    """Read RSS with atoma, which does not look for `atom:updated`."""

    def facts(item: Any) -> Facts:
        files = [File(each.url, each.type, each.length) for each in item.enclosures]
        return Facts(
            item.guid, item.title, item.link, _utc(item.pub_date), None, next(iter(files), None)
        )

    return [facts(item) for item in atoma.parse_rss_bytes(document).items]


def by_atoma_as_json(document: bytes) -> list[Facts]:
    """Read JSON Feed with atoma."""

    def facts(item: Any) -> Facts:
        files = [File(each.url, each.mime_type, each.size_in_bytes) for each in item.attachments]
        dates = _utc(item.date_published), _utc(item.date_modified)
        return Facts(item.id_, item.title, item.url, *dates, next(iter(files), None))

    return [facts(item) for item in atoma.parse_json_feed_bytes(document).items]


def _instant(written: str) -> datetime:
    if written[4:5] == "-":
        return datetime.fromisoformat(written)
    return parsedate_to_datetime(written)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
