"""How long this machine's disk takes to make one commit durable: the floor of everything else."""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.result import Result

TIMES = 200


def measure() -> Iterator[Result]:
    """Measure one fsync of a small append."""
    with tempfile.NamedTemporaryFile(dir=scratch()) as file:
        waits = [_append(file.fileno()) for _ in range(TIMES)]
    yield Result("fsync, median", statistics.median(waits) * 1e6, "µs")
    yield Result("fsync, 99th of 100", statistics.quantiles(waits, n=100)[98] * 1e6, "µs")


def scratch() -> Path:
    """Give a folder on the disk that the checkout is on; /tmp may be memory."""
    folder = Path("build/bench")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _append(descriptor: int) -> float:
    os.write(descriptor, b"x" * 512)
    begun = time.perf_counter()
    os.fsync(descriptor)
    return time.perf_counter() - begun
