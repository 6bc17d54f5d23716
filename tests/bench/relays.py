"""Those that the sender is measured into and against: sinks, and Postfix's load generator."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from tests.bench.figures import Figures

NOT_HERE = "not measured: smtp-source is not here (Debian: apt install postfix)"
HOST = "127.0.0.1"
BACKLOG = 200


@contextmanager
def quickest() -> Iterator[tuple[int, str]]:
    """Run Postfix's sink where it is installed, else our own; give its port and its name."""
    tool = _tool("smtp-sink")
    if tool is None:
        with slow(0) as port:
            yield port, "the Python sink"
        return
    port = _free_port()
    user = ["-u", "postfix"] if os.geteuid() == 0 else []
    with _running([tool, *user, f"{HOST}:{port}", str(BACKLOG)]):
        _wait_for(port)
        yield port, "smtp-sink"


@contextmanager
def slow(seconds: float) -> Iterator[int]:
    """Run our own sink, which answers after so long; give its port."""
    command = [sys.executable, str(Path(__file__).with_name("sink.py")), str(seconds)]
    with _running(command) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())


def smtp_source(port: int, mails: int, connections: int, size: int) -> Figures | None:
    """Let Postfix's load generator send as many mails as large; None where it is not installed."""
    tool = _tool("smtp-source")
    if tool is None:
        return None
    sizes = ["-s", str(connections), "-m", str(mails), "-l", str(size)]
    begun, busy = time.perf_counter(), _busy()
    subprocess.run([tool, "-d", *sizes, f"{HOST}:{port}"], check=True)
    took, used = time.perf_counter() - begun, _busy() - busy
    return Figures(mails / took, used / mails * 1e6, peak=0)


def _busy() -> float:
    """Return the CPU seconds of the processes that we have run to their end."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tool(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection((HOST, port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(port)


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()
