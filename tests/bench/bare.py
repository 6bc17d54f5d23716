"""The bare pipelined loop: the same message again and again, no database; nothing of the service.

python -m tests.bench.bare FILE PORT MAILS CONNECTIONS
"""

import asyncio
import sys
from pathlib import Path
from typing import cast

import uvloop

from tests.bench.figures import Figures, Meter

ENVELOPE = (
    b"MAIL FROM:<b+a2b3c4d5e6f7a2b3c4d5e6f7@updates.example.org>\r\n"
    b"RCPT TO:<signer12345@crowd.invalid>\r\n"
    b"DATA\r\n"
)
END = b".\r\n"


class Conversation(asyncio.Protocol):
    """Counts replies; all are expected to be good."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lines = self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Count lines: each is a reply, since nobody said EHLO."""
        assert data[:1] not in {b"4", b"5"}, data
        self._lines += data.count(b"\n")
        if self._waiter is not None and self._lines >= self._wanted:
            self._waiter.set_result(None)
            self._waiter = None

    async def say(self, *pieces: bytes, replies: int) -> None:
        """Write, and wait for so many replies."""
        self._transport.writelines(pieces)
        await self.hear(replies)

    async def hear(self, replies: int) -> None:
        """Wait for so many replies."""
        self._wanted = replies
        if self._lines < replies:
            self._waiter = self._loop.create_future()
            await self._waiter
        self._lines -= replies


async def loop(message: bytes, port: int, mails: int, connections: int) -> Figures:
    """Send as many over each connection."""
    meter, each = Meter(), mails // connections
    await asyncio.gather(*(_one(message, port, each) for _ in range(connections)))
    return meter.read(each * connections)


async def _one(message: bytes, port: int, mails: int) -> None:
    """Write the text of each mail together with the envelope of the next."""
    where = asyncio.get_running_loop()
    transport, relay = await where.create_connection(Conversation, "127.0.0.1", port)
    await relay.hear(1)
    await relay.say(b"HELO bench\r\n", replies=1)
    await relay.say(ENVELOPE, replies=3)
    for _ in range(mails - 1):
        await relay.say(message, END, ENVELOPE, replies=4)
    await relay.say(message, END, replies=1)
    transport.close()


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_bytes()
    uvloop.run(loop(text, *map(int, sys.argv[2:]))).tell()
