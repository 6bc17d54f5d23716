"""Text in headers, as words that a fold may stand between (RFC 5322, 2.2.3; RFC 2047).

Raw text (Message-ID, Date, the List headers) is never encoded and folds only where its writer
parts it.
"""

import base64
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from feedsvc.errors import Invalid

FOLD = b"\r\n "
WIDTH = 76
_WORD = 75  # RFC 2047, 2: the longest encoded-word
_FRAME = len("=?utf-8?q?" + "?=")
_RAW = 900  # what surrounds it must fit into the 998 of RFC 5322, 2.1.1
_TEXT = 1000  # far beyond any subject or name
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PRINTABLE = re.compile(r"[ -~]*")
_PLAIN = re.compile(r"[!-~]{1,50}(?: [!-~]{1,50})*")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,50}"
_ATOMS = re.compile(rf"{_ATOM}(?: {_ATOM})*")
_QUOTABLE = re.compile(r"[!-~](?:[ -~]{0,48}[!-~])?")
_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
_Q = [chr(octet) if octet in _SAFE else f"={octet:02X}" for octet in range(256)]
_Q[0x20] = "_"


def one_line(text: str, field: str) -> str:
    """Refuse what would break a header: CR, LF, NUL and every other control character."""
    if _UNFIT.search(text) or len(text) > _TEXT:
        raise Invalid(
            field,
            "There is a control character in it, or too much text.",
            remedy="Write it as one line.",
        )
    return text


def raw(text: str, field: str) -> str:
    """Check a text that goes into a header as it is."""
    if not _PRINTABLE.fullmatch(text) or len(text) > _RAW:
        raise Invalid(field, f"This header takes printable ASCII, at most {_RAW} characters.")
    return text


def text_words(text: str, start: int) -> list[str]:
    """Write unstructured text, plain where it can be."""
    if _PLAIN.fullmatch(text) and "=?" not in text:
        return text.split(" ")
    return encoded_words(text, start)


def phrase_words(text: str, start: int) -> list[str]:
    """Write a display name as atoms, a quoted string or encoded-words."""
    if "=?" in text:
        return encoded_words(text, start)
    if _ATOMS.fullmatch(text):
        return text.split(" ")
    if _QUOTABLE.fullmatch(text):
        return ['"' + text.replace("\\", r"\\").replace('"', r"\"") + '"']
    return encoded_words(text, start)


def encoded_words(text: str, start: int) -> list[str]:
    """Encode a text, B or Q, whichever is shorter; no character is parted.

    `start` is the column of the first word; each further one begins a line.
    """
    return list(_encoded_words(text, start)) if text else []


def fill(found: list[str], start: int) -> bytes:
    """Set words one after the other, with a fold where the next does not fit."""
    out, column = [found[0].encode("ascii")], start + len(found[0])
    for word in found[1:]:
        fits = column + 1 + len(word) <= WIDTH
        out.append((b" " if fits else FOLD) + word.encode("ascii"))
        column = 1 + len(word) + (column if fits else 0)
    return b"".join(out)


@lru_cache(maxsize=1024)
def _encoded_words(text: str, start: int) -> tuple[str, ...]:
    q, b = _q(text), _b(text)
    letter, encode, whole = ("q", _q, q) if len(q) <= len(b) else ("b", _b, b)
    room = min(_WORD, WIDTH - start) - _FRAME
    runs = [whole] if len(whole) <= room else _runs(text, encode, room)
    return tuple(f"=?utf-8?{letter}?{run}?=" for run in runs)


def _runs(text: str, encode: Callable[[str], str], room: int) -> Iterator[str]:
    """Encode as many characters at a time as there is room for."""
    while text:
        count = min(len(text), room)
        while len(encode(text[:count])) > room:
            count -= 1
        yield encode(text[:count])
        text, room = text[count:], _WORD - _FRAME


def _q(text: str) -> str:
    return "".join(map(_Q.__getitem__, text.encode()))


def _b(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
