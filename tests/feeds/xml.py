"""An XML document, read, and what holds for all of them (FEEDS F11, F12)."""

from collections.abc import Iterator

from lxml import etree

from tests.domain.feeds.reading import NAMES
from tests.feeds.words import illegal


class Xml:
    """A document as bytes and as a tree."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.root = etree.fromstring(raw)

    def all(self, path: str, start: etree._Element | None = None) -> list[etree._Element]:
        """Find elements."""
        found = (self.root if start is None else start).xpath(path, namespaces=NAMES)
        assert isinstance(found, list)
        return [each for each in found if isinstance(each, etree._Element)]  # noqa: SLF001  lxml gives it no public name

    def text(self, path: str, start: etree._Element | None = None) -> str:
        """Return the text of the first element found, or nothing."""
        return next((each.text or "" for each in self.all(path, start)), "")

    def badly_written(self) -> Iterator[str]:
        """Say what is not UTF-8 with escaped text, and said to be (F12)."""
        if not self.raw.startswith(b"<?xml version='1.0' encoding='UTF-8'?>"):
            yield "no XML declaration of UTF-8"
        yield from (mark.decode() for mark in (b"<![CDATA[", b"<!DOCTYPE") if mark in self.raw)

    def unspeakable(self) -> Iterator[str]:
        """Name the characters that XML cannot carry (F11)."""
        yield from map(repr, illegal(self.raw.decode()))
