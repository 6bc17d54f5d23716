"""Text as it may be stored: no character in it can break a feed, a header or a page (FEEDS F11)."""

import re
import unicodedata
from typing import Final

from feedsvc.errors import Invalid

# C0 but not tab and newline, DEL, lone surrogates, noncharacters of every plane, and the bidi
# embeddings and overrides, which can turn a line round behind the reader's back.
_REFUSED: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
_BREAKS: Final = re.compile("[\t\n\r\u2028\u2029]")
_ISOLATES: Final = re.compile("[\u2066-\u2069]")
_POP: Final = "\u2069"
_C1: Final = {
    point: bytes([point]).decode("cp1252", errors="ignore") for point in range(0x80, 0xA0)
}
_NEWLINES: Final = str.maketrans({"\r": "\n", "\u2028": "\n", "\u2029": "\n\n"})

_NAMES: Final = {
    "\t": "a tab",
    "\n": "a line break",
    "\r": "a line break",
    "\u2028": "a line separator",
    "\u2029": "a paragraph separator",
}
_KINDS: Final = {"Cc": "a control character", "Cs": "half a character", "Cn": "a noncharacter"}


def line(value: str, field: str, limit: int = 200) -> str:
    """Return one line of at most `limit` characters: a title, a name, a subject.

    Kept as given, no-break spaces and curly quotes included, but in NFC and without outer spaces.
    """
    _refuse(_BREAKS, value, field)
    clean = _clean(value, field).strip()
    if not _visible(clean):
        raise Invalid(field, "is empty.", remedy="Give it at least one visible character.")
    if len(clean) > limit:
        raise Invalid(
            field,
            f"has {len(clean)} characters; at most {limit} are taken.",
            remedy="Shorten it.",
        )
    return clean


def prose(value: str, field: str, limit_bytes: int = 40_000) -> str:
    """Return text of several lines, at most `limit_bytes` in UTF-8, its newlines line feeds."""
    clean = _clean(value.replace("\r\n", "\n").translate(_NEWLINES), field)
    clean = clean.strip("\n").rstrip()
    if not _visible(clean):
        raise Invalid(field, "is empty.", remedy="Write some text.")
    size = len(clean.encode())
    if size > limit_bytes:
        raise Invalid(
            field,
            f"has {size} bytes; at most {limit_bytes} are taken.",
            remedy="Shorten it, or publish the rest elsewhere and link to it.",
        )
    return clean


def scrub(value: str) -> str:
    """Drop what `line` and `prose` refuse: for what a renderer made, say of `&#12;`."""
    return _REFUSED.sub("", value).translate(_C1)


def _clean(value: str, field: str) -> str:
    _refuse(_REFUSED, value, field)
    _refuse_open_isolates(value, field)
    return unicodedata.normalize("NFC", value.translate(_C1))


def _refuse(characters: re.Pattern[str], value: str, field: str) -> None:
    found = characters.search(value)
    if found:
        raise _not_allowed(value, found.start(), field)


def _refuse_open_isolates(value: str, field: str) -> None:
    """Refuse a bidi isolate that is not closed on its line: it would swallow what stands after."""
    start = 0
    for row in value.split("\n"):
        opened: list[int] = []
        for found in _ISOLATES.finditer(row):
            if found[0] != _POP:
                opened.append(found.start())
            elif opened:
                opened.pop()
            else:
                raise _not_allowed(value, start + found.start(), field)
        if opened:
            raise _not_allowed(value, start + opened[-1], field)
        start += len(row) + 1


def _not_allowed(value: str, index: int, field: str) -> Invalid:
    character = value[index]
    category = unicodedata.category(character)
    name = (
        _NAMES.get(character) or unicodedata.name(character, _KINDS.get(category, category)).lower()
    )
    return Invalid(
        field,
        f"holds U+{ord(character):04X} ({name}) {_place(value, index)}.",
        remedy="Remove that character.",
    )


def _place(value: str, index: int) -> str:
    before = value[:index]
    if "\n" not in before:
        return f"at position {index + 1}"
    return f"in line {before.count(chr(10)) + 1} at position {index - before.rfind(chr(10))}"


def _visible(value: str) -> bool:
    return any(unicodedata.category(character)[0] in "LNPS" for character in value)
