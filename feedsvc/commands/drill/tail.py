"""The sink's log, followed while it grows."""

from bisect import bisect_right
from pathlib import Path


class Tail:
    """Reads what is new, and knows who has their mail."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._offset = 0
        self._recipients: set[str] = set()
        self._seconds: list[float] = []

    @property
    def arrived(self) -> int:
        """How many people have their mail."""
        return len(self._recipients)

    def look(self) -> bool:
        """Read what is new; return whether there was anything."""
        if not self._log.exists():
            return False
        with self._log.open("rb") as log:
            log.seek(self._offset)
            new = log.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.decode().splitlines():
            seconds, recipient, *_ = line.split()
            self._seconds.append(float(seconds))
            self._recipients.add(recipient)
        return bool(whole)

    def first_after(self, seconds: float) -> float | None:
        """Return when the first mail after this moment arrived."""
        place = bisect_right(self._seconds, seconds)
        return self._seconds[place] if place < len(self._seconds) else None
