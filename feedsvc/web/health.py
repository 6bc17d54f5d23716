"""What this process knows of itself, for those who watch over it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Health:
    """Asked when somebody wants to know; None where this process has no such part."""

    last_tick: Callable[[], datetime | None]
    relay_problem: Callable[[], str | None]
    sent: Callable[[], int]
    problem: Callable[[], str | None] = lambda: None
