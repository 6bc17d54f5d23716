"""Walks a feed back to its beginning by link relations alone (RFC 5005; `next_url` of JSON Feed)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.testclient import TestClient

from tests.feeds.atom_rules import Atom
from tests.feeds.json_rules import JsonFeed
from tests.feeds.rss_rules import Rss

FAR = 1_000
"""Documents; who has walked so far goes round in circles."""


@dataclass(frozen=True)
class Seen:
    """An entry as a document shows it."""

    id: str
    title: str
    updated: str


@dataclass(frozen=True)
class Page:
    """One document of a feed and where it leads."""

    url: str
    raw: bytes
    entries: tuple[Seen, ...]
    previous: str | None = None
    next: str | None = None
    current: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def walk(http: TestClient, url: str) -> Iterator[Page]:
    """Go from the head to the beginning; each document must come once."""
    been: set[str] = set()
    where: str | None = url
    while where:
        assert where not in been, f"{where} comes again"
        assert len(been) < FAR
        been.add(where)
        page = fetch(http, where)
        yield page
        where = page.previous


def fetch(http: TestClient, url: str) -> Page:
    """Fetch a document by its address, whatever its host."""
    parts = urlsplit(url)
    answer = http.get(parts.path + (f"?{parts.query}" if parts.query else ""))
    assert answer.status_code == 200, (url, answer.status_code)
    read = {".atom": _atom, ".rss": _rss, ".json": _json}
    page = read[parts.path[parts.path.rindex(".") :]](url, answer.content)
    page.headers.update(answer.headers)
    return page


def merged(pages: Iterable[Page]) -> dict[str, Seen]:
    """Keep of each entry the newest, as RFC 5005 (section 4) has readers do."""
    kept: dict[str, Seen] = {}
    for page in pages:
        for seen in page.entries:
            if seen.id not in kept or seen.updated > kept[seen.id].updated:
                kept[seen.id] = seen
    return kept


def _atom(url: str, raw: bytes) -> Page:
    it = Atom(raw)
    entries = tuple(
        Seen(it.text("a:id", each), it.text("a:title", each), it.text("a:updated", each))
        for each in it.all("a:entry")
    )
    return Page(url, raw, entries, *_around(it.links))


def _rss(url: str, raw: bytes) -> Page:
    it = Rss(raw)
    entries = tuple(
        Seen(it.text("guid", each), it.text("title", each), it.text("a:updated", each))
        for each in it.items
    )
    return Page(url, raw, entries, *_around(it.links))


def _around(links: Callable[[str], list[str]]) -> tuple[str | None, str | None, str | None]:
    """Say where the documents before and after are, and the head."""
    before, after, head = map(links, ("prev-archive", "next-archive", "current"))
    return next(iter(before), None), next(iter(after), None), next(iter(head), None)


def _json(url: str, raw: bytes) -> Page:
    it = JsonFeed(raw)
    entries = tuple(Seen(each["id"], each["title"], each["date_modified"]) for each in it.items)
    return Page(url, raw, entries, it.read.get("next_url"))
