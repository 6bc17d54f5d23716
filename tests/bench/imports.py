"""An import of signers as the command line does it, against bare rows into a bare table."""

import csv
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from feedsvc.commands import cli
from tests.bench.crowd import opened
from tests.bench.disk import scratch
from tests.bench.figures import PAIRS, Figures, Meter, compared, measured
from tests.bench.ledger import competing, table
from tests.bench.result import Result
from tests.world import World

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
    few, peak = _measured("ours", FEW), max(ours.peak for ours, _ in pairs)
    yield Result(f"peak memory of an {what}", peak, "MB", few.peak, f"the same with {FEW:,}")
    wait = _measured("beside", signers).wait
    yield Result(f"longest wait of another writer, {what}", wait, "ms")


def _measured(which: str, signers: int) -> Figures:
    return measured("imports", which, signers)


def main(which: str, signers: int) -> None:
    """Write a list, take it in, and print the figures."""
    with TemporaryDirectory(dir=scratch()) as name:
        folder = Path(name)
        file = folder / "signers.csv"
        with file.open("w", encoding="utf-8") as lines:
            lines.writelines(f"{line}\n" for line in _lines(signers))
        {"ours": _import, "beside": _compete, "bare": _insert}[which](folder, file, signers)


def _lines(signers: int) -> Iterator[str]:
    yield HEADER
    for number in range(signers):
        domain = DOMAINS[number % 4] if number % 3 else f"d{number % 2_000}.example.org"
        when = f"2017-0{1 + number % 9}-{10 + number % 19} 1{number % 10}:{10 + number % 50}:00"
        language = "de" if number % 2 else "en"
        yield f"signer{number}@{domain},Zoë {number},Müller,{language},{when},web form,{when}"


def _import(folder: Path, file: Path, signers: int) -> None:
    with opened(folder) as here:
        command = _command(here, folder, file)
    meter = Meter()
    cli(command, standalone_mode=False)
    meter.read(signers).tell()


def _compete(folder: Path, file: Path, signers: int) -> None:
    """Import in another process, and write meanwhile as the service would."""
    with opened(folder) as here:
        command = _command(here, folder, file)
        here.write(table)
        meter = Meter()
        with competing(here) as rival:
            importing = [sys.executable, "-m", "feedsvc", *command]
            subprocess.run(importing, check=True, stdout=sys.stderr)
        replace(meter.read(signers), wait=max(rival.waits) * 1e3).tell()


def _command(here: World, folder: Path, file: Path) -> list[str]:
    """Make the campaign, and spell the import out."""
    here.campaign(kind="petition")
    url, keys = here.here.database.url, here.here.settings.keys.file
    settings = folder / "config.toml"
    settings.write_text(f'[database]\nurl = "{url}"\n[keys]\nfile = "{keys}"\n')
    return ["signers", "import", str(file), "--campaign", "river", "--config", str(settings)]


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
