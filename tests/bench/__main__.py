"""Measure everything and print one table: `make bench`, or some of it, or more.

make bench ARGS="ledger feeds"
make bench ARGS="delivery --mails 50000"
make bench ARGS="ledger memory imports --signers 1000000"
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial

from rich.console import Console
from rich.table import Table

from tests.bench import (
    delivery,
    disk,
    feeds,
    imports,
    ledger,
    mailing,
    memory,
    rotate,
    seen,
    signups,
)
from tests.bench.result import Result

MAILS, SIGNERS = 20_000, 100_000
Parts = dict[str, Callable[[], Iterator[Result]]]


def parts(mails: int, signers: int) -> Parts:
    """Name what can be measured."""
    return {
        "disk": disk.measure,
        "ledger": partial(ledger.measure, signers),
        "delivery": partial(delivery.measure, mails),
        "feeds": feeds.measure,
        "seen": seen.measure,
        "signing": signups.measure,
        "mailing": partial(mailing.measure, mails),
        "memory": partial(memory.measure, signers),
        "imports": partial(imports.measure, signers),
        "rotate": partial(rotate.measure, signers),
    }


def main() -> int:
    """Measure the parts that are named, or all."""
    known = ", ".join(parts(MAILS, SIGNERS))
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("names", nargs="*", metavar="part", help=f"{known}; all when none is named")
    parser.add_argument("--mails", type=int, default=MAILS, help="how many are delivered")
    parser.add_argument(
        "--signers",
        type=int,
        default=SIGNERS,
        help="how many hear of an update, are imported, or are sealed anew",
    )
    asked = parser.parse_args()
    found = parts(asked.mails, asked.signers)
    if unknown := set(asked.names) - found.keys():
        print(f"There is no part {', '.join(unknown)}; there are {known}.")
        return 2
    print_table({name: found[name] for name in asked.names or found})
    return 0


def print_table(found: Parts) -> None:
    """Measure one part after the other; what runs beside them is told below the table."""
    console = Console()
    beside = f"{os.cpu_count()} cores; load average {os.getloadavg()[0]:.1f} before it began"
    table = Table(title="What it costs, against a reference in the same run", caption=beside)
    for heading in ("what", "ours", "reference", "ratio", "the reference is"):
        table.add_column(heading)
    for name, measure in found.items():
        with console.status(f"measuring {name} …"):
            for result in measure():
                table.add_row(*result.row())
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
