"""Peak memory of fan-out and plan, at ten thousand signers and at ten times as many."""

import resource
import subprocess
import sys
from collections.abc import Iterator

from tests.bench.crowd import crowded
from tests.bench.ledger import run_fan_out, run_plan
from tests.bench.result import Result

FEW, MANY = 10_000, 100_000


def measure() -> Iterator[Result]:
    """Measure each size in a process of its own."""
    few, many = _peak(FEW), _peak(MANY)
    yield Result(f"peak memory, {MANY:,} signers", many, "MB", few, f"the same with {FEW:,}")


def _peak(signers: int) -> float:
    command = [sys.executable, "-m", "tests.bench.memory", str(signers)]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def main(signers: int) -> None:
    """Fan out and plan, then print the peak in MB."""
    with crowded(signers) as here:
        here.post()
        run_fan_out(here)
        run_plan(here)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(int(sys.argv[1]))
