"""Read the sink's log and say what was lost, repeated or changed. Knows nothing of the service.

    python -P feedsvc/commands/drill/checker.py LOG EXPECTED EVENTS

EXPECTED has one recipient a line, EVENTS one event: seconds and its name (`kill`, `sigterm`,
`outage` …). Exits with 1 when mail was lost or changed, or when a copy has no crash to excuse it.
"""

import argparse
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
    none); a crash excuses one repeat of a mail. `most_at_once` is the most repeats that one event
    of a name brought about.
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
    causes = _causes(found, events(happened))
    return Verdict(
        arrived=len(found),
        lost=len(wanted - found.keys()),
        strangers=len(found.keys() - wanted),
        changed=sum(len({(one.ident, one.digest) for one in same}) > 1 for same in found.values()),
        most_copies=max(map(len, found.values()), default=0),
        repeats=Counter(cause.name if cause else "" for cause in causes.elements()),
        most_at_once=_most_at_once(causes),
    )


def _causes(found: dict[str, list[Copy]], happened: Sequence[Event]) -> Counter[Event | None]:
    causes: Counter[Event | None] = Counter()
    for same in found.values():
        if len(same) > 1:
            causes.update(_causes_of(sorted(same, key=_when), happened))
    return causes


def _causes_of(same: Sequence[Copy], happened: Sequence[Event]) -> Iterator[Event | None]:
    """Give the cause of each repeat of one mail; a crash is used up by the first that it excuses."""
    used = 0
    for before, after in pairwise(same):
        start = before.seconds - SLACK
        between = [
            (number, one)
            for number, one in enumerate(happened)
            if start <= one.seconds < after.seconds
        ]
        crash = next((it for it in between if it[0] >= used and it[1].name != HARMLESS), None)
        if crash:
            used = crash[0] + 1
            yield crash[1]
        else:
            yield next((one for _, one in between if one.name == HARMLESS), None)


def _most_at_once(causes: Counter[Event | None]) -> dict[str, int]:
    most: dict[str, int] = {}
    for cause, number in causes.items():
        name = cause.name if cause else ""
        most[name] = max(most.get(name, 0), number)
    return most


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
