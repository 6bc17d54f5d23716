"""Ask the relay, step by step, whether it would take our mail: nothing is delivered unless asked for."""

import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException, SMTPResponseException

from feedsvc.config import MailSettings
from feedsvc.domain.mime import needs_smtputf8
from feedsvc.errors import Misconfigured

PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Letter:
    """An envelope; without `content` it is taken back before anything is sent."""

    sender: str
    recipient: str
    content: bytes | None = None


@dataclass(slots=True)
class Findings:
    """What was learnt, as far as the conversation went: `step` is the last one that was tried."""

    step: str = "connect"
    trouble: str = ""
    code: int | None = None
    peer: str = ""
    tls: str = ""
    expires: datetime | None = None
    extensions: Mapping[str, str] = field(default_factory=dict)
    methods: list[str] = field(default_factory=list)
    logged_in: bool = False
    last: str = ""

    @property
    def reached(self) -> bool:
        """Whether the relay greeted us, over TLS where we want it."""
        return self.step != "connect"


async def probe(
    settings: MailSettings, letter: Letter, context: ssl.SSLContext | None = None
) -> Findings:
    """Talk to the relay as the sender does, and tell how far that went. Never raises for the relay."""
    found = Findings()
    smtp = _client(settings, context)
    try:
        await smtp.connect()
        _look_at(smtp, found)
        await _introduce(smtp, found)
        await _log_in(smtp, settings, found)
        await _hand_over(smtp, letter, found)
        found.step = "QUIT"
        with suppress(SMTPException, OSError):
            await smtp.quit()
    except SMTPResponseException as error:
        found.code, found.trouble = error.code, f"{error.code} {error.message}"
    except (SMTPException, OSError, ValueError) as error:
        found.trouble = str(error) or type(error).__name__
    except Misconfigured as error:
        found.trouble = str(error)
    finally:
        smtp.close()
    return found


def _client(settings: MailSettings, context: ssl.SSLContext | None) -> SMTP:
    relay = settings.relay_at
    secure = relay.security != "smtp"
    return SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.security == "smtps",
        start_tls=relay.security == "smtp+starttls",
        tls_context=(context or ssl.create_default_context()) if secure else None,
        timeout=PATIENCE,
    )


def _look_at(smtp: SMTP, found: Findings) -> None:
    """Note whom we reached, and the certificate that was shown."""
    found.peer = smtp.get_transport_info("peername")[0]
    session = smtp.get_transport_info("ssl_object")
    if session is not None:
        found.tls = session.version() or ""
        ends = session.getpeercert().get("notAfter")
        found.expires = (
            datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None
        )


async def _introduce(smtp: SMTP, found: Findings) -> None:
    found.step = "EHLO"
    await smtp.ehlo()
    found.extensions, found.methods = smtp.esmtp_extensions, smtp.server_auth_methods


async def _log_in(smtp: SMTP, settings: MailSettings, found: Findings) -> None:
    if not settings.relay_user:
        return
    found.step = "AUTH"
    if settings.relay_auth == "xoauth2":
        if "xoauth2" not in found.methods:
            raise SMTPException("the relay does not offer XOAUTH2")
        await smtp.auth_xoauth2(settings.relay_user, settings.token)
    else:
        await smtp.login(settings.relay_user, settings.password)
    found.logged_in = True


async def _hand_over(smtp: SMTP, letter: Letter, found: Findings) -> None:
    utf8 = [b"SMTPUTF8"] if needs_smtputf8(letter.recipient) else []
    found.step = "MAIL"
    await _say(smtp, b"MAIL", b"FROM:<" + letter.sender.encode("ascii") + b">", *utf8)
    found.step = "RCPT"
    await _say(smtp, b"RCPT", b"TO:<" + letter.recipient.encode() + b">")
    if letter.content is None:
        await _say(smtp, b"RSET")
        return
    found.step = "DATA"
    answer = await smtp.data(letter.content)
    found.last = f"{answer.code} {answer.message}"


async def _say(smtp: SMTP, *words: bytes) -> None:
    answer = await smtp.execute_command(*words)
    if answer.code >= 400:  # noqa: PLR2004  classes of RFC 5321 4.2.1
        raise SMTPResponseException(answer.code, answer.message)
