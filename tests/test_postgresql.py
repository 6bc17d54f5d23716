"""The PostgreSQL that other tests rely on is real, ours alone, and gone afterwards."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.postgresql import Cluster, Server, own_cluster, running

KILLED_RUN = """
import time
from tests.postgresql import own_cluster
with own_cluster() as cluster:
    print(cluster.pid, cluster.folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def wheel_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEEDSVC_TEST_POSTGRESQL", raising=False)
    monkeypatch.setenv("FEEDSVC_TEST_POSTGRESQL_BINARIES", "wheel")


@pytest.fixture
def brought(wheel_only: None) -> Iterator[Cluster]:
    with own_cluster(durable=True) as cluster:
        yield cluster


def show(url: str, setting: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    return row and row[0]


def test_a_fresh_database_is_gone_after_its_block(postgresql_server: Server) -> None:
    with postgresql_server.fresh_database() as url:
        psycopg.connect(url).close()

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_a_fresh_database_is_dropped_even_while_in_use(postgresql_server: Server) -> None:
    with postgresql_server.fresh_database() as url:
        held = psycopg.connect(url)

    with pytest.raises(psycopg.OperationalError):
        held.execute("SELECT 1")
    held.close()


def test_a_fresh_database_starts_as_its_template(postgresql_server: Server) -> None:
    template = postgresql_server.create_database()
    with psycopg.connect(postgresql_server.url_of(template)) as connection:
        connection.execute("CREATE TABLE campaign AS SELECT 1 AS id")

    with postgresql_server.fresh_database(template) as url, psycopg.connect(url) as connection:
        rows = connection.execute("SELECT id FROM campaign").fetchall()

    postgresql_server.drop_database(template)
    assert rows == [(1,)]


def test_the_wheel_brings_a_server(brought: Cluster) -> None:
    assert str(show(brought.server.url, "server_version")).startswith("18")


def test_a_durable_server_syncs(brought: Cluster) -> None:
    assert show(brought.server.url, "fsync") == "on"


def test_a_server_keeps_what_was_committed_over_a_crash(brought: Cluster) -> None:
    with psycopg.connect(brought.server.url) as connection:
        connection.execute("CREATE TABLE campaign AS SELECT 1 AS id")

    brought.stop(signal.SIGQUIT)
    brought.start()

    with psycopg.connect(brought.server.url) as connection:
        assert connection.execute("SELECT id FROM campaign").fetchall() == [(1,)]


def test_a_stopped_server_leaves_nothing_behind(wheel_only: None) -> None:
    with own_cluster() as cluster:
        pid, folder = cluster.pid, cluster.folder

    assert pid is not None
    assert ended(pid)
    assert not folder.exists()


def test_a_killed_run_leaves_nothing_behind() -> None:
    run = subprocess.Popen([sys.executable, "-c", KILLED_RUN], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    pid, folder = run.stdout.readline().split()

    run.kill()
    run.communicate()

    assert within_seconds(10, int(pid), Path(folder))


def within_seconds(seconds: float, pid: int, folder: Path) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ended(pid) and not folder.exists():
            return True
        time.sleep(0.05)
    return False


def ended(pid: int) -> bool:
    """Whether the process runs no more; a container without an init leaves its remains."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_named_server_is_taken_as_it_is(
    postgresql_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = postgresql_server.url.replace("postgresql:", "postgresql+psycopg:")
    monkeypatch.setenv("FEEDSVC_TEST_POSTGRESQL", named)

    with running() as server:
        assert show(server.url, "data_directory") == show(postgresql_server.url, "data_directory")


def test_a_server_never_runs_as_root(brought: Cluster) -> None:
    assert psutil.Process(brought.pid).uids().real != 0
