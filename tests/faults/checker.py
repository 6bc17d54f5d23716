"""Read the sink's log and say what was lost, repeated or changed. Knows nothing of the service."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Verdict:
    """What the log says about a mailing."""

    lost: int
    repeats: int
    most_copies: int
    changed: int
    strangers: int


def lines(log: Path) -> list[list[str]]:
    """Return the whole lines of the log, taken apart."""
    text = log.read_text() if log.exists() else ""
    return [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]


def verdict(log: Path, expected: Collection[str]) -> Verdict:
    """Count: a copy of a mail must have the same Message-ID and the same bytes."""
    copies: dict[str, list[tuple[str, str]]] = {}
    for _, recipient, ident, digest in lines(log):
        copies.setdefault(recipient, []).append((ident, digest))
    numbers = [len(found) for found in copies.values()]
    return Verdict(
        lost=len(set(expected) - copies.keys()),
        repeats=sum(numbers) - len(numbers),
        most_copies=max(numbers, default=0),
        changed=sum(len(set(found)) > 1 for found in copies.values()),
        strangers=len(copies.keys() - set(expected)),
    )
