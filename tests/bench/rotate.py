"""Sealing everything anew while somebody writes, against the same service when nobody does."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import Session, func, select

from feedsvc.domain.sealing import Sealed
from feedsvc.domain.tables.doors import Intake
from feedsvc.domain.tables.people import Signature, Signer
from feedsvc.records import facts
from tests.bench.crowd import fill, opened
from tests.bench.disk import scratch
from tests.bench.result import Result
from tests.world import World

BEAT = 0.005
"""A writer stores a sign-up so often, and waits until it is durable."""


def measure(signers: int) -> Iterator[Result]:
    """Measure rows a second, and the longest wait of a writer beside it."""
    with TemporaryDirectory(dir=scratch()) as folder, opened(Path(folder)) as here:
        fill(here, signers)
        here.write(facts.recognise, here.here.keys)
        alone = _longest(here, threading.Event(), seconds=3.0)
        rows = here.read(_rows)
        took, beside = _rotated(here, Path(folder))
        yield Result("rotate, rows a second", rows / took, "rows/s", None, f"{rows:,} rows")
        yield Result("rotate, longest wait of a writer", beside, "ms", alone, "nobody rotates")


def _rows(session: Session) -> int:
    return sum(
        session.exec(select(func.count()).select_from(one)).one() for one in (Signer, Signature)
    )


def _rotated(here: World, folder: Path) -> tuple[float, float]:
    config = folder / "config.toml"
    url, keys = here.here.database.url, here.here.settings.keys.file
    config.write_text(f'[database]\nurl = "{url}"\n[keys]\nfile = "{keys}"\n')
    command = [sys.executable, "-m", "feedsvc", "key-file", "rotate", "--config", str(config)]
    ended = threading.Event()

    def rotate() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ended.set()

    begun = time.perf_counter()
    running = threading.Thread(target=rotate)
    running.start()
    longest = _longest(here, ended)
    running.join()
    return time.perf_counter() - begun, longest


def _longest(here: World, ended: threading.Event, seconds: float = 3600.0) -> float:
    """Write until it has ended, or for so long; return the longest wait in milliseconds."""
    longest, end = 0.0, time.perf_counter() + seconds
    while not ended.wait(BEAT) and time.perf_counter() < end:
        begun = time.perf_counter()
        here.write(_sign_up, here)
        longest = max(longest, time.perf_counter() - begun)
    return longest * 1e3


def _sign_up(session: Session, here: World) -> None:
    sealed = here.here.keys.seal("{}", Sealed.INTAKE)
    session.add(Intake(sealed=sealed, received_at=here.now))
