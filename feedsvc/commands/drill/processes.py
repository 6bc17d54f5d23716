"""Processes of the drill: started as often as is wanted, ended by their own id and no other way."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from feedsvc.errors import Unavailable

POLL = 0.005
START = 20.0
ENDING = 60.0
SERVES = "serves http://"
SINK = Path(__file__).with_name("sink.py")


class Program:
    """A command that runs in a process of its own; what it says goes to a file."""

    def __init__(self, command: Sequence[str], said: Path, environment: Mapping[str, str]) -> None:
        self._command = command
        self._said = said
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def words(self) -> str:
        """All that it has said."""
        return self._said.read_text("utf-8", errors="replace") if self._said.exists() else ""

    def start(self, *arguments: str) -> None:
        """Start it."""
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(  # noqa: S603  our own program
                [*self._command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=self._environment,
                start_new_session=True,  # Ctrl-C is for the drill, which then ends the others
            )

    def tell(self, which: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self.runs:
            self._process.send_signal(which)

    def end(self, how: signal.Signals) -> int:
        """Send it a signal, wait for its end and return its exit code."""
        self.tell(how)
        if self._process is None:
            return 0
        try:
            return self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class Worker(Program):
    """A process of the service, killed and started again."""

    starts = 0

    def start(self, *arguments: str) -> None:
        """Start it."""
        super().start(*arguments)
        self.starts += 1

    @property
    def up(self) -> bool:
        """Whether it serves; before that it has nothing in hand, and killing it proves nothing."""
        return self.words.count(SERVES) >= self.starts

    def survive(self) -> None:
        """See that it has not ended by itself."""
        if not self.runs:
            last = "\n".join(self.words.splitlines()[-5:])
            raise Unavailable(f"The service ended by itself. Its last words:\n{last}")


class Relay:
    """The sink; after an outage it comes back on the same port."""

    def __init__(
        self, folder: Path, *, mean: float, longest: float, seed: int, environment: dict[str, str]
    ) -> None:
        self.port = 0
        waits = [f"--mean={mean}", f"--longest={longest}", f"--seed={seed}"]
        command = [sys.executable, "-P", str(SINK), str(folder / "sink.log"), *waits]
        self._program = Program(command, folder / "sink.said", environment)
        self._starts = 0

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._program.start(f"--port={self.port}")
        self._starts += 1
        until(lambda: self._ports() >= self._starts or not self._program.runs, START)
        if self._ports() < self._starts:
            raise Unavailable(f"The sink does not start: {self._program.words}")
        self.port = int(self._program.words.split()[-1])

    def kill(self) -> None:
        """End it as a power cut would."""
        self._program.end(signal.SIGKILL)

    def _ports(self) -> int:
        return self._program.words.count("\n")


def until(done: Callable[[], bool], seconds: float, *, look: float = POLL) -> bool:
    """Wait, looking again and again; return whether it came true in time."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(look)
    return True
