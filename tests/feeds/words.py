"""What words in a document may look like, by the standards that define them."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

H = TypeVar("H", bound=Hashable)

# RFC 3339 as RFC 4287 (3.3) wants it, in whole seconds (FEEDS F5).
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|\+00:00)")
# RFC 822 with the four-digit year and the numeric zone of the RSS profile.
_RFC_822 = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d "
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d \+0000"
)
_TAG = re.compile(r"tag:[a-z0-9][a-z0-9.-]*,\d{4}(?:-\d\d){0,2}:[\w.~!$&'()*+,;=:@/?%-]+", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|\d{3}))?")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
# What a URI may be made of (RFC 3986, appendix A).
_URI = re.compile(r"[\w.~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)
# Of a person; the @ of a revision's address (/c/{slug}/{update}@{n}) is none.
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", re.IGNORECASE)
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def is_instant(written: str) -> bool:
    """Whether it is an RFC 3339 instant in UTC and whole seconds."""
    return bool(_INSTANT.fullmatch(written)) and _readable(written)


def is_rfc_822(written: str) -> bool:
    """Whether it is an RFC 822 date, its weekday right."""
    if not _RFC_822.fullmatch(written):
        return False
    when = datetime.strptime(written, "%a, %d %b %Y %H:%M:%S %z")
    return when.strftime("%a") == written[:3]


def is_tag(written: str) -> bool:
    """Whether it is a tag: URI (RFC 4151)."""
    return bool(_TAG.fullmatch(written))


def is_language(written: str) -> bool:
    """Whether it is a language code as BCP 47 writes it."""
    return bool(_LANGUAGE.fullmatch(written))


def is_media_type(written: str) -> bool:
    """Whether it is a media type without parameters."""
    return bool(_MEDIA_TYPE.fullmatch(written))


def is_absolute(written: str, schemes: Iterable[str] = ("http", "https")) -> bool:
    """Whether it is an absolute URL of these schemes, made of what URLs are made of."""
    parts = urlsplit(written)
    named = bool(parts.netloc) or parts.scheme == "mailto"
    return bool(_URI.fullmatch(written)) and parts.scheme in set(schemes) and named


def emails(text: str) -> list[str]:
    """Find e-mail addresses (FEEDS F18)."""
    return _EMAIL.findall(text)


def illegal(text: str) -> list[str]:
    """Find the characters that no feed can carry (FEEDS F11)."""
    return _ILLEGAL.findall(text)


def repeated(values: Iterable[H]) -> Iterator[H]:
    """Name what is there more than once."""
    return (value for value, count in Counter(values).items() if count > 1)


def _readable(written: str) -> bool:
    try:
        datetime.fromisoformat(written)
    except ValueError:
        return False
    return True
