"""The relay: the SMTP server that takes our mail (RFC 5321). The only place that knows aiosmtplib.

This sends one command at a time. A connection never raises for what the relay does: every way it
can end is a Reply, and what a reply means is decided by `domain.outcome`.
"""

import ssl
from collections.abc import Awaitable
from dataclasses import dataclass

from aiosmtplib import SMTP, SMTPResponse
from aiosmtplib.errors import SMTPDataError, SMTPException, SMTPResponseException

from feedsvc.config import MailSettings
from feedsvc.domain.mime import needs_smtputf8
from feedsvc.domain.outcome import Stage

CONNECT, COMMAND, FINAL_DOT = 30.0, 300.0, 600.0
"""Seconds to wait, by stage (RFC 5321 4.5.3.2)."""

NEEDS_SMTPUTF8 = "needs SMTPUTF8"


@dataclass(frozen=True, slots=True)
class Reply:
    """The last word on a mail or a connection: `code` None when there was none."""

    stage: Stage
    code: int | None
    text: str = ""

    @property
    def good(self) -> bool:
        """Whether the stage passed."""
        return self.code is not None and self.code < 400  # noqa: PLR2004  classes of RFC 5321 4.2.1


class Connection:
    """One connection to the relay; used by one mail at a time."""

    def __init__(self, settings: MailSettings, context: ssl.SSLContext | None = None) -> None:
        relay = settings.relay_at
        secure = relay.security != "smtp"
        self._smtp = SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.security == "smtps",
            start_tls=relay.security == "smtp+starttls",
            tls_context=(context or ssl.create_default_context()) if secure else None,
            username=settings.relay_user or None,
            password=settings.password or None,
            timeout=CONNECT,
        )

    @property
    def alive(self) -> bool:
        """Whether the connection is up, as far as we have heard."""
        return self._smtp.is_connected

    async def open(self) -> Reply:
        """Connect, agree on TLS, log in."""
        stage = Stage.CONNECT
        try:
            await self._smtp.connect()
            stage = Stage.EHLO
            answer = await self._smtp.ehlo()
        except SMTPResponseException as error:
            return Reply(Stage.EHLO, error.code, error.message)
        except (SMTPException, OSError) as error:
            return Reply(stage, None, _why(error))
        return Reply(stage, answer.code, answer.message)

    async def send(self, sender: str, recipient: str, message: bytes) -> Reply:
        """Hand one mail over. `message` has CRLF line ends."""
        utf8 = needs_smtputf8(recipient)
        if utf8 and not self._smtp.supports_extension("smtputf8"):
            return Reply(Stage.RCPT, 553, NEEDS_SMTPUTF8)
        mail = [
            b"MAIL",
            b"FROM:<" + sender.encode("ascii") + b">",
            *([b"SMTPUTF8"] if utf8 else []),
        ]
        envelope = (
            (Stage.MAIL, mail),
            (Stage.RCPT, [b"RCPT", b"TO:<" + recipient.encode() + b">"]),
        )
        for stage, command in envelope:
            reply = await self._say(stage, self._smtp.execute_command(*command, timeout=COMMAND))
            if not reply.good:
                await self._forget(reply)
                return reply
        return await self._say(Stage.DOT, self._smtp.data(message, timeout=FINAL_DOT))

    async def close(self) -> None:
        """Say goodbye, if there is still someone to hear it."""
        try:
            if self.alive:
                await self._smtp.quit(timeout=5)
        except (SMTPException, OSError):
            self._smtp.close()

    async def _say(self, stage: Stage, answered: Awaitable[SMTPResponse]) -> Reply:
        """Wait for the answer to a command; after silence or nonsense the connection is no more."""
        try:
            answer = await answered
        except SMTPDataError as error:  # a proper reply, to DATA or to the final dot
            return Reply(stage, error.code, error.message)
        except SMTPResponseException as error:
            self._smtp.close()
            return Reply(stage, error.code, error.message)
        except (SMTPException, OSError, ValueError) as error:
            self._smtp.close()  # a late reply must not meet the next mail
            return Reply(stage, None, _why(error))
        return Reply(stage, answer.code, answer.message)

    async def _forget(self, reply: Reply) -> None:
        """End a refused transaction, so that the next mail starts clean."""
        if self.alive and reply.code is not None:
            answer = await self._say(
                Stage.MAIL, self._smtp.execute_command(b"RSET", timeout=COMMAND)
            )
            if not answer.good:
                self._smtp.close()


def _why(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
