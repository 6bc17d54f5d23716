"""A proxy in front of the service that notes what was asked and answered, on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "host"}


@dataclass(frozen=True)
class Poll:
    """A request that came by, and the status of the answer."""

    path: str
    status: int
    agent: str


@dataclass
class Recorder:
    """What came by since it was last asked."""

    port: int = 0
    polls: list[Poll] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the service is found through it."""
        return f"http://127.0.0.1:{self.port}"

    def taken(self) -> list[Poll]:
        """Return what came by, and begin anew."""
        taken, self.polls = self.polls, []
        return taken


@contextmanager
def recording(upstream: int) -> Iterator[Recorder]:
    """Pass requests on to the port `upstream`, and note them."""
    recorder = Recorder()

    class Passing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service = HTTPConnection("127.0.0.1", upstream, timeout=10)
            given = {k: v for k, v in self.headers.items() if k.lower() not in _OF_A_CONNECTION}
            service.request("GET", self.path, headers=given)
            answer = service.getresponse()
            body = answer.read()
            poll = Poll(self.path, answer.status, self.headers.get("User-Agent", ""))
            recorder.polls.append(poll)
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_A_CONNECTION:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            service.close()

        def log_message(self, *_: Any) -> None:
            """Say nothing; what came by is noted."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    recorder.port = server.server_port
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
