"""The relay: the SMTP server that takes our mail (RFC 5321).

aiosmtplib connects, agrees on TLS and logs in; from then on the conversation is our own, because
its message path has no pipelining and mixes up replies. A connection never raises for what the
relay does: every way it can end is a Reply, and what a reply means is decided by `domain.outcome`.
"""

import asyncio
import ssl
import time
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, cast

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException, SMTPResponseException

from feedsvc.config import MailSettings
from feedsvc.domain.mime import needs_smtputf8
from feedsvc.domain.outcome import Fault, Kind, Stage, outcome_of
from feedsvc.errors import Misconfigured
from feedsvc.gateways.pipeline import Pipeline

CONNECT, GOODBYE = 30.0, 5.0
PATIENCE = {Stage.MAIL: 300.0, Stage.RCPT: 300.0, Stage.DATA: 120.0, Stage.DOT: 600.0}
"""Seconds to wait, by stage (RFC 5321, 4.5.3.2)."""

MOST_MAILS, MOST_SECONDS, MOST_REFUSALS = 500, 300.0, 8
"""After which a connection is tired: Postfix punishes the tenth refusal on one connection."""

TOGETHER = 32_768
"""Octets up to which a text leaves us in one piece, so that an envelope may travel behind it."""

RESET = b"RSET\r\n"
ENVELOPE = (Stage.MAIL, Stage.RCPT, Stage.DATA)
GO_AHEAD = 354
NEEDS_SMTPUTF8 = "needs SMTPUTF8"
TOO_LARGE = "larger than the relay takes"


