"""Windows: how many mails to one group of domains may be under way at once.

A group that says it is too much (421, 4.7.x) gets half as many, and one more for every hundred that
it takes (MAIL 3). Until then it may fill all connections.
"""

from collections import Counter
from collections.abc import Collection

from feedsvc.domain.outcome import Kind, Outcome

TAKEN_FOR_ONE_MORE = 100
ON_ONE = 2
"""How many mails are under way on one connection: one, and the one announced behind it."""


class Windows:
    """The windows of one sender, by the tag of the group."""

    def __init__(self, connections: int) -> None:
        self._widest = float(connections * ON_ONE)
        self._width: dict[bytes, float] = {}
        self.inside: Counter[bytes] = Counter()

    def open(self, group: bytes) -> bool:
        """Whether one more mail may go to this group now."""
        return self.inside[group] < self._width.get(group, self._widest)

    def shut(self) -> Collection[bytes]:
        """Name the groups to which nothing more may go now."""
        return [group for group in self.inside if not self.open(group)]

    def empty(self) -> None:
        """Forget what is under way; what was learned stays."""
        self.inside.clear()

    def enter(self, group: bytes) -> None:
        """Begin to carry a mail."""
        self.inside[group] += 1

    def leave(self, group: bytes, outcome: Outcome | None = None) -> None:
        """End carrying it, and learn from what became of it."""
        self.inside[group] -= 1
        if self.inside[group] <= 0:
            del self.inside[group]
        if outcome is None:
            return
        if outcome.halve_window:
            self._width[group] = max(1.0, self._width.get(group, self._widest) // 2)
        elif outcome.kind is Kind.SENT and group in self._width:
            self._grow(group)

    def _grow(self, group: bytes) -> None:
        self._width[group] += 1 / TAKEN_FOR_ONE_MORE
        if self._width[group] >= self._widest:
            del self._width[group]
