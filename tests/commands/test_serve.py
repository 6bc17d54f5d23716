"""`serve` says in one line what keeps it from starting, and ends well when it is told to."""

import os
import signal
import socket
import sys
from contextlib import closing
from pathlib import Path

from feedsvc.commands.drill.processes import Program, until


def free_port() -> str:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def environment(folder: Path, port: str) -> dict[str, str]:
    return {
        "FEEDSVC_DATABASE__URL": f"sqlite:///{folder / 'feedsvc.db'}",
        "FEEDSVC_KEYS__FILE": str(folder / "feedsvc.keys"),
        "FEEDSVC_HTTP__PORT": port,
    }


def served(folder: Path, settings: dict[str, str]) -> Program:
    command = [sys.executable, "-m", "feedsvc", "serve"]
    return Program(command, folder / "said", os.environ | settings)


def last_words(folder: Path, port: str) -> tuple[int, str]:
    """Start a service that cannot, and return its exit code and what it said."""
    folder.mkdir(exist_ok=True)
    other = served(folder, environment(folder.parent, port))
    other.start()
    until(lambda: not other.runs, 30)
    return other.end(signal.SIGKILL), other.words


def test_it_starts_once_on_a_port_and_once_on_a_file_and_ends_well(tmp_path: Path) -> None:
    port = free_port()
    one = served(tmp_path, environment(tmp_path, port))
    one.start()
    try:
        assert until(lambda: f"serves http://127.0.0.1:{port}" in one.words, 30)
        code, said = last_words(tmp_path / "port", port)
        assert (code, said.count("\n")) == (1, 1)
        assert "Choose another port." in said
        code, said = last_words(tmp_path / "file", free_port())
        assert (code, said.count("\n")) == (1, 1)
        assert "Another sender runs on this database." in said
        assert one.end(signal.SIGINT) == 0
        assert "Traceback" not in one.words
    finally:
        one.end(signal.SIGKILL)
