"""Headers out of parts, each encoded as its place demands, with slots where recipients differ.

A slot of text or of a name is filled with whole words, so it brings the fold beside it: `text` and
`words` before them, `name` after them. `text/9` says that its first word begins in column 9.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from feedsvc.domain.mime import words
from feedsvc.domain.mime.mailbox import ascii_domain
from feedsvc.domain.mime.slots import has_slot, only_slot, split, stored
from feedsvc.domain.mime.words import FOLD, WIDTH
from feedsvc.errors import Invalid

_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9]{1,20}(?: [A-Za-z0-9]{1,20})?").fullmatch
_LINE = 998  # RFC 5322, 2.1.1


@dataclass(frozen=True, slots=True)
class Raw:
    """Text that stands in the header as it is; only between two of them may it fold."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """Unstructured text, such as a subject."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """A name in front of something in angle brackets."""

    text: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name, which may be empty, and an address; either may be a slot, alone."""

    name: str
    address: str


Part = Raw | Text | Phrase | Mailbox


class Header:
    """A header and the parts of its value, in order."""

    __slots__ = ("name", "parts")

    def __init__(self, name: str, *parts: Part) -> None:
        self.name = name
        self.parts = parts


def encode(header: Header) -> bytes:
    """Write the header in its stored form, with its line end."""
    if not _NAME.fullmatch(header.name):
        raise Invalid(header.name, "This is not the name of a header.")
    line = _Line(header.name)
    for part in header.parts:
        _write(part, line)
    return line.end()


class _Line:
    """A header while it is written: what it holds and where its next word goes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._out = [f"{name}:".encode("ascii")]
        self._column = len(name) + 1
        self._after_name = False

    @property
    def start(self) -> int:
        """The column where the next word begins, on this line if it is the first, else a new one."""
        return self._column + 1 if len(self._out) == 1 else 1

    def word(self, word: bytes) -> None:
        """Add a word, on a new line when it does not fit on this one."""
        width = WIDTH if b"\0" in word else len(word)
        if self._after_name:
            self._after_name = False
        elif len(self._out) > 1 and self._column + 1 + width > WIDTH:
            self._out.append(FOLD)
            self._column = 1
        else:
            self._out.append(b" ")
            self._column += 1
        self._out.append(word)
        self._column += width

    def text_slot(self, context: str, slot: str) -> None:
        """Add a slot that is filled with words, each led by a fold."""
        self._out.append(stored(f"{context}/{self.start}", slot))
        self._column = WIDTH

    def name_slot(self, slot: str) -> None:
        """Add a slot that is filled with a display name and a fold, or with nothing."""
        start = self.start
        self._out += [b" " if len(self._out) == 1 else FOLD, stored(f"name/{start}", slot)]
        self._column = start
        self._after_name = True

    def end(self) -> bytes:
        """Give the header, if every line of it can be sent."""
        whole = b"".join([*self._out, b"\r\n"])
        if self._after_name or max(map(len, whole.split(b"\r\n"))) > _LINE:
            raise Invalid(self.name, "This header is too long, or ends with the slot of a name.")
        return whole


def _write(part: Part, line: _Line) -> None:
    match part:
        case Raw(text):
            line.word(b"".join(_raw_pieces(text, line.name)))
        case Text(text):
            _write_text(text, line)
        case Phrase(text):
            _write_name(text, line)
        case Mailbox(name, address):
            _write_name(name, line)
            line.word(b"<" + _address(address, line.name) + b">")


def _raw_pieces(text: str, field: str) -> Iterator[bytes]:
    for piece, named in split(text, field):
        yield stored("raw", piece) if named else words.raw(piece, field).encode("ascii")


def _write_text(text: str, line: _Line) -> None:
    """Beside a slot all is encoded-words: the blanks between those are not part of the text."""
    write = words.encoded_words if has_slot(text) else words.text_words
    context = "text" if only_slot(text) else "words"
    for piece, named in split(text, line.name):
        if named:
            line.text_slot(context, piece)
            continue
        for word in write(words.one_line(piece, line.name), line.start):
            line.word(word.encode("ascii"))


def _write_name(text: str, line: _Line) -> None:
    if slot := only_slot(text):
        line.name_slot(slot)
        return
    if has_slot(text):
        raise Invalid(line.name, "A slot in a name must be the whole name.")
    for word in words.phrase_words(words.one_line(text, line.name), line.start):
        line.word(word.encode("ascii"))


def _address(address: str, field: str) -> bytes:
    if slot := only_slot(address):
        return stored("address", slot)
    return ascii_domain(address, field).encode()


def raw_value(value: str, slot: str) -> bytes:
    """Encode a recipient's value for a header that is never encoded."""
    return words.raw(value, slot).encode("ascii")


def text_value(value: str, slot: str, *, start: int) -> bytes:
    """Encode a recipient's value that is the whole of a text."""
    return _folded(words.text_words(words.one_line(value, slot), start), start)


def words_value(value: str, slot: str, *, start: int) -> bytes:
    """Encode a recipient's value that stands beside other text."""
    return _folded(words.encoded_words(words.one_line(value, slot), start), start)


def _folded(found: list[str], start: int) -> bytes:
    if not found:
        return b""
    lead = FOLD if start == 1 else b" "
    return lead + words.fill(found, start)


def name_value(value: str, slot: str, *, start: int) -> bytes:
    """Encode a recipient's display name; a fold follows it."""
    if _PLAIN_NAME(value):
        return value.encode("ascii") + FOLD
    found = words.phrase_words(words.one_line(value, slot), start)
    return words.fill(found, start) + FOLD if found else b""
