"""Peak memory of fan-out and plan and of the sender, at ten thousand signers and at many more."""

import sys
from collections.abc import Iterator

from tests.bench.crowd import crowded
from tests.bench.delivery import CONNECTIONS, send
from tests.bench.figures import Meter, measured
from tests.bench.ledger import run_fan_out, run_plan
from tests.bench.planned import planned
from tests.bench.relays import quickest
from tests.bench.result import Result

FEW = 10_000


def measure(many: int) -> Iterator[Result]:
    """Measure each size in a process of its own."""
    than = f"the same with {FEW:,}"
    few, most = (measured("memory", signers).peak for signers in (FEW, many))
    yield Result(f"peak memory of the plan, {many:,} signers", most, "MB", few, than)
    few, most = _sending(FEW), _sending(many)
    yield Result(f"peak memory of the sender, {many:,} queued", most, "MB", few, than)


def _sending(mails: int) -> float:
    with planned(mails) as folder, quickest() as (port, _):
        return send(folder, port, mails, CONNECTIONS).peak


def main(signers: int) -> None:
    """Fan out and plan, and print the figures."""
    with crowded(signers) as here:
        here.post()
        meter = Meter()
        run_fan_out(here)
        run_plan(here)
        meter.read(signers).tell()


if __name__ == "__main__":
    main(int(sys.argv[1]))
