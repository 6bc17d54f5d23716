"""One line of what `feedsvc check` says."""

from dataclasses import dataclass

OK, WARNING, FAULT = "ok", "warning", "fault"


@dataclass(frozen=True, slots=True)
class Line:
    """What was found about one thing, and what to do about it."""

    about: str
    verdict: str
    words: str


def ok(about: str, words: str) -> Line:
    """Say that it is as it should be."""
    return Line(about, OK, words)


def warning(about: str, words: str) -> Line:
    """Say that mail goes out, but something is not as it should be or cannot be told."""
    return Line(about, WARNING, words)


def fault(about: str, words: str) -> Line:
    """Say that this keeps the service from starting or its mail from arriving."""
    return Line(about, FAULT, words)
