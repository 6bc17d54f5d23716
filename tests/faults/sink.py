"""A relay that writes down each mail before it answers, after a random wait; run as a process.

    python tests/faults/sink.py LOG SEED

Prints its port. Each line of LOG: seconds, recipient, Message-ID, hash of the bytes.
"""

import asyncio
import hashlib
import os
import random
import re
import sys
import time

from aiosmtpd.smtp import SMTP, Envelope, Session

LONGEST_WAIT = 0.02
MESSAGE_ID = re.compile(rb"^Message-ID: *(\S+)", re.MULTILINE | re.IGNORECASE)


class Sink:
    """Takes every mail; the log is the truth."""

    def __init__(self, log: str, seed: int) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._chance = random.Random(seed)  # noqa: S311 - a repeatable wait, not a secret

    async def handle_DATA(  # noqa: N802 - aiosmtpd names it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Write the mail down, wait, take it."""
        body = envelope.content
        assert isinstance(body, bytes)
        found = MESSAGE_ID.search(body)
        ident = found[1].decode() if found else "none"
        line = f"{time.time()} {envelope.rcpt_tos[0]} {ident} {hashlib.sha256(body).hexdigest()}\n"
        os.write(self._log, line.encode())
        await asyncio.sleep(self._chance.random() * LONGEST_WAIT)
        return "250 taken"


async def main(log: str, seed: int) -> None:
    """Serve until the process is ended."""
    sink = Sink(log, seed)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, enable_SMTPUTF8=True), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
