"""The feeds in memory: each rendered once per version, all its formats from one state of the database.

Whether a version is still the newest is known from the mark of the database, without a query where
nothing has moved, and by one small query else. While the database is away, what is on the shelf is
served.
"""

import asyncio
import re
from dataclasses import dataclass
from enum import Enum, auto

from sqlmodel import Session

from feedsvc.config import Settings
from feedsvc.domain import feeds
from feedsvc.errors import Unavailable
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.templates import Templates
from feedsvc.records import directory, documents, versions
from feedsvc.web.boards import LIST, OPML, Board, Edition, Key
from feedsvc.web.conditional import Coding
from feedsvc.web.copies import Document, Reply
from feedsvc.web.looks import Looks

CAPACITY_BYTES = 64 * 2**20
"""Of the newest documents, with their compressed copies."""

ARCHIVE_CAPACITY_BYTES = 16 * 2**20
"""Of archives, apart, so that whoever walks through all of them pushes out no newest document."""

# What cannot be an address of a feed is not looked for.
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,4}){0,2}")
_RUN = re.compile(r"[1-9][0-9]{0,8}(?:-[1-9][0-9]{0,8})?", re.ASCII)


class Missing(Enum):
    """Why there is no feed; one that is not there yet is a run after the last."""

    UNKNOWN = auto()
    GONE = auto()
    NOT_YET = auto()


@dataclass(frozen=True, slots=True)
class Moved:
    """The campaign has another slug now."""

    slug: str


Found = Edition | Moved | Missing


class Shelf:
    """The newest edition of each feed that was asked for.

    `rendered` counts the editions since the start of the process.
    """

    def __init__(self, here: Installation) -> None:
        self.rendered = 0
        self._database = here.database
        self._pieces = (here.settings, here.templates)
        self._looks = Looks(here.database)
        self._turn = asyncio.Lock()
        self._fresh: dict[str, Document] = {}
        let_go = self._fresh.clear
        self._boards = (Board(CAPACITY_BYTES, let_go), Board(ARCHIVE_CAPACITY_BYTES, let_go))
        self._mark: int | None = None

    def fresh(self, path: str) -> Document | None:
        """Return what is known to be the newest at this address, without asking anybody."""
        try:
            mark = self._database.mark()
        except Unavailable:
            return None
        if mark is None or mark != self._mark:
            self._mark = mark
            self._fresh.clear()
            return None
        return self._fresh.get(path)

    def show(self, path: str, edition: Edition, document: Document) -> None:
        """Let `fresh` return it until anything moves."""
        if edition.mark is not None and edition.mark == self._mark:
            self._fresh[path] = document

    async def find(self, key: Key) -> Found:
        """Return the newest edition of a feed, or the one before while the database is away.

        Raises Unavailable if it is away and there is none.
        """
        kept = self._board(key).get(key)
        try:
            mark = self._database.mark()
            if kept is not None and mark is not None and kept.mark == mark:
                return kept
            return await self._newest(key, mark)
        except Unavailable:
            if kept is None:
                raise
            return kept

    async def make(self, key: Key, document: Document, coding: Coding) -> Reply:
        """Return a document in a coding, compressed by one thread at a time and once."""
        async with self._turn:
            made = document.copies[coding].whole
            if made is None:
                made = await asyncio.to_thread(document.make, coding)
                self._board(key).weigh(key)
            return made

    def _board(self, key: Key) -> Board:
        return self._boards[key.run is not None]

    async def _newest(self, key: Key, mark: int | None) -> Found:
        """Ask for the version, and render if it has moved; `mark` was taken before."""
        if not _possible(key):
            return Missing.UNKNOWN
        version = await self._looks.version(key.slug)
        absent = _absent(key, version)
        if version is None or absent is not None:
            self._board(key).drop(key)
            return absent or Missing.UNKNOWN
        kept = self._board(key).get(key)
        if kept is None or kept.number < version.number:
            return await self._render(key, version.number, mark)
        kept.mark = mark
        return kept

    async def _render(self, key: Key, number: int, mark: int | None) -> Found:
        """Render, one at a time; whoever waited meanwhile finds it done."""
        async with self._turn:
            kept = self._board(key).get(key)
            if kept is not None and kept.number >= number:
                return kept
            found = await self._database.read(_print, *self._pieces, key)
            self.rendered += 1
            self._board(key).drop(key)
            if isinstance(found, Edition):
                found.mark = mark
                self._board(key).put(key, found)
            return found


def _possible(key: Key) -> bool:
    pairs = zip((_SLUG, _LANGUAGE, _RUN), key, strict=True)
    return key == LIST or all(part is None or form.fullmatch(part) for form, part in pairs)


def _absent(key: Key, version: versions.Version | None) -> Moved | Missing | None:
    """Say why there is no feed, or None."""
    if version is None:
        return Missing.UNKNOWN
    if version.ended:
        return Missing.GONE
    return Moved(version.slug) if version.slug and version.slug != key.slug else None


def _print(session: Session, settings: Settings, templates: Templates, key: Key) -> Found:
    """Render all formats of a feed from one state of the database."""
    versions.steady(session)
    version = versions.versions(session, [key.slug]).get(key.slug)
    absent = _absent(key, version)
    if version is None or absent is not None:
        return absent or Missing.UNKNOWN
    if key == LIST:
        return Edition(version.number, {OPML: _list(session, settings)})
    feed = _gather(session, settings, templates, version.scope, key)
    if isinstance(feed, Missing):
        return feed
    copies = {each.suffix: _document(feed, each) for each in feeds.FORMATS.values()}
    return Edition(version.number, copies)


def _list(session: Session, settings: Settings) -> Document:
    return Document(
        directory.directory(session, settings.site),
        content_type="text/x-opml; charset=utf-8",
        updated=directory.last_change(session),
        max_age_seconds=settings.feeds.max_age_seconds,
    )


def _gather(
    session: Session, settings: Settings, templates: Templates, scope: int, key: Key
) -> feeds.Feed | Missing:
    """Gather what a feed says, or why it says nothing."""
    pieces = (session, settings, templates, scope, key.language)
    found = documents.archive(*pieces, key.run) if key.run else documents.gather(*pieces)
    if isinstance(found, documents.NotYet):
        return Missing.NOT_YET
    return Missing.UNKNOWN if found is None else found


def _document(feed: feeds.Feed, form: feeds.Format) -> Document:
    return Document(
        form.render(feed),
        content_type=form.content_type,
        updated=feed.updated,
        max_age_seconds=feed.max_age_seconds,
        self_url=getattr(feed.urls, form.suffix),
        hubs=feed.hubs,
    )
