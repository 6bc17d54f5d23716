"""Measure everything and print one table: `make bench`, or `make bench ARGS="ledger feeds"`."""

import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from tests.bench import delivery, disk, feeds, ledger, memory
from tests.bench.result import Result

PARTS: dict[str, Callable[[], Iterator[Result]]] = {
    "disk": disk.measure,
    "ledger": ledger.measure,
    "delivery": delivery.measure,
    "feeds": feeds.measure,
    "memory": memory.measure,
}


def main(names: list[str]) -> int:
    """Measure the parts that are named, or all."""
    unknown = set(names) - PARTS.keys()
    if unknown:
        print(f"There is no part {', '.join(unknown)}; there are {', '.join(PARTS)}.")
        return 2
    console = Console()
    table = Table(title="What it costs, against a reference in the same run")
    for heading in ("what", "ours", "reference", "ratio", "the reference is"):
        table.add_column(heading)
    for name in names or PARTS:
        with console.status(f"measuring {name} …"):
            for result in PARTS[name]():
                table.add_row(*result.row())
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
