"""The service and a sink as processes of their own, to be killed and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 90.0


class Service:
    """`feedsvc serve` in a folder, started as often as is wanted."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = os.environ | environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        """Start it."""
        command = [sys.executable, "-m", "feedsvc", "serve", *arguments]
        with (self._folder / "service.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, cwd=Path.cwd()
            )

    def kill(self) -> None:
        """End it as a power cut would: without a word."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it and return its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(timeout=40)

    def log(self) -> str:
        """Return what it said."""
        return (self._folder / "service.log").read_text()


@contextmanager
def service(folder: Path, environment: dict[str, str]) -> Iterator[Service]:
    """Give a service that is ended in any case."""
    made = Service(folder, environment)
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.kill()


@contextmanager
def sink(log: Path, seed: int = 1) -> Iterator[int]:
    """Run a sink and give its port."""
    script = Path(__file__).with_name("sink.py")
    command = [sys.executable, str(script), str(log), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def until(done: Callable[[], bool], seconds: float = PATIENCE) -> float:
    """Wait, and return how long it took."""
    begun = time.monotonic()
    while not done():
        assert time.monotonic() - begun < seconds, "waited in vain"
        time.sleep(0.01)
    return time.monotonic() - begun
