"""What the lines of the journal say; keyed hashes stand for people, random names for what they were sent.

<instant> sent <index> <update>/<kind>/<number>,…
<instant> left <index> <campaign>,…          <instant> undone <index> <campaign>,…      a leave taken back
<instant> returned <index> <campaign>,…      came back, with another yes
<instant> never <index>                      <instant> erased <index>
<instant> lifted <index>                     <instant> moved <old index> <new index>
<instant> mark <random>                      up to here the database knows all
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Verb(StrEnum):
    """What happened."""

    SENT = "sent"
    LEFT = "left"
    UNDONE = "undone"
    RETURNED = "returned"
    NEVER = "never"
    ERASED = "erased"
    LIFTED = "lifted"
    MOVED = "moved"
    MARK = "mark"


FOR_EVER = (Verb.ERASED, Verb.NEVER, Verb.LIFTED)
"""What is never trimmed: however old a backup is, it must not bring these people back."""


_SPELT = {
    Verb.SENT: re.compile(r"[^/]+/[^/]+/[0-9]+"),
    Verb.MOVED: re.compile(r"(?:[0-9a-f]{2})+"),
    Verb.LEFT: re.compile(r".+"),
    Verb.UNDONE: re.compile(r".+"),
    Verb.RETURNED: re.compile(r".+"),
}
"""What a line must be about; else it is torn."""


class Line(NamedTuple):
    """One line: when, what, about whom, and the rest of its words."""

    at: datetime
    verb: Verb
    person: bytes
    about: tuple[str, ...] = ()


def read(text: str) -> Line | None:
    """Read a line; None when it is torn, or says what we do not know."""
    try:
        at, verb, index, *rest = text.split()
        about = tuple(",".join(rest).split(",")) if rest else ()
        line = Line(datetime.fromisoformat(at), Verb(verb), bytes.fromhex(index), about)
    except ValueError:
        return None
    spelt = _SPELT.get(line.verb)
    return line if spelt is None or (about and all(map(spelt.fullmatch, about))) else None


def settled(read_all: Callable[[], Iterable[Line]]) -> Iterator[Line]:
    """Give all lines, but leave out who left and took it back: nothing has happened then.

    They are read twice, so that nobody has to hold them all.
    """
    undone = _undone(read_all())
    for place, line in enumerate(read_all()):
        without = undone.get(place, set())
        about = tuple(one for one in line.about if one not in without)
        if about or not line.about:
            yield line._replace(about=about)


def _undone(lines: Iterable[Line]) -> dict[int, set[str]]:
    """Find the places of leaves that were taken back, and where they were, with their campaigns."""
    left: dict[tuple[bytes, str], int] = {}
    undone: dict[int, set[str]] = {}
    for place, line in enumerate(lines):
        for campaign in line.about if line.verb in {Verb.LEFT, Verb.UNDONE} else ():
            if line.verb is Verb.LEFT:
                left[line.person, campaign] = place
            elif (before := left.pop((line.person, campaign), None)) is not None:
                undone.setdefault(before, set()).add(campaign)
                undone.setdefault(place, set()).add(campaign)
    return undone