class Reply(NamedTuple):
    """The last word on a mail or a connection: `code` None when there was none.

    `reason` is set where we did not even ask: this relay cannot take the mail.
    """

    stage: Stage
    code: int | None
    text: str = ""
    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether the stage passed, and the next may begin."""
        return outcome_of(self.stage, self.code, text=self.text).kind is Kind.GO_ON


class Envelope(NamedTuple):
    """Who sends to whom, and about how many octets."""

    sender: str
    recipient: str
    size: int


@cache
def trusted() -> ssl.SSLContext:
    """Trust whom this machine trusts; one context for all connections."""
    return ssl.create_default_context()


class Connection:
    """One connection to the relay; mails go through it one after the other.

    `announce` a mail, see whether it is `admitted`, `hand_over` its bytes, and hear whether it was
    `taken`. The next one may be announced together with the bytes of this one.
    """

    def __init__(self, settings: MailSettings, context: ssl.SSLContext | None = None) -> None:
        relay = settings.relay_at
        secure = relay.security != "smtp"
        self._settings = settings
        self._smtp = SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.security == "smtps",
            start_tls=relay.security == "smtp+starttls",
            tls_context=(context or trusted()) if secure else None,
            timeout=CONNECT,
        )
        self._pipe: Pipeline | None = None
        self._pipelining = self._utf8 = False
        self._largest = 0
        self._opened = time.monotonic()
        self._mails = self._refusals = 0
        self._said: Sequence[bytes] = ()
        self._behind = self._unwritten = False
        self._open_transaction = False
        self._refused = ""

    @property
    def alive(self) -> bool:
        """Whether the connection is up, as far as we have heard."""
        return self._pipe is not None and not self._pipe.lost

    @property
    def tired(self) -> bool:
        """Whether the connection has carried enough and had better be opened anew."""
        return (
            self._mails >= MOST_MAILS
            or self._refusals >= MOST_REFUSALS
            or time.monotonic() - self._opened > MOST_SECONDS
        )

    async def open(self) -> Reply:
        """Connect, agree on TLS, log in."""
        stage = Stage.CONNECT
        try:
            await self._smtp.connect()
            stage = Stage.EHLO
            answer = await self._smtp.ehlo()
            await self._log_in()
        except SMTPResponseException as error:
            return Reply(stage if error.code < 0 else Stage.EHLO, error.code, error.message)
        except (SMTPException, OSError) as error:
            return Reply(stage, None, f"{type(error).__name__}: {error}")
        except Misconfigured as error:
            return Reply(stage, None, str(error))
        self._take_over()
        return Reply(stage, answer.code, answer.message)

    def announce(self, envelope: Envelope) -> None:
        """Say who sends to whom; `admitted` gives the answer."""
        commands = self._commands(envelope)
        if commands and self._pipelining and self._pipe is not None:
            self._pipe.write(b"".join(commands), replies=len(commands))

    @property
    def answered(self) -> bool:
        """Whether `admitted` need not wait."""
        pipe = self._pipe
        return pipe is None or bool(pipe.lost) or pipe.replies >= len(self._said)

    def admitted_at_once(self) -> bool:
        """Whether a mail is admitted, as nearly every one is: all replies are here, and plain."""
        return (
            self._pipe is not None
            and not self._refused
            and len(self._said) == len(ENVELOPE)
            and self._pipe.agreed()
        )

    async def admitted(self) -> Reply:
        """Give the go-ahead to DATA, or the first refusal."""
        if self._refused:
            reason = NEEDS_SMTPUTF8 if self._refused == NEEDS_SMTPUTF8 else Fault.OURS
            return Reply(Stage.RCPT, None, self._refused, reason=reason)
        verdict: Reply | None = None
        last = Reply(Stage.MAIL, None, "nothing was announced")
        stages = ENVELOPE if len(self._said) == len(ENVELOPE) else (Stage.MAIL, *ENVELOPE)
        for stage, said in zip(stages, self._said, strict=True):
            if not self._pipelining and self._pipe is not None:
                self._pipe.write(said, replies=1)
            last = await self._next(stage)
            if verdict is not None and last.code == GO_AHEAD:
                self.drop()  # it refused, and wants a text: nobody knows what it would make of one
            if not last.good:
                verdict = verdict or last
                if said is RESET:
                    self.drop()
                    verdict = Reply(stage, None, f"RSET: {last.text}")
                if last.code is None or not self._pipelining:
                    break
        return verdict or last

    def hand_over(self, message: bytes, following: Envelope | None = None) -> bool:
        """Write the bytes of an admitted mail; return whether the following one was announced too.

        `message` is as `domain.mime` makes it: CRLF line ends, no dot at the start of a line.
        """
        pipe = self._pipe
        self._unwritten = pipe is None or bool(pipe.lost) or pipe.replies > 0
        if pipe is None or self._unwritten:
            return False  # lost, or answered before it was asked: nothing is written
        self._open_transaction = False
        self._mails += 1
        self._behind = following is not None and self._pipelining and len(message) <= TOGETHER
        if not self._behind or following is None:
            pipe.write(message, b".\r\n")
            return False
        commands = self._commands(following)
        pipe.write(message, b".\r\n", *commands, replies=len(commands))
        return True

    async def taken(self) -> Reply:
        """Give the answer to the final dot."""
        pipe = self._pipe
        if pipe is not None and self._unwritten:
            return self._cut_short(pipe, Stage.DATA)
        if pipe is not None and not pipe.flushed:
            await pipe.flush()
            if not pipe.flushed:
                return self._cut_short(pipe, Stage.DOT if self._behind else Stage.DATA)
        return await self._next(Stage.DOT)

    async def close(self) -> None:
        """Say goodbye, if there is still someone to hear it."""
        if (
            self._pipe is not None and self.alive and not self._open_transaction
        ):  # where DATA is open, QUIT would be a text
            self._pipe.write(b"QUIT\r\n", replies=1)
            await self._pipe.reply(GOODBYE)
        self.drop()

    def drop(self) -> None:
        """End the connection without a word."""
        if self._pipe is None:
            self._smtp.close()
        else:
            self._pipe.fail("dropped by us")

    async def _log_in(self) -> None:
        """Log in, where a user is set; never in clear, since the settings ask for TLS off this machine."""
        user = self._settings.relay_user
        if not user:
            return
        if self._settings.relay_auth == "xoauth2":
            await self._smtp.auth_xoauth2(user, self._settings.token)
        else:
            await self._smtp.login(user, self._settings.password)

    def _commands(self, envelope: Envelope) -> Sequence[bytes]:
        """Write the commands that announce a mail; none when this relay cannot take it."""
        sender, recipient, octets = envelope
        utf8 = not recipient.isascii() and needs_smtputf8(recipient)
        if utf8 and not self._utf8:
            self._refused = NEEDS_SMTPUTF8
        else:
            self._refused = TOO_LARGE if 0 < self._largest < octets else ""
        if self._refused:
            return ()
        size = f" SIZE={octets}" if self._largest else ""
        mail = f"MAIL FROM:<{sender}>{size}{' SMTPUTF8' if utf8 else ''}\r\n".encode()
        said = [mail, f"RCPT TO:<{recipient}>\r\n".encode(), b"DATA\r\n"]
        self._said = [RESET, *said] if self._open_transaction else said
        self._open_transaction = True
        return self._said

    def _take_over(self) -> None:
        """Go on by ourselves: aiosmtplib is not called again."""
        self._pipelining = self._smtp.supports_extension("pipelining")
        self._utf8 = self._smtp.supports_extension("smtputf8")
        largest = self._smtp.esmtp_extensions.get("size", "").split()
        self._largest = int(largest[0]) if largest and largest[0].isdigit() else 0
        self._pipe = Pipeline(cast("asyncio.Transport", self._smtp.transport))

    async def _next(self, stage: Stage) -> Reply:
        """Give the next reply; after silence or nonsense the connection is no more."""
        pipe = self._pipe
        if pipe is None:
            return Reply(stage, None, "not connected")
        found = pipe.at_hand() or await pipe.reply(PATIENCE[stage])
        if found is None:
            return Reply(stage, None, pipe.lost)
        if found[0] >= 400:  # noqa: PLR2004  classes of RFC 5321 4.2.1
            self._refusals += 1
        return Reply(stage, *found)

    def _cut_short(self, pipe: Pipeline, lost_at: Stage) -> Reply:
        """Say why a text was not written to its end: a reply came too early, or no more was read.

        With an envelope behind it nobody knows whether the final dot has left.
        """
        found = pipe.at_hand() if not pipe.lost else None
        pipe.fail("the text was cut short")
        if found is None or found[0] < 400:  # noqa: PLR2004  classes of RFC 5321 4.2.1
            return Reply(lost_at, None, pipe.lost)
        return Reply(Stage.DOT, *found)
