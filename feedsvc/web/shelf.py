"""The feeds in memory: each rendered once per version, all its formats from one state of the database.

Whether a version is still the newest is known without a query on SQLite, where nothing was committed,
and by one small query else. While the database is away, what is on the shelf is served.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from sqlmodel import Session

from feedsvc.config import Settings
from feedsvc.domain import feeds
from feedsvc.errors import Unavailable
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.templates import Templates
from feedsvc.records import directory, documents, versions
from feedsvc.web.conditional import Coding
from feedsvc.web.copies import Document, Reply
from feedsvc.web.looks import Looks

CAPACITY_BYTES = 64 * 2**20
"""Of rendered feeds; compressed copies come on top, a third as much or so."""

OPML = "opml"

# What cannot be an address of a feed is not looked for.
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,4}){0,2}")

Key = tuple[str | None, str | None]
"""The slug of a campaign, or None for the site; a language, or None for the plain feed."""


class Missing(Enum):
    """Why there is no feed."""

    UNKNOWN = auto()
    GONE = auto()


@dataclass(slots=True)
class Edition:
    """One version of a feed in all formats; `mark` is the database's when it was last the newest."""

    number: int
    documents: Mapping[str, Document]
    mark: int | None = None

    @property
    def weight(self) -> int:
        """How much memory it takes, in bytes and without its compressed copies."""
        return sum(len(document.content) for document in self.documents.values())


class Shelf:
    """The newest edition of each feed that was asked for; where room runs out, the idlest goes.

    `rendered` counts the editions since the start of the process.
    """

    def __init__(self, here: Installation) -> None:
        self.rendered = 0
        self._database = here.database
        self._pieces = (here.settings, here.templates)
        self._looks = Looks(here.database)
        self._editions: OrderedDict[Key, Edition] = OrderedDict()
        self._turn = asyncio.Lock()

    async def find(self, slug: str | None, language: str | None) -> Edition | Missing:
        """Return the newest edition of a feed, or the one before while the database is away.

        Raises Unavailable if it is away and there is none.
        """
        key = (slug, language)
        kept = self._editions.get(key)
        try:
            mark = self._database.mark()
            if kept is not None and mark is not None and kept.mark == mark:
                self._editions.move_to_end(key)
                return kept
            return await self._newest(key, mark)
        except Unavailable:
            if kept is None:
                raise
            return kept

    async def reply(self, document: Document, coding: Coding) -> Reply:
        """Return a document in a coding, compressed by one thread at a time and once."""
        async with self._turn:
            made = document.ready(coding)
            return made if made is not None else await asyncio.to_thread(document.make, coding)

    async def _newest(self, key: Key, mark: int | None) -> Edition | Missing:
        """Ask for the version, and render if it has moved; `mark` was taken before."""
        slug, language = key
        if not _possible(slug, language):
            return Missing.UNKNOWN
        version = await self._looks.version(slug)
        kept = self._editions.get(key)
        if version is None or version.ended:
            self._editions.pop(key, None)
            return Missing.UNKNOWN if version is None else Missing.GONE
        if kept is None or kept.number < version.number:
            return await self._render(key, version.number, mark)
        kept.mark = mark
        self._editions.move_to_end(key)
        return kept

    async def _render(self, key: Key, number: int, mark: int | None) -> Edition | Missing:
        """Render, one at a time; whoever waited meanwhile finds it done."""
        async with self._turn:
            kept = self._editions.get(key)
            if kept is not None and kept.number >= number:
                return kept
            edition = await self._database.read(_print, *self._pieces, *key)
            self.rendered += 1
            self._editions.pop(key, None)
            if isinstance(edition, Edition):
                edition.mark = mark
                self._editions[key] = edition
                self._make_room()
            return edition

    def _make_room(self) -> None:
        weight = sum(edition.weight for edition in self._editions.values())
        while weight > CAPACITY_BYTES and len(self._editions) > 1:
            weight -= self._editions.popitem(last=False)[1].weight


def _possible(slug: str | None, language: str | None) -> bool:
    return (slug is None or bool(_SLUG.fullmatch(slug))) and (
        language is None or bool(_LANGUAGE.fullmatch(language))
    )


def _print(
    session: Session,
    settings: Settings,
    templates: Templates,
    slug: str | None,
    language: str | None,
) -> Edition | Missing:
    """Render all formats of a feed from one state of the database."""
    versions.steady(session)
    version = versions.versions(session, [slug]).get(slug)
    if version is None or version.ended:
        return Missing.UNKNOWN if version is None else Missing.GONE
    feed = documents.gather(session, settings, templates, version.scope, language)
    if feed is None:
        return Missing.UNKNOWN
    copies = {each.suffix: _document(feed, each) for each in feeds.FORMATS.values()}
    if slug is None and language is None:
        copies[OPML] = Document(
            directory.directory(session, settings.site),
            content_type="text/x-opml; charset=utf-8",
            updated=feed.updated,
            max_age_seconds=feed.max_age_seconds,
        )
    return Edition(version.number, copies)


def _document(feed: feeds.Feed, form: feeds.Format) -> Document:
    return Document(
        form.render(feed),
        content_type=form.content_type,
        updated=feed.updated,
        max_age_seconds=feed.max_age_seconds,
        self_url=getattr(feed.urls, form.suffix),
    )
