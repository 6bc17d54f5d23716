"""A relay that writes each mail down before it answers, and answers after a random wait.

    python -P feedsvc/commands/drill/sink.py LOG [--port N] [--mean S] [--longest S] [--seed N]

A program of its own that knows nothing of the service. It prints its port. Each line of LOG is a
copy of a mail: seconds, recipient, Message-ID, SHA-256 of its bytes. The log is the truth: a mail
that is in it has arrived, whatever became of the answer.
"""

import argparse
import asyncio
import hashlib
import os
import random
import re
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import uvloop

HOST = "127.0.0.1"
LINE_END, MAIL_END = b"\r\n", b"\r\n.\r\n"
LONGEST_LINE = 2_000
GREETING = b"220 sink ESMTP\r\n"
OFFERS = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 36700160\r\n"
OK = b"250 2.0.0 ok\r\n"
TAKEN = b"250 2.0.0 taken\r\n"
GO_AHEAD = b"354 go ahead\r\n"
BYE = b"221 2.0.0 bye\r\n"
UNKNOWN = b"500 5.5.2 what?\r\n"
OUT_OF_ORDER = b"503 5.5.1 not now\r\n"
ADDRESS = re.compile(rb"<([^<>\s]+)>")
MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)


class Log:
    """The log: one write for each mail, so that a line is there as a whole or not at all."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def add(self, recipients: list[bytes], mail: bytes) -> None:
        """Write a mail down, once for each of its recipients."""
        found = MESSAGE_ID.search(mail)
        ident = found[1] if found else b"none"
        digest = hashlib.sha256(mail).hexdigest().encode()
        seconds = f"{time.time():.6f}".encode()
        lines = (b" ".join((seconds, one, ident, digest)) + b"\n" for one in recipients)
        os.write(self._file, b"".join(lines))


@dataclass(frozen=True, slots=True)
class Waits:
    """How long answers are held back, in seconds: many a short time, a few a long one."""

    mean: float
    longest: float
    chance: random.Random

    def next(self) -> float:
        """Draw the wait of the next answer."""
        if not self.mean:
            return 0.0
        return min(self.chance.expovariate(1 / self.mean), self.longest)


class Answers:
    """The answers of one connection: each waits for its time, and none overtakes another."""

    def __init__(self, transport: asyncio.Transport, waits: Waits) -> None:
        self._transport = transport
        self._waits = waits
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, answer: bytes) -> None:
        """Put an answer behind the others; its wait begins now, as with a relay far away."""
        self._queue.append((self._loop.time() + self._waits.next(), answer))

    def give(self) -> None:
        """Send the answers whose time has come, in one write; then wait for the next."""
        if self._timer is not None:
            return
        now, ready = self._loop.time(), []
        while self._queue and self._queue[0][0] <= now:
            ready.append(self._queue.popleft()[1])
        if ready:
            self._transport.write(b"".join(ready))
        if BYE in ready:
            self._transport.close()
        elif self._queue:
            self._timer = self._loop.call_at(self._queue[0][0], self._wake)

    def stop(self) -> None:
        """Forget what nobody will hear."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _wake(self) -> None:
        self._timer = None
        self.give()


class Sink(asyncio.Protocol):
    """One connection: commands and mails, as many in one piece as the sender likes (RFC 2920)."""

    def __init__(self, log: Log, waits: Waits) -> None:
        self._log = log
        self._waits = waits
        self._buffer = bytearray()
        self._searched = 0
        self._in_mail = False
        self._from_given = False
        self._recipients: list[bytes] = []
        self._commands: dict[bytes, Callable[[bytes], bytes]] = {
            b"EHLO": self._hello,
            b"HELO": lambda _: OK,
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"DATA": self._data,
            b"RSET": self._reset,
            b"NOOP": lambda _: OK,
            b"QUIT": lambda _: BYE,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._answers = Answers(cast("asyncio.Transport", transport), self._waits)
        self._answers.add(GREETING)
        self._answers.give()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio hands it over
        """Let go."""
        self._answers.stop()

    def data_received(self, data: bytes) -> None:
        """Take whatever is whole."""
        self._buffer += data
        while (answer := self._mail_end() if self._in_mail else self._command()) is not None:
            self._answers.add(answer)
        self._answers.give()

    def _command(self) -> bytes | None:
        end = self._buffer.find(LINE_END)
        if end < 0:
            return UNKNOWN if self._too_long() else None
        line = bytes(self._buffer[:end])
        obey = self._commands.get(line[:4].upper())
        answer = obey(line) if obey else UNKNOWN
        # The line end of DATA stays: a mail may begin with the dot that ends it.
        del self._buffer[: end if self._in_mail else end + len(LINE_END)]
        return answer

    def _too_long(self) -> bool:
        if len(self._buffer) <= LONGEST_LINE:
            return False
        self._buffer.clear()
        return True

    def _mail_end(self) -> bytes | None:
        end = self._buffer.find(MAIL_END, self._searched)
        if end < 0:
            self._searched = max(0, len(self._buffer) - len(MAIL_END))
            return None
        mail = bytes(self._buffer[len(LINE_END) : end + len(LINE_END)])
        del self._buffer[: end + len(MAIL_END)]
        self._log.add(self._recipients, mail.replace(b"\r\n..", b"\r\n."))
        self._in_mail, self._searched = False, 0
        self._reset(b"")
        return TAKEN

    def _hello(self, _line: bytes) -> bytes:
        self._reset(b"")
        return OFFERS

    def _mail(self, _line: bytes) -> bytes:
        if self._from_given:
            return OUT_OF_ORDER
        self._from_given = True
        return OK

    def _rcpt(self, line: bytes) -> bytes:
        found = ADDRESS.search(line)
        if not (self._from_given and found):
            return OUT_OF_ORDER
        self._recipients.append(found[1])
        return OK

    def _data(self, _line: bytes) -> bytes:
        if not self._recipients:
            return OUT_OF_ORDER
        self._in_mail = True
        return GO_AHEAD

    def _reset(self, _line: bytes) -> bytes:
        self._from_given, self._recipients = False, []
        return OK


async def serve(log: Log, waits: Waits, port: int) -> None:
    """Serve until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(log, waits), HOST, port, backlog=1_000)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="A relay that logs each mail before it answers.")
    parser.add_argument("log", type=Path, help="the file to write to; it is added to")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--mean", type=float, default=0.0, help="mean wait of an answer, seconds")
    parser.add_argument("--longest", type=float, default=5.0, help="longest wait, seconds")
    parser.add_argument("--seed", type=int, default=1, help="of the waits")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)  # noqa: S311  a repeatable wait, not a secret
    uvloop.run(serve(Log(asked.log), Waits(asked.mean, asked.longest, chance), asked.port))


if __name__ == "__main__":
    main()
