"""A world with many signers in it, for the parts of the bench that need one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from feedsvc.actions import crowd
from tests.bench.disk import scratch
from tests.world import World, world

CHUNK = 5_000


@contextmanager
def crowded(signers: int, **sections: Any) -> Iterator[World]:
    """Give a world on SQLite with one campaign and this many subscribers, nothing settled."""
    digest = {"settle_seconds": 0}
    with (
        TemporaryDirectory(dir=scratch()) as folder,
        world(f"sqlite:///{folder}/bench.db", Path(folder), digest=digest, **sections) as here,
    ):
        here.campaign()
        for start in range(0, signers, CHUNK):
            count = min(CHUNK, signers - start)
            keys, settings = here.here.keys, here.here.settings
            here.write(
                crowd.add_crowd, "river", keys, settings, count=count, start=start, now=here.now
            )
        yield here
