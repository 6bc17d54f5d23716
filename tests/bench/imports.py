"""An import of signers as the command line does it, against bare rows into a bare table."""

import csv
import sqlite3
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from feedsvc.commands import cli
from tests.bench.crowd import opened
from tests.bench.disk import scratch
from tests.bench.figures import PAIRS, Figures, Meter, compared, measured
from tests.bench.result import Result

FEW = 10_000
CHUNK = 1_000
DOMAINS = ("gmail.com", "outlook.com", "yahoo.com", "web.de")
HEADER = "Email Address,First Name,Last Name,Language,OPTIN_TIME,Consent source,CONFIRM_TIME"
BARE = "INSERT INTO bare (email, first, last, language, signed, source, agreed)"


def measure(signers: int) -> Iterator[Result]:
    """Measure each size in a process of its own."""
    pairs = [(_measured("ours", signers), _measured("bare", signers)) for _ in range(PAIRS)]
    name = "csv.reader and INSERT of as many rows, as durable"
    what = f"import of {signers:,} signers"
    yield compared(what, "rows/s", pairs, lambda figures: figures.rate, name)
    yield compared(f"{what}, CPU a row", "µs", pairs, lambda figures: figures.cpu, name)
    few = _measured("ours", FEW).peak
    peak = max(ours.peak for ours, _ in pairs)
    yield Result(f"peak memory of an {what}", peak, "MB", few, f"the same with {FEW:,}")


def _measured(which: str, signers: int) -> Figures:
    return measured("imports", which, signers)


def main(which: str, signers: int) -> None:
    """Write a list, take it in, and print the figures."""
    with TemporaryDirectory(dir=scratch()) as name:
        folder = Path(name)
        file = folder / "signers.csv"
        with file.open("w", encoding="utf-8") as lines:
            lines.writelines(f"{line}\n" for line in _lines(signers))
        (_import if which == "ours" else _insert)(folder, file, signers)


def _lines(signers: int) -> Iterator[str]:
    yield HEADER
    for number in range(signers):
        domain = DOMAINS[number % 4] if number % 3 else f"d{number % 2_000}.example.org"
        when = f"2017-0{1 + number % 9}-{10 + number % 19} 1{number % 10}:{10 + number % 50}:00"
        language = "de" if number % 2 else "en"
        yield f"signer{number}@{domain},Zoë {number},Müller,{language},{when},web form,{when}"


def _import(folder: Path, file: Path, signers: int) -> None:
    with opened(folder) as here:
        here.campaign(kind="petition")
        url, keys = here.here.database.url, here.here.settings.keys.file
    settings = folder / "config.toml"
    settings.write_text(f'[database]\nurl = "{url}"\n[keys]\nfile = "{keys}"\n')
    meter = Meter()
    command = ["signers", "import", str(file), "--campaign", "river", "--config", str(settings)]
    cli(command, standalone_mode=False)
    meter.read(signers).tell()


def _insert(folder: Path, file: Path, signers: int) -> None:
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute(BARE.replace("INSERT INTO", "CREATE TABLE"))
    meter = Meter()
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        while chunk := list(islice(rows, CHUNK)):
            database.execute("BEGIN IMMEDIATE")
            database.executemany(f"{BARE} VALUES (?, ?, ?, ?, ?, ?, ?)", chunk)
            database.execute("COMMIT")
    meter.read(signers).tell()
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
