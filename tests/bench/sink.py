"""A relay as quick as Python can be: takes everything, keeps nothing; run as a process.

    python tests/bench/sink.py [SECONDS]

Prints its port. Every answer waits so many seconds, as with a relay far away: what was written
together is answered together.
"""

import asyncio
import sys
from typing import cast

import uvloop

CAPABILITIES = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
OK, GO_AHEAD, BYE = b"250 2.0.0 ok\r\n", b"354 go ahead\r\n", b"221 2.0.0 bye\r\n"
END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One connection; commands and bodies are told apart by the final dot alone."""

    def __init__(self, wait: float) -> None:
        self._wait = wait
        self._buffer = b""
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)
        self._give(b"220 sink ready\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer whatever is whole."""
        self._buffer += data
        answers = []
        while (answer := self._next()) is not None:
            answers.append(answer)
        if answers:
            self._give(b"".join(answers))

    def _give(self, answers: bytes) -> None:
        if self._wait:
            asyncio.get_running_loop().call_later(self._wait, self._write, answers)
        else:
            self._write(answers)

    def _write(self, answers: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answers)

    def _next(self) -> bytes | None:
        end = END if self._in_body else b"\r\n"
        piece, found, rest = self._buffer.partition(end)
        if not found:
            return None
        self._buffer = rest
        if self._in_body:
            self._in_body = False
            return OK
        return self._answer(piece[:4].upper())

    def _answer(self, verb: bytes) -> bytes:
        if verb == b"DATA":
            self._in_body = True
            return GO_AHEAD
        if verb == b"QUIT":
            return BYE
        return CAPABILITIES if verb in {b"EHLO", b"HELO"} else OK


async def main(wait: float) -> None:
    """Serve until the process is ended."""
    listening = asyncio.get_running_loop()
    server = await listening.create_server(lambda: Sink(wait), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
