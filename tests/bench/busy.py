"""A service with queued mails in a folder, or with none: it begins to send as soon as it serves.

python -m tests.bench.busy FOLDER RELAY_PORT CONNECTIONS
"""

import sys
from pathlib import Path

from feedsvc.app import Role
from feedsvc.commands.serve import listening, server, spare_the_collector
from tests.bench.crowd import opened
from tests.bench.polling import HOST


def main(folder: Path, relay: int, connections: int) -> None:
    """Serve until the process is ended."""
    mail = {
        "relay": f"smtp://127.0.0.1:{relay}",
        "connections": connections,
        "canary_percent": 0,
    }
    with opened(folder, mail=mail) as here, listening(HOST, 0) as door:
        made = server(here.here, Role.ALL)
        spare_the_collector()
        print(door.getsockname()[1], flush=True)
        made.run([door])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
