"""A local SMTP server that only catches mail, for the demo: nothing leaves this machine."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

LOOPBACK = "127.0.0.1"
KEPT = 500


@dataclass(frozen=True, slots=True)
class Caught:
    """A mail that was caught."""

    number: int
    sender: str
    recipient: str
    at: datetime
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail, taken apart."""
        return message_from_bytes(self.raw, policy=policy.default)

    def part(self, kind: str) -> str:
        """Return its text in one of two kinds: plain or html."""
        found = self.message.get_body((kind,))
        return found.get_content() if found is not None else ""


class Catcher:
    """Catches mail on a port of the loopback interface."""

    def __init__(self, clock: Callable[[], datetime], *, utf8: bool = True) -> None:
        self.mails: list[Caught] = []
        self._clock = clock
        self._utf8 = utf8
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen, and return the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, LOOPBACK, 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more, and wait for those who are saying goodbye."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def handle_DATA(  # noqa: N802  aiosmtpd names it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep a mail."""
        recipient, raw = envelope.rcpt_tos[0], envelope.content
        number = len(self.mails) + 1
        kept = bytes(raw) if isinstance(raw, bytes) else str(raw).encode()
        sender = envelope.mail_from or ""
        self.mails.append(Caught(number, sender, recipient, self._clock(), kept))
        del self.mails[:-KEPT]
        return "250 caught"

    def _protocol(self) -> SMTP:
        return SMTP(self, hostname="catcher.localhost", enable_SMTPUTF8=self._utf8)
