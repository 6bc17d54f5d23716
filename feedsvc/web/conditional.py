"""Conditional requests and content codings (RFC 9110, 12.5.3 and 13.1), decided from the values.

Everything takes the field value of a header as text, or None when the header is absent.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final, Literal

Coding = Literal["br", "gzip", "identity"]

CODINGS: Final[tuple[Coding, ...]] = ("br", "gzip", "identity")
"""What we can serve, the smallest first."""

_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,[, \t]*|\Z)')
_MEMBER = re.compile(r"([!#$%&'*+.^_`|~\w-]+)[ \t]*(?:;[ \t]*q=([01](?:\.[0-9]{0,3})?))?", re.ASCII)
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_DATES = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"[A-Z][a-z]{{2}}, (?P<day>\d\d) (?P<month>[A-Z][a-z]{{2}}) (?P<year>\d{{4}}) {_TIME} GMT",
        rf"[A-Z][a-z]{{5,8}}, (?P<day>\d\d)-(?P<month>[A-Z][a-z]{{2}})-(?P<year>\d\d) {_TIME} GMT",
        rf"[A-Z][a-z]{{2}} (?P<month>[A-Z][a-z]{{2}}) (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)
# Named here and not by strptime, which follows the locale of the process.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A two-digit year below this belongs to the century in which this service was written.
_CENTURY_TURNS = 70


def etag(version: str, coding: Coding) -> str:
    """Return the strong validator of one version in one coding; `version` is plain ASCII."""
    return f'"{version}"' if coding == "identity" else f'"{version}-{coding}"'


def last_modified(updated: datetime, now: datetime) -> datetime | None:
    """Return when it changed, or None while that second lasts: a second change may still come."""
    second = updated.astimezone(UTC).replace(microsecond=0)
    return second if now >= second + timedelta(seconds=1) else None


def http_date(moment: datetime) -> str:
    """Write an instant as HTTP does: `Sun, 06 Nov 1994 08:49:37 GMT`."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def parse_http_date(value: str) -> datetime | None:
    """Read an instant in any of the three forms of RFC 9110, 5.6.7; None when it is none."""
    form = next(filter(None, (date.fullmatch(value.strip()) for date in _DATES)), None)
    if not form or form["month"] not in _MONTHS:
        return None
    year, month = _year(form["year"]), _MONTHS.index(form["month"]) + 1
    day, hour, minute, second = map(int, form.group("day", "hour", "minute", "second"))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def not_modified(
    tag: str,
    changed: datetime | None,
    *,
    if_none_match: str | None,
    if_modified_since: str | None,
    now: datetime,
) -> bool:
    """Whether 304 is the answer to a GET or HEAD of what has this ETag and Last-Modified.

    If-None-Match wins, even when it is garbage. A date that cannot be read is ignored, and so is
    one in the future: we did not issue it.
    """
    if if_none_match is not None:
        return if_none_match.strip() == "*" or tag.removeprefix("W/") in _entity_tags(if_none_match)
    since = parse_http_date(if_modified_since or "")
    return bool(changed and since and changed.replace(microsecond=0) <= since <= now)


def choose_coding(accept_encoding: str | None, offered: Sequence[Coding] = CODINGS) -> Coding:
    """Choose the coding the client likes best, of equals the smallest; without a header, identity.

    A client that refuses all we have still gets identity, which is better than nothing.
    """
    wishes = dict(_wishes(accept_encoding or ""))
    others = wishes.get("*", 0.0)
    liking = {coding: wishes.get(coding, others) for coding in offered}
    # Whoever does not name it takes identity, but only after everything that is asked for.
    liking["identity"] = wishes.get("identity", 0.0)
    best = max(liking, key=lambda coding: liking[coding])
    return best if liking[best] > 0 else "identity"


def _year(digits: str) -> int:
    if len(digits) == len("1994"):
        return int(digits)
    return int(digits) + (2000 if int(digits) < _CENTURY_TURNS else 1900)


def _entity_tags(value: str) -> set[str]:
    """Return the opaque tags of a list, for the weak comparison; none when it is not a list."""
    value, tags, position = value.strip(", \t"), set(), 0
    while position < len(value):
        tag = _ENTITY_TAG.match(value, position)
        if not tag:
            return set()
        tags.add(tag[1])
        position = tag.end()
    return tags


def _wishes(value: str) -> Iterator[tuple[str, float]]:
    """Yield each coding of an Accept-Encoding with its quality, passing over what is malformed."""
    for member in value.lower().split(","):
        wish = _MEMBER.fullmatch(member.strip())
        if wish:
            # RFC 9110, 8.4.1.3: x-gzip is gzip.
            yield wish[1].replace("x-gzip", "gzip"), min(float(wish[2] or 1), 1.0)
