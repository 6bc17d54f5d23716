"""What may be written where: names that addresses end in, links, and how long texts may be."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from feedsvc.errors import Invalid

TITLE_LIMIT: Final = 200
SUMMARY_LIMIT: Final = 1_000
NAME_LIMIT: Final = 200
BODY_LIMIT_BYTES: Final = 40_000
DONATE_LIMIT: Final = 500
RELATED: Final = 6

# Names of files and folders beside the updates, and of routes beside the campaigns.
RESERVED: Final = frozenset({"campaign", "letter", "signatories", "history"})
_KEY: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHORT_LINK: Final = re.compile(r"[A-Za-z0-9/_-]{1,40}")
_SECURE: Final = re.compile(r"https://[!#-;=?-\[\]_a-z~]+")
"""What a URL may hold (RFC 3986): no quote, blank, angle bracket, backslash or brace."""
_KEY_LIMIT: Final = 80


def key(value: str, field: str) -> str:
    """Return a slug or an update's key: small letters, digits and hyphens, and no reserved word."""
    if not _KEY.fullmatch(value) or len(value) > _KEY_LIMIT or value in RESERVED:
        raise Invalid(
            field,
            f"{value!r} is not a name that an address can end in.",
            remedy=f"Write at most {_KEY_LIMIT} small letters, digits and hyphens, such as "
            f"2017-12-07-mechanism, and none of {', '.join(sorted(RESERVED))}.",
        )
    return value


def short_link(value: str, field: str) -> str:
    """Return the path of a short link, such as `en/501`, as it stands behind `/s/`."""
    if not _SHORT_LINK.fullmatch(value):
        raise Invalid(
            field,
            f"{value!r} is not the path of a short link.",
            remedy="Write at most 40 letters, digits, hyphens and slashes, such as en/501.",
        )
    return value


def donate_url(value: str, field: str) -> str:
    """Return where to give: an https address that a browser reads as it stands."""
    if len(value) > DONATE_LIMIT or not _SECURE.fullmatch(value) or not _whole(value):
        raise Invalid(
            field,
            f"{value!r} is not an https address.",
            remedy=f"Write it as it stands in the browser, https:// in front, at most "
            f"{DONATE_LIMIT} characters.",
        )
    return value


def _whole(url: str) -> bool:
    """Whether an address names a host and nobody's password, and a port that there is."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and "@" not in parts.netloc and (parts.port or 443) > 0
    except ValueError:
        return False


def related(values: Sequence[str], field: str) -> tuple[str, ...]:
    """Return the slugs of campaigns that are put forward beside one, each once and not too many."""
    if len(values) > RELATED or len(set(values)) < len(values):
        raise Invalid(
            field,
            "names too many campaigns, or one twice.",
            remedy=f"Name at most {RELATED}, each once.",
        )
    return tuple(key(value, field) for value in values)


def rank(language: str, order: Sequence[str]) -> tuple[int, str]:
    """Return a sort key: the languages of `order` first, as they stand there, then the others."""
    return (order.index(language) if language in order else len(order), language)
