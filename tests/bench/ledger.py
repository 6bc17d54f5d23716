"""Fan-out and plan: what they cost, and how long others wait, on updates to people of all cadences.

The first is timed; while the second goes the same way another writer competes.

python -m tests.bench.ledger SIGNERS
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from itertools import product

from sqlalchemy import text, update
from sqlmodel import Session, col, func, select

from feedsvc.actions import fan_out, plan, slots
from feedsvc.commands.serve import spare_the_collector
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.tables.ledger import Mail
from feedsvc.domain.tables.people import Cadence, Signer
from tests.bench.crowd import crowded
from tests.bench.figures import peak
from tests.bench.result import Result
from tests.world import World

BARE = """INSERT INTO bare SELECT id, 1, 'waiting' FROM subscription"""
ZONES = ("UTC", "Europe/London", "Asia/Damascus", "America/New_York", "Australia/Sydney")
LANGUAGES = ("en", "ar", "fr")
PAUSE = 0.003
"""Seconds between two rows of the writer that competes."""

FEW = 10_000


@dataclass
class Figures:
    """Microseconds a signer (`cpu`: of planning, all threads), the longest wait of another writer in ms, and the peak memory in MB."""

    bare: float
    fan_out: float
    plan: float
    cpu: float
    wait: float
    peak: float


def measure(signers: int) -> Iterator[Result]:
    """Measure microseconds a signer, in a process of its own."""
    few, many = (_measured(number) for number in (FEW, signers))
    name = f"INSERT … SELECT of as many rows; {signers:,} signers"
    yield Result("fan-out, a signer", many.fan_out, "µs", many.bare, name)
    yield Result("plan, a recipient", many.plan, "µs", many.bare, name)
    yield Result("the same, CPU", many.cpu, "µs")
    yield Result("longest wait of another writer", many.wait, "ms", few.wait, f"{FEW:,} signers")
    yield Result("peak memory", many.peak, "MB", few.peak, f"{FEW:,} signers")


def _measured(signers: int) -> Figures:
    command = [sys.executable, "-m", "tests.bench.ledger", str(signers)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return Figures(**json.loads(said.splitlines()[-1]))


def main(signers: int) -> None:
    """Fan one update out and plan it for everybody, and print the figures."""
    with crowded(signers, cadences=tuple(Cadence)) as here:
        scatter(here)
        here.write(table)
        here.here.templates.warm()
        spare_the_collector()
        run_plan(here)  # the slots of days gone by are opened when a service starts, not now
        bare = _timed(signers, lambda: here.write(lambda session: session.execute(text(BARE))))
        here.post()
        fanned_out = _timed(signers, lambda: run_fan_out(here))
        used = time.process_time()
        planned = _timed(signers, lambda: run_everything(here))
        cpu = (time.process_time() - used) / signers * 1e6
        here.post()
        with competing(here) as rival:
            run_fan_out(here)
            run_everything(here)
        assert here.read(_mails) == 2 * signers
    told = Figures(bare, fanned_out, planned, cpu, max(rival.waits) * 1e3, peak())
    print(json.dumps(asdict(told)))


def scatter(here: World) -> None:
    """Let the signers live in several zones and read several languages, at random as ids go."""
    keys = here.here.keys
    places = list(product(ZONES, LANGUAGES))
    for number, (zone, language) in enumerate(places):
        values = {
            "zone_sealed": keys.seal(zone, Sealed.ZONE),
            "zone_tag": keys.tag(zone, Sealed.ZONE),
            "language_sealed": keys.seal(language, Sealed.LANGUAGE),
            "language_tag": keys.tag(language, Sealed.LANGUAGE),
        }
        theirs = update(Signer).where(col(Signer.id) / 7 % len(places) == number).values(**values)
        here.write(lambda session, act=theirs: session.execute(act))


@dataclass
class Rival:
    """Another writer, and how long it waited for each of its rows, in seconds."""

    waits: list[float] = field(default_factory=list)


@contextmanager
def competing(here: World) -> Iterator[Rival]:
    """Commit a row every few milliseconds meanwhile, as a sign-up would."""
    rival, stop = Rival(), threading.Event()
    row = text("INSERT INTO bare VALUES (NULL, 1, 'rival')")

    def run() -> None:
        while not stop.is_set():
            begun = time.perf_counter()
            here.write(lambda session: session.execute(row))
            rival.waits.append(time.perf_counter() - begun)
            time.sleep(PAUSE)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield rival
    finally:
        stop.set()
        thread.join()


def table(session: Session) -> None:
    """Make a table for bare rows."""
    session.execute(text("CREATE TABLE bare (id INTEGER PRIMARY KEY, notice INTEGER, state TEXT)"))


def _mails(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Mail)).one()


def run_fan_out(here: World) -> None:
    """Fan everything out."""
    chunk = here.here.settings.digest.chunk
    while here.write(fan_out.fan_out, chunk=chunk) is not None:
        pass


def run_plan(here: World) -> None:
    """Plan everything that is due."""
    digest, composer, keys = here.here.settings.digest, here.here.composer, here.here.keys
    while here.write(slots.open_slots, digest=digest, zones=here.here.zones, now=here.now):
        pass
    while here.write(plan.plan, composer, keys, chunk=digest.chunk, now=here.now) is not None:
        pass


def run_everything(here: World) -> None:
    """Plan the immediate ones, then the daily ones at the hours of their zones, then the weekly ones."""
    run_plan(here)
    for hours in (*[1] * 24, 7 * 24):
        here.now += timedelta(hours=hours)
        run_plan(here)


def _timed(signers: int, work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) / signers * 1e6


if __name__ == "__main__":
    main(int(sys.argv[1]))
