"""Composing: from headers and two texts to the stored bytes of a mail, with slots in them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from feedsvc.domain.mime import body, headers
from feedsvc.domain.mime.headers import Header, Raw
from feedsvc.errors import Invalid


@dataclass(frozen=True, slots=True)
class Message:
    """A mail before it is encoded; any text in it may hold slots, of raw headers too."""

    headers: Sequence[Header]
    text: str
    html: str


def compose(message: Message) -> bytes:
    """Encode everything that does not differ between recipients. The same message, the same bytes.

    The answer is what `Skeleton` reads. MIME-Version and Content-Type are added here.
    """
    parts = [_part("plain", message.text), _part("html", message.html)]
    boundary = _boundary(parts)
    mime = [
        Header("MIME-Version", Raw("1.0")),
        Header("Content-Type", Raw("multipart/alternative;"), Raw(f'boundary="{boundary}"')),
    ]
    head = b"".join(map(headers.encode, [*message.headers, *mime]))
    delimiter = f"--{boundary}".encode("ascii")
    opened = b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts)
    return head + b"\r\n" + opened + delimiter + b"--\r\n"


def _part(kind: str, source: str) -> bytes:
    try:
        encoding, encoded = body.encode(source, kind)
    except UnicodeEncodeError as error:
        raise Invalid(f"the {kind} part", "There is half a character in it.") from error
    fields = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}"
    return fields.encode("ascii") + b"\r\n\r\n" + encoded


def _boundary(parts: Sequence[bytes]) -> str:
    """Base64 has no `_`, and quoted-printable none after a `=`: no value can hold the boundary."""
    return "=_" + hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]
