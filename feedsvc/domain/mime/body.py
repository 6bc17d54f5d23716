"""Bodies of text as 7-bit lines of at most 76 characters (RFC 2045, 6.7 and 6.8).

Whatever is encoded here begins at the start of a line and ends at one, so that pieces can be put
one after the other and none changes its neighbours. No line begins with a dot (SMTP would double
it) or `From ` (mbox would quote it), and none ends with a blank.
"""

import base64
import re
from functools import lru_cache
from html import escape

from feedsvc.domain.mime.slots import has_slot, split, stored

_BREAK = re.compile(r"\r\n?")
_CLEAR = b"\t\n" + bytes(range(0x20, 0x7F)).replace(b"=", b"")
_UNITS = [chr(octet) if octet in _CLEAR else f"={octet:02X}" for octet in range(256)]
_TRAILING = re.compile(r"[ \t](?=\n)")
_LEADING = re.compile(r"^(?:\.|F(?=rom ))", re.MULTILINE)
# Room for a leading character to be encoded and for the "="; no octet and no character is parted.
_FITTING = re.compile(r".{1,73}(?<!=)(?<!=.)(?!=[89AB])")
_SHORT = 200
_PLAIN_TEXT = re.compile(r"(?!\.|From )[ -<>-~]{1,72}").fullmatch
_PLAIN_HTML = re.compile(r"(?!\.|From )[ !#-%(-;?-~]{1,72}").fullmatch


def encode(source: str, context: str) -> tuple[str, bytes]:
    """Give the transfer encoding of a part and its bytes; a last line break is added if missing.

    Base64 where it is shorter (Arabic: half as long), except round slots: a value would shift what
    comes after it.
    """
    source = _BREAK.sub("\n", source)
    source = source if source.endswith("\n") else source + "\n"
    quoted = b"".join(
        stored(context, piece) if named else quote(piece)
        for piece, named in split(source, f"the {context} part")
    )
    folded = _base64(source)
    if len(folded) < len(quoted) and not has_slot(source):
        return "base64", folded
    return "quoted-printable", quoted


def _base64(source: str) -> bytes:
    crlf = source.replace("\n", "\r\n").encode()
    return base64.encodebytes(crlf).replace(b"\n", b"\r\n")


def quote(text: str) -> bytes:
    """Encode as quoted-printable; what does not end a line is followed by a soft line break."""
    encoded = "".join(map(_UNITS.__getitem__, _BREAK.sub("\n", text).encode()))
    lines = _TRAILING.sub(_hex, encoded).split("\n")
    soft = "\n".join(["=\n".join(_FITTING.findall(line)) for line in lines])
    if lines[-1]:
        soft += "=\n"
    return _LEADING.sub(_hex, soft).replace("\n", "\r\n").encode("ascii")


def _hex(found: re.Match[str]) -> str:
    return f"={ord(found[0]):02X}"


def text_value(value: str, _slot: str) -> bytes:
    """Encode a recipient's value for the plain text part."""
    if _PLAIN_TEXT(value):
        return value.encode("ascii") + b"=\r\n"
    return _quote_value(value)


def html_value(value: str, _slot: str) -> bytes:
    """Encode a recipient's value for the HTML part, in text or in a quoted attribute."""
    if _PLAIN_HTML(value):
        return value.encode("ascii") + b"=\r\n"
    return _quote_value(escape(value))


def _quote_value(value: str) -> bytes:
    return _quote_short(value) if len(value) <= _SHORT else quote(value)


_quote_short = lru_cache(maxsize=1024)(quote)  # a name stands in both parts
