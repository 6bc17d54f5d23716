"""The servers that the feed bench measures, each a process: ours, or a bare ASGI app.

python -m tests.bench.server ours
python -m tests.bench.server bare ANSWERS

ANSWERS is a file of JSON: to each path a status, headers, and the file with the body.
"""

import json
import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedsvc.app import Role
from feedsvc.commands.serve import listening, options, server, spare_the_collector
from tests.bench.crowd import crowded
from tests.bench.polling import HOST

UPDATES = 20


def bare(answers: Path) -> ASGIApp:
    """Answer each path with what is ready for it: the least that an application can do."""
    ready = {path: _messages(*answer) for path, answer in json.loads(answers.read_text()).items()}

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            return
        start, end = ready[scope["path"]]
        await send(start)
        await send(end)

    return application


def _messages(status: int, headers: list[list[str]], file: str) -> tuple[Message, Message]:
    pairs = [(name.encode(), value.encode()) for name, value in headers]
    body = Path(file).read_bytes() if file else b""
    start = {"type": "http.response.start", "status": status, "headers": pairs}
    return start, {"type": "http.response.body", "body": body}


def run(made: uvicorn.Server) -> None:
    """Serve on a free port and print it."""
    with listening(HOST, 0) as door:
        print(door.getsockname()[1], flush=True)
        spare_the_collector()
        made.run([door])


def ours() -> None:
    """Serve a campaign with some updates."""
    with crowded(0) as here:
        for number in range(UPDATES):
            here.post(title=f"News {number}", body="A paragraph of an update. " * 40, notify="none")
        run(server(here.here, Role.WEB))


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        ours()
    else:
        run(uvicorn.Server(options(bare(Path(sys.argv[2])))))
