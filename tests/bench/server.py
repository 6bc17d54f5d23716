"""The servers that the feed bench measures, each a process: ours, or a bare ASGI app.

python tests/bench/server.py ours
python tests/bench/server.py bare LENGTH
"""

import socket
import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path.cwd()))

from starlette.types import ASGIApp, Receive, Scope, Send

from feedsvc import app
from feedsvc.app import Role
from tests.bench.crowd import crowded

UPDATES = 20


def bare(length: int) -> ASGIApp:
    """Answer every request with so many bytes, or with 304 when there are none."""
    body = b"x" * length
    start = {
        "type": "http.response.start",
        "status": 200 if length else 304,
        "headers": [(b"content-length", str(length).encode())] if length else [],
    }
    end = {"type": "http.response.body", "body": body}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            return
        await send(start)
        await send(end)

    return application


def serve(application: ASGIApp) -> None:
    """Serve on a free port and print it."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        settings = uvicorn.Config(application, access_log=False, log_level="error")
        uvicorn.Server(settings).run([listening])


def ours() -> None:
    """Serve a campaign with some updates."""
    with crowded(0) as here:
        for number in range(UPDATES):
            here.post(title=f"News {number}", body="A paragraph of an update. " * 40, notify="none")
        serve(app.build(here.here, role=Role.WEB))


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        ours()
    else:
        serve(bare(int(sys.argv[2])))
