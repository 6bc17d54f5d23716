"""A sender that dies when it puts together the mail of one person.

python -m tests.sender.deadly FOLDER PORT CONNECTIONS NOW ADDRESS
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from feedsvc.domain.mime import Skeleton
from feedsvc.sender import Sender
from tests.sender.crowds import states
from tests.world import World, world

DIED = 9
_SPLICE = Skeleton.splice


def main(folder: Path, port: str, connections: int, now: datetime, address: str) -> None:
    """Send all that is due, or die."""

    def splice(self: Skeleton, values: Mapping[str, str]) -> bytes:
        if values["address"] == address:
            os._exit(DIED)
        return _SPLICE(self, values)

    Skeleton.splice = splice  # type: ignore[method-assign]  # that is what kills
    mail = {"relay": f"smtp://127.0.0.1:{port}", "connections": connections}
    with world(f"sqlite:///{folder / 'feedsvc.db'}", folder, mail=mail) as here:
        here.now = now
        asyncio.run(send(here))


async def send(here: World) -> None:
    """Send until nothing is in hand."""
    sender = Sender(here.here, here.clock)
    await sender.start()
    while set(states(here)) & {"queued", "sending"}:  # noqa: ASYNC110  rows ring no bell
        await asyncio.sleep(0.02)
    await sender.stop()


if __name__ == "__main__":
    _, _folder, _port, _connections, _now, _address = sys.argv
    main(Path(_folder), _port, int(_connections), datetime.fromisoformat(_now), _address)
