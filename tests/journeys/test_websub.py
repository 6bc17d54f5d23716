"""A subscriber that others wrote follows a campaign through the hub of a service that really runs."""

import os
import signal
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import flask
import httpx2
import pytest
from flask_websub import subscriber as others
from werkzeug.serving import make_server

from feedsvc import migrations
from feedsvc.actions import keys
from feedsvc.commands.drill.processes import SERVES, Program, until
from feedsvc.domain.tables.staff import Scope
from feedsvc.gateways.database import open_database
from tests.commands.test_serve import free_port
from tests.journeys.front import tls
from tests.world import START

PATIENCE = 30.0


@dataclass
class Reader:
    """The subscriber of Flask-WebSub behind a web server; it checks the signatures itself."""

    app: flask.Flask
    websub: Any
    base_url: str
    happened: list[tuple[str, float, bytes]] = field(default_factory=list)

    def count(self, what: str) -> int:
        """Count what has happened of one kind."""
        return sum(one[0] == what for one in self.happened)

    def has(self, what: str, number: int = 1) -> bool:
        """Whether so many things of one kind have happened."""
        return self.count(what) == number

    def subscribe(self, feed: str) -> str:
        """Find the hub of a feed and ask it for the feed, with a secret of its own making."""
        with self.app.test_request_context(base_url=self.base_url):
            return str(self.websub.subscribe(**others.discover(feed)))

    def unsubscribe(self, callback: str) -> None:
        """Ask the hub to stop."""
        with self.app.test_request_context(base_url=self.base_url):
            self.websub.unsubscribe(callback)


@contextmanager
def reading(folder: Path) -> Iterator[Reader]:
    """Run the subscriber."""
    app = flask.Flask(__name__)
    store = str(folder / "reader.db")
    websub = others.Subscriber(
        others.SQLite3SubscriberStorage(store), others.SQLite3TempSubscriberStorage(store)
    )
    app.register_blueprint(websub.build_blueprint("/callbacks"))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    reader = Reader(app, websub, f"http://127.0.0.1:{server.server_port}")

    @websub.add_success_handler  # type: ignore[untyped-decorator]  # comes without types
    def _confirmed(_topic: str, _callback: str, mode: str) -> None:
        reader.happened.append((mode, time.monotonic(), b""))

    @websub.add_listener  # type: ignore[untyped-decorator]  # comes without types
    def _sent(_topic: str, _callback: str, body: bytes) -> None:
        reader.happened.append(("sent", time.monotonic(), body))

    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield reader
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@dataclass
class Running:
    """A service that runs, behind TLS."""

    base_url: str
    trusted: Path
    secret: str

    def client(self) -> httpx2.Client:
        """Trust the certificate of the front."""
        context = ssl.create_default_context(cafile=self.trusted)
        return httpx2.Client(verify=context, timeout=PATIENCE)

    def post(self, path: str, **fields: object) -> None:
        """Post through the staff API."""
        headers = {
            "Authorization": f"Bearer {self.secret}",
            "Idempotency-Key": f"{path} {fields.get('title')}",
        }
        with self.client() as client:
            answer = client.post(f"{self.base_url}/api{path}", headers=headers, json=fields)
        assert answer.status_code == 201, answer.text

    def get(self, path: str) -> bytes:
        """Fetch a feed."""
        with self.client() as client:
            return client.get(f"{self.base_url}{path}").content


@contextmanager
def running(folder: Path, database_url: str, roles: list[str]) -> Iterator[Running]:
    """Run the service with a hub of its own, one process for each role; the first has the web."""
    ports = [free_port() for _ in roles]
    with ExitStack() as stack:
        front, trusted = stack.enter_context(tls(folder, int(ports[0])))
        environment = os.environ | {
            "FEEDSVC_SITE__BASE_URL": f"https://127.0.0.1:{front}",
            "FEEDSVC_DATABASE__URL": database_url,
            "FEEDSVC_KEYS__FILE": str(folder / "feedsvc.keys"),
            "FEEDSVC_FEEDS__HUB": "self",
            "FEEDSVC_FEEDS__HUB_CALLBACKS": "any",
        }
        secret = _staff_key(database_url)
        for role, port in zip(roles, ports, strict=True):
            command = [sys.executable, "-m", "feedsvc", "serve", "--role", role]
            mine = environment | {"FEEDSVC_HTTP__PORT": port}
            program = Program(command, folder / f"said-{port}", mine)
            stack.callback(program.end, signal.SIGTERM)
            program.start()
            assert until(partial(_up, program), PATIENCE), program.words
        yield Running(f"https://127.0.0.1:{front}", trusted, secret)


def _up(program: Program) -> bool:
    return SERVES in program.words


def _staff_key(database_url: str) -> str:
    database = open_database(database_url)
    migrations.upgrade(database.engine)
    options: dict[str, Any] = {"scopes": [Scope.ADMIN], "by": "test", "now": START}
    _, secret = database.write_now(keys.create_key, "staff", **options)
    database.close()
    return secret


@pytest.mark.parametrize(
    ("database", "roles"), [("sqlite", ["all"]), ("postgresql", ["web", "worker", "worker"])]
)
def test_a_subscriber_of_others_is_confirmed_sent_signed_news_in_two_seconds_and_let_go(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    database: str,
    roles: list[str],
) -> None:
    url = request.getfixturevalue(f"{database}_url")
    with running(tmp_path, url, roles) as service, reading(tmp_path) as reader:
        service.post("/campaigns", slug="river", kind="statement", title="River", body="Words.")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(service.trusted))
        callback = reader.subscribe(f"{service.base_url}/c/river.atom")
        assert until(partial(reader.has, "subscribe"), PATIENCE)
        for number in range(3):
            began = time.monotonic()
            service.post("/campaigns/river/updates", title=f"News {number}", body="At last.")
            assert until(partial(reader.has, "sent", number + 1), PATIENCE)
            assert reader.happened[-1][1] - began < 2
            assert f"News {number}".encode() in reader.happened[-1][2]
        assert reader.happened[-1][2] == service.get("/c/river.atom")
        reader.unsubscribe(callback)
        assert until(partial(reader.has, "unsubscribe"), PATIENCE)
        service.post("/campaigns/river/updates", title="Later", body="Too late.")
        time.sleep(2.5)
        assert reader.count("sent") == 3
