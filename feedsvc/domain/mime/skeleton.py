"""Splicing: the stored bytes of a mail, loaded once, and each recipient's values put into them."""

from collections.abc import Callable, Mapping
from functools import partial

from feedsvc.domain.mime import body, headers, mailbox
from feedsvc.errors import Invalid

_Encode = Callable[[str, str], bytes]

# A context that has been stored keeps its meaning: digests outlive versions of this code.
_AT_COLUMN: dict[str, Callable[..., bytes]] = {
    "name": headers.name_value,
    "text": headers.text_value,
    "words": headers.words_value,
}
_CONTEXTS: dict[str, _Encode] = {
    "address": mailbox.address_value,
    "html": body.html_value,
    "raw": headers.raw_value,
    "plain": body.text_value,
}


ALLOWANCE = 2_048
"""What the values of a recipient, and a signature, may add to the size of a mail."""


class Skeleton:
    """The stored bytes of a mail, taken apart at its slots. `size`: about so many octets it will have."""

    def __init__(self, stored: bytes) -> None:
        self._pieces = stored.split(b"\0")
        self._slots = [
            (i, *_read(self._pieces[i].decode("ascii"))) for i in range(1, len(self._pieces), 2)
        ]
        self.slots = frozenset(name for _, name, _ in self._slots)
        self.size = len(stored) + ALLOWANCE

    def splice(self, values: Mapping[str, str]) -> bytes:
        """Give the whole mail; a missing or unfit value is Invalid, one too many is no matter."""
        pieces = self._pieces.copy()
        name = ""
        try:
            for i, name, encode in self._slots:
                pieces[i] = encode(values[name], name)
        except KeyError as error:
            raise Invalid(name, "The mail has a slot for this and was given no value.") from error
        except UnicodeEncodeError as error:
            raise Invalid(name, "There is half a character in it.") from error
        return b"".join(pieces)


def _read(slot: str) -> tuple[str, _Encode]:
    """Read `context:name` or `context/column:name`."""
    place, _, name = slot.partition(":")
    context, _, column = place.partition("/")
    if column:
        return name, partial(_AT_COLUMN[context], start=int(column))
    return name, _CONTEXTS[context]
