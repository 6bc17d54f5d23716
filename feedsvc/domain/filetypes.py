"""What a file beside an update may be: told from its content, which its ending must agree with.

Nothing that a browser would run or draw from markup: no HTML, SVG, XML or script.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from feedsvc.errors import Invalid

SIZE_LIMIT: Final = 10_000_000
AT_MOST: Final = 10
"""The bytes of one file, and the files of one text."""

NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*\.[A-Za-z0-9]+$"
NAME_LIMIT: Final = 100
"""How a file may be called; the name is also the end of its address."""

_TAKEN: Final = "signatories.txt"
_FRAME: Final = 4


@dataclass(frozen=True)
class _Kind:
    """A media type, the endings of its files, and how its content is told."""

    media_type: str
    endings: tuple[str, ...]
    begins: Callable[[bytes], bool]


def safe_name(name: str, field: str) -> str:
    """Return the name of a file; refuse an odd one, and an ending that is not on the list."""
    well = re.match(NAME, name) and len(name) <= NAME_LIMIT and name != _TAKEN
    if not well or _ending(name) not in _ENDINGS:
        raise Invalid(
            field,
            f"{name!r} is not a name that a file beside an update can have.",
            remedy="Write letters, digits, hyphens and one of the endings "
            f"{', '.join(sorted(_ENDINGS))}, such as resolution.pdf.",
        )
    return name


def media_type(name: str, content: bytes, field: str) -> str:
    """Return the media type of a file; refuse what is not on the list, or not what it is called."""
    found = [kind for kind in _KINDS if kind.begins(content)] or _plain(content)
    if not found:
        raise Invalid(
            field,
            "is empty." if not content else "is of no kind that we take, by its content.",
            remedy=f"Save it as one of {', '.join(sorted(_ENDINGS))}.",
        )
    ending = _ending(name)
    agreeing = [kind.media_type for kind in found if ending in kind.endings]
    if agreeing:
        return agreeing[0]
    raise Invalid(
        field,
        f"ends in .{ending}, and its content is {found[0].media_type}.",
        remedy=f"Name it .{found[0].endings[0]}.",
    )


def _plain(content: bytes) -> list[_Kind]:
    """Take for text only what is nothing else: a PDF may be all letters."""
    return [_TEXT] if _TEXT.begins(content) else []


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _with(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(beginnings)


def _webp(content: bytes) -> bool:
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP"


def _mp3(content: bytes) -> bool:
    """Whether it is tagged (ID3v2), or begins with a frame of MPEG audio, layer III."""
    if content.startswith(b"ID3"):
        return True
    if len(content) < _FRAME or content[0] != 0xFF or content[1] & 0xE6 != 0xE2:  # noqa: PLR2004  the sync word and the layer
        return False
    rate, frequency = content[2] >> 4, content[2] >> 2 & 3
    return 0 < rate < 15 and frequency < 3  # noqa: PLR2004  15 and 3 are reserved


def _ogg(content: bytes) -> bool:
    """Whether it is Ogg, and its first stream is sound."""
    first = content[28:36]
    return content.startswith(b"OggS") and first.startswith(
        (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex")
    )


def _mp4(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda content: content[4:8] == b"ftyp" and content[8:12] in brands


def _text(content: bytes) -> bool:
    """Whether it is plain text in UTF-8, and does not begin as markup or a script does."""
    if not content.strip() or _UNPRINTED.search(content):
        return False
    begins = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"<[A-Za-z!?/]|#!", begins):
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


_UNPRINTED: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MOVIES: Final = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash")
_KINDS: Final = (
    _Kind("application/pdf", ("pdf",), _with(b"%PDF-")),
    _Kind("image/png", ("png",), _with(b"\x89PNG\r\n\x1a\n")),
    _Kind("image/jpeg", ("jpg", "jpeg"), _with(b"\xff\xd8\xff")),
    _Kind("image/gif", ("gif",), _with(b"GIF87a", b"GIF89a")),
    _Kind("image/webp", ("webp",), _webp),
    _Kind("audio/mpeg", ("mp3",), _mp3),
    _Kind("audio/ogg", ("ogg", "oga", "opus"), _ogg),
    _Kind("audio/mp4", ("m4a",), _mp4(b"M4A ", b"M4B ")),
    _Kind("video/mp4", ("mp4",), _mp4(*_MOVIES)),
    _Kind("audio/mp4", ("m4a",), _mp4(*_MOVIES)),
)
_TEXT: Final = _Kind("text/plain", ("txt", "csv"), _text)
_ENDINGS: Final = frozenset(ending for kind in (*_KINDS, _TEXT) for ending in kind.endings)
