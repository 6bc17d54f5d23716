"""Range requests (RFC 9110, 14), decided from the values; one range at a time, in bytes."""

import re
from typing import Final, NamedTuple

# More digits than any file has bytes are no range of ours.
_RANGE: Final = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


class Range(NamedTuple):
    """The bytes from `start` up to, but not including, `stop`."""

    start: int
    stop: int


def wanted(value: str | None, if_range: str | None, tag: str, length: int) -> Range | None:
    """Return the bytes to be sent: the range that is asked for, else all; None: it lies outside.

    A range of another version (If-Range, compared strongly), of several parts, or one that cannot
    be read is as if nobody had asked (14.2).
    """
    asked = _RANGE.fullmatch(value or "")
    if not asked or asked[0].rstrip().endswith("=-") or if_range not in {None, tag}:
        return Range(0, length)
    if not asked[1]:
        start, stop = max(length - int(asked[2]), 0), length
    else:
        start, stop = int(asked[1]), min(int(asked[2] or length) + 1, length)
        if asked[2] and int(asked[2]) < start:
            return Range(0, length)
    return Range(start, stop) if start < stop else None
