"""Read the sink's log and say what was lost, repeated or changed. Knows nothing of the service.

    python -P feedsvc/commands/drill/checker.py LOG EXPECTED EVENTS

EXPECTED has one recipient a line, EVENTS one event: seconds and its name (`kill`, `sigterm`,
`outage` …). Exits with 1 when mail was lost or changed, or when a copy has no crash to excuse it.
"""

import argparse
import heapq
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

SLACK = 0.25
"""A mail may be under way in a socket when its sender dies: it is logged a moment later."""

HARMLESS = "sigterm"
"""The event that excuses nothing."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A line of the log."""

    seconds: float
    recipient: str
    ident: str
    digest: str


@dataclass(frozen=True, slots=True)
class Event:
    """What was done to the service or the relay, and when."""

    seconds: float
    name: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the log says about a mailing.

    `repeats` counts them by the event that came between a copy and the next one ("" when there was
    none); a crash excuses one repeat of a mail. `most_at_once` is the most repeats that some event
    of a name must have brought about: where two come close together, either may be the cause.
    """

    arrived: int
    lost: int
    strangers: int
    changed: int
    most_copies: int
    repeats: Counter[str]
    most_at_once: dict[str, int]

    @property
    def unexcused(self) -> int:
        """Repeats without a crash: some mail has more copies than one and the crashes that hit it."""
        return self.repeats[""] + self.repeats[HARMLESS]

    @property
    def clean(self) -> bool:
        """Whether every mail arrived, as it should, as often as it may."""
        return not (self.lost or self.strangers or self.changed or self.unexcused)


def copies(log: Path) -> Iterator[Copy]:
    """Read the whole lines of a log."""
    if log.exists():
        with log.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):
                    seconds, *words = line.split()
                    yield Copy(float(seconds), *words)


def events(file: Path) -> list[Event]:
    """Read the events, in their order."""
    lines = (line.split() for line in file.read_text("utf-8").splitlines())
    return sorted((Event(float(seconds), name) for seconds, name in lines), key=_when)


def verdict(log: Path, expected: Path, happened: Path) -> Verdict:
    """Judge a mailing by its log, the list of recipients and the list of events."""
    found: dict[str, list[Copy]] = {}
    for copy in copies(log):
        found.setdefault(copy.recipient, []).append(copy)
    wanted = set(expected.read_text("utf-8").splitlines())
    did = events(happened)
    causes = _causes(found, did)
    return Verdict(
        arrived=len(found),
        lost=len(wanted - found.keys()),
        strangers=len(found.keys() - wanted),
        changed=sum(len({(one.ident, one.digest) for one in same}) > 1 for same in found.values()),
        most_copies=max(map(len, found.values()), default=0),
        repeats=Counter(cause.name for cause in causes),
        most_at_once=_most_at_once(causes, did),
    )


@dataclass(frozen=True, slots=True)
class Cause:
    """What a repeat may come from: one of the events of one name from `first` to `last`."""

    name: str
    first: int = 0
    last: int = 0


def _causes(found: dict[str, list[Copy]], happened: Sequence[Event]) -> list[Cause]:
    return [
        cause
        for same in found.values()
        if len(same) > 1
        for cause in _causes_of(sorted(same, key=_when), happened)
    ]


def _causes_of(same: Sequence[Copy], happened: Sequence[Event]) -> Iterator[Cause]:
    """Give the cause of each repeat of one mail; a crash is used up by the first that it excuses."""
    used = 0
    for before, after in pairwise(same):
        start = before.seconds - SLACK
        between = [
            number for number, one in enumerate(happened) if start <= one.seconds < after.seconds
        ]
        crashes = [one for one in between if one >= used and happened[one].name != HARMLESS]
        if crashes:
            used, name = crashes[0] + 1, happened[crashes[0]].name
            yield Cause(name, crashes[0], max(n for n in crashes if happened[n].name == name))
        else:
            yield Cause(HARMLESS if between else "")


def _most_at_once(causes: Sequence[Cause], happened: Sequence[Event]) -> dict[str, int]:
    most: dict[str, int] = {}
    for name in {cause.name for cause in causes}:
        numbers = [number for number, one in enumerate(happened) if one.name == name]
        mine = [cause for cause in causes if cause.name == name]
        most[name] = next(n for n in range(1, len(mine) + 1) if _explained(mine, numbers, n))
    return most


def _explained(causes: Sequence[Cause], numbers: Sequence[int], each: int) -> bool:
    """Whether these events can be the causes if none brings about more than `each`."""
    if not numbers:
        return each >= len(causes)
    waiting = sorted(causes, key=lambda cause: cause.first)
    open_ones: list[int] = []
    for number in numbers:
        while waiting and waiting[0].first <= number:
            heapq.heappush(open_ones, waiting.pop(0).last)
        for _ in range(min(each, len(open_ones))):
            if heapq.heappop(open_ones) < number:
                return False
    return not open_ones and not waiting


def _when(one: Copy | Event) -> float:
    return one.seconds


def main() -> None:
    """Judge the files of the command line."""
    parser = argparse.ArgumentParser(description="Judge a mailing by the log of a sink.")
    for name in ("log", "expected", "events"):
        parser.add_argument(name, type=Path)
    asked = parser.parse_args()
    found = verdict(asked.log, asked.expected, asked.events)
    sys.stdout.write(f"{found}\n")
    sys.exit(0 if found.clean else 1)


if __name__ == "__main__":
    main()
