"""Editions of feeds in memory, up to so many bytes; where room runs out, the idlest goes."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from feedsvc.web.copies import Document

OPML = "opml"


class Key(NamedTuple):
    """Which feed: the slug of a campaign, or None for the site; a language; a run of its archives."""

    slug: str | None = None
    language: str | None = None
    run: str | None = None

    def address(self, suffix: str) -> str:
        """Return the path of one of its formats."""
        if suffix == OPML:
            return "/feeds.opml"
        stem = "/updates" if self.slug is None else f"/c/{self.slug}"
        run = f"/archive/{self.run}" if self.run else ""
        language = f".{self.language}" if self.language else ""
        return f"{stem}{run}{language}.{suffix}"


LIST = Key(run=OPML)
"""The list of all feeds, which is made only when somebody wants it."""


@dataclass(slots=True)
class Edition:
    """One version of a feed in all formats; `mark` is the database's when it was last the newest."""

    number: int
    documents: Mapping[str, Document]
    mark: int | None = None

    @property
    def weight(self) -> int:
        """How much memory it takes, in bytes and with its compressed copies."""
        return sum(document.weight for document in self.documents.values())


class Board:
    """Holds editions; `let_go` is called when one had to make room."""

    def __init__(self, capacity: int, let_go: Callable[[], None]) -> None:
        self._capacity = capacity
        self._let_go = let_go
        self._editions: OrderedDict[Key, Edition] = OrderedDict()
        self._weights: dict[Key, int] = {}
        self._weight = 0

    def get(self, key: Key) -> Edition | None:
        """Return what stands there, and remember that it was asked for."""
        edition = self._editions.get(key)
        if edition is not None:
            self._editions.move_to_end(key)
        return edition

    def put(self, key: Key, edition: Edition) -> None:
        """Put an edition in the place of the one before."""
        self.drop(key)
        self._editions[key] = edition
        self.weigh(key)

    def drop(self, key: Key) -> None:
        """Take away what stands there, if anything does."""
        self._editions.pop(key, None)
        self._weight -= self._weights.pop(key, 0)

    def weigh(self, key: Key) -> None:
        """Weigh an edition again, since copies were made of it, and make room for it."""
        if key not in self._editions:
            return
        weight = self._editions[key].weight
        self._weight += weight - self._weights.get(key, 0)
        self._weights[key] = weight
        while self._weight > self._capacity and len(self._editions) > 1:
            self.drop(next(iter(self._editions)))
            self._let_go()
