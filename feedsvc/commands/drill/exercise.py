"""A mailing and what is done to it: kills, SIGTERMs, an outage of the relay."""

import signal
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from feedsvc.commands.drill.checker import HARMLESS, Event, Verdict, verdict
from feedsvc.commands.drill.ground import Ground
from feedsvc.commands.drill.processes import POLL, Program, Relay, until
from feedsvc.errors import Unavailable
from feedsvc.records.books import Books

KILL, OUTAGE, SIGTERM = "kill", "outage", HARMLESS
PATIENCE = 120.0
QUIET = 3.0
SERVES = "serves http://"

Seen = Callable[[int, int], None]


class Tail:
    """Follows the sink's log while it grows."""

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


class Worker(Program):
    """A process of the service, killed and started again."""

    starts = 0

    def start(self, *arguments: str) -> None:
        """Start it."""
        super().start(*arguments)
        self.starts += 1

    @property
    def up(self) -> bool:
        """Whether it serves; before that it has nothing in hand, and killing it proves nothing."""
        return self.words.count(SERVES) >= self.starts

    def survive(self) -> None:
        """See that it has not ended by itself."""
        if not self.runs:
            last = "\n".join(self.words.splitlines()[-5:])
            raise Unavailable(f"The service ended by itself. Its last words:\n{last}")


class Exercise:
    """The processes of a mailing, the verbs for what is done to them, and what came of it.

    A verb returns False when no more mail will come.
    """

    def __init__(self, ground: Ground, relay: Relay, workers: Sequence[Worker], seen: Seen) -> None:
        self.workers = workers
        self.returns: list[float] = []
        self.exits: list[float] = []
        self.codes: set[int] = set()
        self._ground = ground
        self._relay = relay
        self._seen = seen
        self._tail = Tail(ground.log)
        self._happened: list[Event] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.end(signal.SIGKILL)
        self._relay.kill()

    def count(self, name: str) -> int:
        """How often this was done."""
        return sum(event.name == name for event in self._happened)

    def start(self) -> None:
        """Start the service."""
        for worker in self.workers:
            worker.start()

    def reach(self, number: int) -> bool:
        """Wait until so many people have their mail."""
        return self._await(lambda: self._tail.arrived >= number)

    def more(self, number: int) -> bool:
        """Wait until so many more have theirs."""
        return self.reach(self._tail.arrived + number)

    def kill(self, wait: float = 0.0) -> bool:
        """End a worker as a power cut would, and start it again at once."""
        worker = self._turn(self.count(KILL))
        time.sleep(wait)
        self.note(KILL)
        worker.end(signal.SIGKILL)
        return self._return(worker)

    def sigterm(self) -> bool:
        """Tell a worker to end, and start it again when it has."""
        worker = self._turn(self.count(SIGTERM))
        self.note(SIGTERM)
        self._end_well(worker)
        return self._return(worker)

    def outage(self, seconds: float) -> bool:
        """Take the relay away for a while; nobody but the service itself brings the mail back."""
        self.note(OUTAGE)
        self._relay.kill()
        time.sleep(seconds)
        back = time.time()
        self._relay.start()
        return self._await(lambda: self._tail.first_after(back) is not None)

    def finish(self, number: int) -> bool:
        """Wait until everybody has their mail and the service says so too; then end it."""
        arrived = self.reach(number)
        settled = until(self._settled, PATIENCE)
        self._tail.look()
        for worker in self.workers:
            self._end_well(worker)
        return arrived and settled

    def verdict(self) -> Verdict:
        """Write down what was done and let the checker judge."""
        events = (f"{event.seconds:.6f} {event.name}\n" for event in self._happened)
        self._ground.events.write_text("".join(events), "utf-8")
        return verdict(self._ground.log, self._ground.expected, self._ground.events)

    def books(self) -> Books:
        """Read the service's own account."""
        return self._ground.books()

    def note(self, name: str) -> None:
        """Remember that something is done now."""
        self._happened.append(Event(time.time(), name))

    def _turn(self, number: int) -> Worker:
        """Say whose turn it is, once it is up."""
        worker = self.workers[number % len(self.workers)]
        until(lambda: worker.up or not worker.runs, PATIENCE)
        worker.survive()
        return worker

    def _end_well(self, worker: Worker) -> None:
        begun = time.monotonic()
        self.codes.add(worker.end(signal.SIGTERM))
        self.exits.append(time.monotonic() - begun)

    def _return(self, worker: Worker) -> bool:
        """Start a worker and take the time until the next mail arrives."""
        started = time.time()
        worker.start()
        if not self._await(lambda: self._tail.first_after(started) is not None):
            return False
        self.returns.append((self._tail.first_after(started) or started) - started)
        return True

    def _await(self, done: Callable[[], bool]) -> bool:
        """Wait; return False when the service has nothing left to send or is silent for too long."""
        heard = asked = time.monotonic()
        while not done():
            time.sleep(POLL)
            now = time.monotonic()
            if self._tail.look():
                heard = asked = now
                self._seen(self._tail.arrived, self.count(KILL))
            elif now - heard > PATIENCE:
                return False
            elif now - asked > QUIET:
                asked = now
                if self._settled():
                    return False
            for worker in self.workers:
                worker.survive()
        return True

    def _settled(self) -> bool:
        try:
            return self._ground.settled()
        except Unavailable:
            return False
