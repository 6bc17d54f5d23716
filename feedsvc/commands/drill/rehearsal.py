"""The drill itself: one mailing, with kills all the way, then SIGTERMs, then an outage."""

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from feedsvc.commands.drill.checker import Verdict
from feedsvc.commands.drill.exercise import KILL, SIGTERM, Exercise, Seen
from feedsvc.commands.drill.ground import Ground
from feedsvc.commands.drill.processes import Relay, Worker
from feedsvc.errors import Invalid
from feedsvc.gateways.database.engines import is_sqlite
from feedsvc.records.books import Books

PROGRAM = (sys.executable, "-m", "feedsvc")
# In which part of the mailing they come.
KILLS, SIGTERMS, OUTAGES = (0.0, 0.75), (0.75, 0.88), (0.92, 0.95)
OUTAGE_SECONDS = 4.0
LONGEST_WAIT = 5.0
ROUND_TRIPS = 2
MAILS_A_KILL = 10
DATABASES = ("postgresql://", "sqlite:///")


@dataclass(frozen=True, slots=True)
class Orders:
    """What a drill is asked for. `database` None: SQLite in the scratch folder."""

    signers: int = 2_000
    kills: int = 10
    connections: int = 4
    database: str | None = None
    seed: int = 1
    sigterms: int = 3
    outages: int = 1

    @property
    def workers(self) -> int:
        """How many processes send: SQLite takes one."""
        return 1 if self.database is None or is_sqlite(self.database) else 2

    @property
    def gap(self) -> float:
        """Seconds of mailing between two events: where one worker goes on, the other must come up."""
        return 0.3 if self.workers == 1 else 1.2

    @property
    def mean_wait(self) -> float:
        """How long the sink holds an answer back, so that the mailing outlasts the events."""
        seconds = self.gap * (self.kills + self.sigterms + self.outages) / KILLS[1]
        return seconds * self.workers * self.connections / self.signers / ROUND_TRIPS


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of it. Times in seconds; `codes` are the exit codes after SIGTERM."""

    orders: Orders
    verdict: Verdict
    books: Books
    kills: int
    sigterms: int
    returns: Sequence[float]
    exits: Sequence[float]
    codes: set[int]
    settled: bool


def rehearse(
    orders: Orders,
    folder: Path,
    *,
    program: Sequence[str] = PROGRAM,
    seen: Seen = lambda _arrived, _kills: None,
) -> Findings:
    """Run a drill in an empty folder; `program` is the command line of the service."""
    _sensible(orders)
    with prepared(orders, folder, program, seen) as exercise:
        exercise.start()
        for more_will_come in _steps(orders, exercise):
            if not more_will_come:
                break
        settled = exercise.finish(orders.signers)
        return Findings(
            orders=orders,
            verdict=exercise.verdict(),
            books=exercise.books(),
            kills=exercise.count(KILL),
            sigterms=exercise.count(SIGTERM),
            returns=exercise.returns,
            exits=exercise.exits,
            codes=exercise.codes,
            settled=settled,
        )


def prepared(
    orders: Orders, folder: Path, program: Sequence[str], seen: Seen = lambda _arrived, _kills: None
) -> Exercise:
    """Make the ground and start the sink; the service is still to be started."""
    ground = Ground(folder, orders.database)
    longest = min(LONGEST_WAIT, orders.mean_wait * 10)
    relay = Relay(
        folder,
        mean=orders.mean_wait,
        longest=longest,
        seed=orders.seed,
        environment=ground.environment,
    )
    ground.refuse_what_is_in_use()
    relay.start()
    try:
        ground.prepare(
            signers=orders.signers, connections=orders.connections, relay_port=relay.port
        )
    except BaseException:
        relay.kill()
        raise
    role = "all" if orders.workers == 1 else "worker"
    command = [*program, "serve", "--config", str(ground.config), "--role", role]
    workers = [
        Worker(command, folder / f"service-{number}.log", ground.environment)
        for number in range(orders.workers)
    ]
    return Exercise(ground, relay, workers, seen)


def _steps(orders: Orders, exercise: Exercise) -> Iterator[bool]:
    """Do one thing after the other, each when so many mails have arrived."""
    chance = random.Random(orders.seed)  # noqa: S311  a repeatable drill, not a secret

    def spread(count: int, begin: float, end: float) -> Iterator[int]:
        """Give a random instant in each of `count` parts of a stretch of the mailing."""
        part = (end - begin) * orders.signers / count if count else 0
        for number in range(count):
            yield 1 + int(begin * orders.signers + (number + chance.random()) * part)

    for instant in spread(orders.kills, *KILLS):
        yield exercise.reach(instant) and exercise.kill(chance.random() * orders.mean_wait * 2)
    for instant in spread(orders.sigterms, *SIGTERMS):
        yield exercise.reach(instant) and exercise.sigterm()
    for instant in spread(orders.outages, *OUTAGES):
        yield exercise.reach(instant) and exercise.outage(OUTAGE_SECONDS)


def _sensible(orders: Orders) -> None:
    if orders.kills * MAILS_A_KILL > orders.signers:
        raise Invalid(
            "--signers",
            f"{orders.signers} mails are over before {orders.kills} kills are done.",
            remedy=f"Take at least {orders.kills * MAILS_A_KILL}.",
        )
    if orders.database is not None and not orders.database.startswith(DATABASES):
        raise Invalid("--database", f"It must start with {' or '.join(DATABASES)}.")
