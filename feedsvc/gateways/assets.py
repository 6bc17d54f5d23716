"""What feeds and pages are dressed in: icon, favicon, logo, and the style sheet of the feeds.

An operator replaces one by a file of the same name in their own folder of templates.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from feedsvc.errors import Misconfigured

_PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_LIMIT_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served: under /<name>, and with its version for as long as it likes."""

    name: str
    media_type: str
    content: bytes
    version: str

    @property
    def path(self) -> str:
        """Its address on this site; another content has another one."""
        return f"/{self.name}?v={self.version}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Where an asset lies in a folder of templates, and what it has to be."""

    place: str
    media_type: str
    shape: str = ""
    fits: Callable[[int, int], bool] = lambda _width, _height: True


_WANTED: Final = (
    _Wanted(
        "images/icon.png",
        "image/png",
        "square and at least 512 pixels wide (JSON Feed)",
        lambda width, height: width == height >= 512,  # noqa: PLR2004  as it says
    ),
    _Wanted(
        "images/favicon.png",
        "image/png",
        "square and at least 64 pixels wide (JSON Feed)",
        lambda width, height: width == height >= 64,  # noqa: PLR2004  as it says
    ),
    _Wanted(
        "images/logo.png",
        "image/png",
        "twice as wide as high (RFC 4287, 4.2.8)",
        lambda width, height: width == 2 * height,
    ),
    _Wanted("feeds/feed.css", "text/css; charset=utf-8"),
)


def read(folders: Sequence[Path]) -> dict[str, Asset]:
    """Read all of them by name, each from the first folder that has it; refuse one that does not fit."""
    found = (_read(folders, wanted) for wanted in _WANTED)
    return {asset.name: asset for asset in found}


def _read(folders: Sequence[Path], wanted: _Wanted) -> Asset:
    places = [folder / wanted.place for folder in folders]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        raise Misconfigured(
            f"{places[-1]} is missing from the installation.", remedy="Install feedsvc again."
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}).") from error
    if wanted.shape:
        _refuse_misfit(path, content, wanted)
    version = sha256(content).hexdigest()[:16]
    return Asset(path.name, wanted.media_type, content, version)


def _refuse_misfit(path: Path, content: bytes, wanted: _Wanted) -> None:
    """Look at the head of a PNG (its IHDR chunk): width and height are its first two numbers."""
    remedy = (
        f"Put a PNG there that is {wanted.shape}, or take it away to use the one that is shipped."
    )
    if not content.startswith(_PNG) or len(content) < len(_PNG) + 8:
        raise Misconfigured(f"{path} is no PNG image.", remedy=remedy)
    width, height = struct.unpack_from(">II", content, len(_PNG))
    if not wanted.fits(width, height):
        raise Misconfigured(f"{path} has {width} x {height} pixels.", remedy=remedy)
    if len(content) > _LIMIT_BYTES:
        raise Misconfigured(f"{path} has more than {_LIMIT_BYTES} bytes.", remedy=remedy)
