"""When a mailing is halted, and how many of its mails go out before it has proven itself.

Pure: the counts are arguments. A mailing begins with a share; when all mails of the share have ended
and nothing speaks against it, the rest follows: at once, or in growing shares after a halt.
"""

import re
from collections import Counter
from collections.abc import Mapping

AT_LEAST = 100
"""Mails in a share: a list of so many goes out at once."""

GROWTH = 4
"""Each share after a halt is so many times the one before."""

SAME_TEXT, DEAD = 0.01, 0.05
FEW = 20
"""Fewer refusals than these prove nothing, whatever part of the whole they are."""

FIRST = 1_000
"""The dead are counted among so many of the first mails: later ones have other causes."""

_VARIES = re.compile(r"\S*\d\S*")
_STATUS = re.compile(r"dot: (?:\d{3} )?(?:\d\.\d{1,3}\.\d{1,3} )?")


def first_share(eligible: int, percent: float) -> int | None:
    """Return how many mails go first; None: all of them."""
    share = max(AT_LEAST, round(eligible * percent / 100))
    return share if percent > 0 and share < eligible else None


def next_share(share: int, eligible: int) -> int | None:
    """Return the share that follows one which went well after a halt; None: all the rest."""
    following = share * GROWTH
    return following if following < eligible else None


def commonest(replies: Mapping[str, int]) -> tuple[str, int]:
    """Return the text that most mails were refused with after their last byte, and how many.

    Two texts that differ only in words with digits in them (a queue id, a time) are the same.
    """
    texts: Counter[str] = Counter()
    shown: dict[str, str] = {}
    for reply, number in replies.items():
        text = _alike(reply)
        shown.setdefault(text, reply)
        texts[text] += number
    text, number = next(iter(texts.most_common(1)), ("", 0))
    return shown.get(text, ""), number


def refused_alike(reply: str, refused: int, tried: int) -> str | None:
    """Say why to halt when the relay refuses the message itself; None: it does not."""
    if refused < FEW or refused <= SAME_TEXT * tried:
        return None
    said = reply.removeprefix("dot: ")
    return f"{refused} of {max(tried, refused)} mails were refused with the same words: {said!r}."


def too_many_dead(dead: int, tried: int) -> str | None:
    """Say why to halt when a list is old, and how to go on; None: it is not."""
    if dead < FEW or dead <= DEAD * tried:
        return None
    part = f"{dead} of the first {tried} addresses are dead ({dead / tried:.0%})"
    return f"{part}. Resume to go on without the dead, slowly: in shares that grow."


def _alike(reply: str) -> str:
    status = _STATUS.match(reply)
    start = status.end() if status else 0
    return reply[:start] + _VARIES.sub("#", reply[start:])
