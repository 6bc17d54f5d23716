"""`serve` says in one line what keeps it from starting, and ends well when it is told to."""

import signal
import socket
import subprocess
from contextlib import closing
from pathlib import Path

from tests.faults.service import Service, service, until


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


def last_words(folder: Path, port: str) -> tuple[int, str]:
    """Start a service that cannot, and return its exit code and what it said."""
    folder.mkdir(exist_ok=True)
    other = Service(folder, environment(folder.parent, port))
    other.start()
    assert isinstance(other.process, subprocess.Popen)
    return other.process.wait(timeout=30), other.log()


def test_it_starts_once_on_a_port_and_once_on_a_file_and_ends_well(tmp_path: Path) -> None:
    port = free_port()
    with service(tmp_path, environment(tmp_path, port)) as served:
        served.start()
        until(lambda: f"serves http://127.0.0.1:{port}" in served.log())
        code, said = last_words(tmp_path / "port", port)
        assert (code, said.count("\n")) == (1, 1)
        assert "Choose another port." in said
        code, said = last_words(tmp_path / "file", free_port())
        assert (code, said.count("\n")) == (1, 1)
        assert "Another sender runs on this database." in said
        assert served.end(signal.SIGINT) == 0
        assert "Traceback" not in served.log()
