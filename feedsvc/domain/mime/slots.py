"""The places in a mail that differ between recipients.

In a source text a slot is a name between two noncharacters, which no input may hold; in the stored
bytes it is `NUL context:name NUL`, and every other NUL has been encoded or refused.
"""

import re

from feedsvc.errors import Invalid

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_MARKER = re.compile(f"{_OPEN}({_NAME.pattern}){_CLOSE}")


def slot(name: str) -> str:
    """Mark the place where this value of the recipient goes."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            name, "This is not the name of a slot.", remedy="Use a-z, 0-9, '_', '.' and '-'."
        )
    return f"{_OPEN}{name}{_CLOSE}"


def has_slot(text: str) -> bool:
    """Whether the text holds a slot."""
    return _MARKER.search(text) is not None


def only_slot(text: str) -> str:
    """Give the name of the slot that this text wholly is, or nothing."""
    found = _MARKER.fullmatch(text)
    return found[1] if found else ""


def split(text: str, field: str) -> list[tuple[str, bool]]:
    """Take a text apart into its pieces, each with whether it is the name of a slot."""
    pieces = _MARKER.split(text)
    if any(_OPEN in piece or _CLOSE in piece for piece in pieces[::2]):
        raise Invalid(field, "There is a broken slot in it.", remedy="Make slots with slot(name).")
    return [(piece, bool(i % 2)) for i, piece in enumerate(pieces) if piece]


def stored(context: str, name: str) -> bytes:
    """Write a slot as it stands in the stored bytes."""
    return f"\0{context}:{name}\0".encode("ascii")
