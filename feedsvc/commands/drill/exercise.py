"""A mailing and what is done to it: kills, SIGTERMs, an outage of the relay."""

import signal
import time
from collections.abc import Callable, Sequence
from typing import Self

from feedsvc.commands.drill.checker import HARMLESS, Event, Verdict, verdict
from feedsvc.commands.drill.ground import Ground
from feedsvc.commands.drill.processes import POLL, Relay, Worker, until
from feedsvc.commands.drill.tail import Tail
from feedsvc.errors import Unavailable
from feedsvc.records.books import Books

KILL, OUTAGE, SIGTERM = "kill", "outage", HARMLESS
PATIENCE = 120.0
QUIET = 3.0
LOOK_AT_BOOKS = 0.5

Seen = Callable[[int, int], None]


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
        self._tail.look()
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
        settled = until(self._settled, PATIENCE, look=LOOK_AT_BOOKS)
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
