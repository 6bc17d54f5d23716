"""Fan-out and plan, against a bare INSERT … SELECT of as many rows on the same disk."""

import time
from collections.abc import Callable, Iterator

from sqlalchemy import text
from sqlmodel import Session

from feedsvc.actions import fan_out, plan, slots
from tests.bench.crowd import crowded
from tests.bench.result import Result
from tests.world import World

SIGNERS = 100_000
BARE = """INSERT INTO bare SELECT id, 1, 'waiting' FROM subscription"""


def measure() -> Iterator[Result]:
    """Measure microseconds a signer."""
    with crowded(SIGNERS) as here:
        here.write(_table)
        reference = _timed(lambda: here.write(lambda session: session.execute(text(BARE))))
        here.post()
        name = "INSERT … SELECT of as many rows"
        yield Result("fan-out, a signer", _timed(lambda: run_fan_out(here)), "µs", reference, name)
        yield Result("plan, a signer", _timed(lambda: run_plan(here)), "µs", reference, name)


def _table(session: Session) -> None:
    session.execute(text("CREATE TABLE bare (id INTEGER PRIMARY KEY, notice INTEGER, state TEXT)"))


def run_fan_out(here: World) -> None:
    """Fan everything out."""
    while here.write(fan_out.fan_out, chunk=2_000) is not None:
        pass


def run_plan(here: World) -> None:
    """Plan everything."""
    digest, composer, keys = here.here.settings.digest, here.here.composer, here.here.keys
    here.write(slots.open_slots, digest=digest, zones=here.here.zones, now=here.now)
    while here.write(plan.plan, composer, keys, chunk=2_000, now=here.now) is not None:
        pass


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) / SIGNERS * 1e6
