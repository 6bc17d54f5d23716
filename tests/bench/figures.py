"""What one process of the bench measures of itself, and how another one hears of it."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median_low

from tests.bench.result import Result

PAIRS = 3
STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Figures:
    """Things a second, µs of CPU a thing (user and system, all threads), and peak memory in MB.

    Both with the processes that were started and have ended; `wait` is the longest one of another
    writer in ms, where there was one.
    """

    rate: float
    cpu: float
    peak: float
    wait: float = 0.0

    def tell(self) -> None:
        """Print them for `measured`, which waits for that."""
        print(json.dumps(asdict(self)))


class Meter:
    """Runs from its making on."""

    def __init__(self) -> None:
        self._begun, self._busy = time.perf_counter(), _used()

    def read(self, things: int) -> Figures:
        """Read it after so many things."""
        took, used = time.perf_counter() - self._begun, _used() - self._busy
        return Figures(things / took, used / things * 1e6, peak())


def _used() -> float:
    """Return the CPU seconds of this process and of those it started that have ended."""
    spent = os.times()
    return sum(spent[:4])


def measured(module: str, *arguments: object) -> Figures:
    """Run a module of the bench in a process of its own, and hear what it measured."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *map(str, arguments)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return Figures(**json.loads(said.splitlines()[-1]))


def peak() -> float:
    """Return the peak memory of this process in MB.

    Not `ru_maxrss` where there is better: it begins with the peak of whoever started us.
    """
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def compared(
    what: str,
    unit: str,
    pairs: list[tuple[Figures, Figures]],
    figure: Callable[[Figures], float],
    name: str,
) -> Result:
    """Give the pair (ours, reference) with the median ratio: machines are noisy."""
    values = [(figure(ours), figure(reference)) for ours, reference in pairs]
    middle = median_low([ours / reference for ours, reference in values])
    ours, reference = next(pair for pair in values if pair[0] / pair[1] == middle)
    return Result(what, ours, unit, reference, name)
