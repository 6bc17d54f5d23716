"""A world with many signers in it, for the parts of the bench that need one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from feedsvc.actions import crowd
from feedsvc.domain.tables.people import Cadence
from tests.bench.disk import scratch
from tests.world import World, world

CHUNK = 5_000


@contextmanager
def crowded(
    signers: int, cadences: Sequence[Cadence] = (Cadence.IMMEDIATE,), **sections: Any
) -> Iterator[World]:
    """Give a world on SQLite with one campaign and this many subscribers, of cadences in turn."""
    with (
        TemporaryDirectory(dir=scratch()) as folder,
        opened(Path(folder), **sections) as here,
    ):
        fill(here, signers, cadences)
        yield here


@contextmanager
def opened(folder: Path, **sections: Any) -> Iterator[World]:
    """Open the world on SQLite that is in a folder, or an empty one."""
    digest = {"settle_seconds": 0}
    with world(f"sqlite:///{folder}/bench.db", folder, digest=digest, **sections) as here:
        yield here


def fill(here: World, signers: int, cadences: Sequence[Cadence] = (Cadence.IMMEDIATE,)) -> None:
    """Make one campaign with this many subscribers."""
    here.campaign()
    for start in range(0, signers, CHUNK):
        count = min(CHUNK, signers - start)
        keys, settings = here.here.keys, here.here.settings
        made = {"count": count, "start": start, "cadences": cadences, "now": here.now}
        here.write(crowd.add_crowd, "river", keys, settings, **made)
