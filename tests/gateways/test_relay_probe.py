"""The probe tells how far a talk with a real SMTP server went, and delivers nothing by itself."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from feedsvc.config import MailSettings
from feedsvc.gateways.relay_probe import Findings, Letter, probe
from tests.keys import Certificate, certificate

OURS = Letter("b+check@example.org", "news@example.org")
TOKEN = "ya29.token"


class Server:
    """Takes mail for example.org from who knows the password or the token."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.commands: list[str] = []

    async def handle_MAIL(  # noqa: N802  aiosmtpd names it
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        self.commands.append("MAIL")
        if not address.endswith("@example.org"):
            return "550 5.7.1 not your domain"
        envelope.mail_from = address
        return "250 fine"

    async def handle_RCPT(  # noqa: N802  same
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        self.commands.append("RCPT")
        if address.startswith("later"):
            return "450 4.2.0 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_RSET(self, _: SMTP, __: Session, ___: Envelope) -> str:  # noqa: N802  same
        self.commands.append("RSET")
        return "250 forgotten"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802  same
        self.taken.append(envelope)
        return "250 queued as 42"

    async def auth_XOAUTH2(self, _: SMTP, words: list[str]) -> AuthResult:  # noqa: N802  same
        expected = f"user=anna\x01auth=Bearer {TOKEN}\x01\x01"
        return AuthResult(success=base64.b64decode(words[1]).decode() == expected, handled=False)


def _knows(_: SMTP, __: Session, ___: Envelope, ____: str, said: Any) -> AuthResult:
    known = isinstance(said, LoginPassword) and said.password == b"sesame"
    return AuthResult(success=known, handled=False)


@asynccontextmanager
async def serving(
    server: Server, *, tls: ssl.SSLContext | None = None, wrapped: bool = False
) -> AsyncIterator[int]:
    """Run a server and give its port; `wrapped` in TLS, or offering STARTTLS when there is `tls`."""

    def protocol() -> SMTP:
        return SMTP(
            server,
            hostname="localhost",
            tls_context=None if wrapped else tls,
            authenticator=_knows,
            auth_require_tls=tls is not None and not wrapped,
            enable_SMTPUTF8=True,
        )

    loop = asyncio.get_running_loop()
    listening = await loop.create_server(
        protocol, "localhost", 0, ssl=tls if wrapped else None, family=2
    )
    try:
        yield int(listening.sockets[0].getsockname()[1])
    finally:
        listening.close()
        await listening.wait_closed()


async def plain(server: Server, letter: Letter = OURS, **settings: Any) -> Findings:
    async with serving(server) as port:
        relay = f"smtp://127.0.0.1:{port}"
        return await probe(MailSettings.model_validate({"relay": relay} | settings), letter)


@pytest.fixture
def shown(tmp_path: Path) -> Certificate:
    return certificate(tmp_path)


async def test_what_the_relay_offers_is_learnt() -> None:
    found = await plain(Server())
    assert {"size", "8bitmime", "smtputf8"} <= set(found.extensions)
    assert (found.step, found.trouble, found.peer, found.tls) == ("QUIT", "", "127.0.0.1", "")


async def test_a_probe_leaves_before_anything_is_sent() -> None:
    server = Server()
    await plain(server)
    assert server.commands == ["MAIL", "RCPT", "RSET"]
    assert server.taken == []


async def test_a_letter_with_content_is_handed_over() -> None:
    server = Server()
    content = b"Subject: x\r\n\r\n.hello\r\n"
    found = await plain(server, Letter("b@example.org", "anna@example.com", content))
    assert found.last == "250 queued as 42"
    assert [envelope.content for envelope in server.taken] == [content]


@pytest.mark.parametrize(
    ("letter", "step", "code"),
    [
        (Letter("b@example.com", "news@example.org"), "MAIL", 550),
        (Letter("b@example.org", "later@example.org"), "RCPT", 450),
    ],
)
async def test_a_refusal_is_told_with_its_step(letter: Letter, step: str, code: int) -> None:
    found = await plain(Server(), letter)
    assert (found.step, found.code) == (step, code)
    assert found.trouble.startswith(str(code))


async def test_where_nobody_listens_nothing_is_reached() -> None:
    async with serving(Server()) as port:
        pass
    found = await probe(MailSettings(relay=f"smtp://127.0.0.1:{port}"), OURS)
    assert not found.reached
    assert found.trouble


@pytest.mark.parametrize("kind", ["smtps", "smtp+starttls"])
async def test_tls_and_its_certificate_are_looked_at(shown: Certificate, kind: str) -> None:
    wrapped = kind == "smtps"
    async with serving(Server(), tls=shown.server(), wrapped=wrapped) as port:
        settings = MailSettings(relay=f"{kind}://localhost:{port}")
        found = await probe(settings, OURS, shown.client())
    assert (found.trouble, found.tls) == ("", "TLSv1.3")
    assert found.expires is not None
    assert timedelta(days=89) < found.expires - datetime.now(UTC) < timedelta(days=91)


@pytest.mark.parametrize("kind", ["smtps", "smtp+starttls"])
async def test_a_certificate_that_nobody_vouches_for_ends_it(shown: Certificate, kind: str) -> None:
    wrapped = kind == "smtps"
    async with serving(Server(), tls=shown.server(), wrapped=wrapped) as port:
        found = await probe(MailSettings(relay=f"{kind}://localhost:{port}"), OURS)
    assert not found.reached
    assert "certificate verify failed" in found.trouble


async def test_without_starttls_nothing_is_said_in_clear() -> None:
    server = Server()
    async with serving(server) as port:
        relay = f"smtp+starttls://localhost:{port}"
        settings = MailSettings(relay=relay, relay_user="anna", relay_password="sesame")
        found = await probe(settings, OURS)
    assert not found.reached
    assert "STARTTLS" in found.trouble
    assert server.commands == []


@pytest.mark.parametrize(
    ("password", "step", "code"), [("sesame", "QUIT", None), ("guess", "AUTH", 535)]
)
async def test_a_password_is_tried(password: str, step: str, code: int | None) -> None:
    found = await plain(Server(), relay_user="anna", relay_password=password)
    assert (found.step, found.code, found.logged_in) == (step, code, code is None)


@pytest.mark.parametrize(("token", "step", "code"), [(TOKEN, "QUIT", None), ("old", "AUTH", 535)])
async def test_a_token_is_tried(tmp_path: Path, token: str, step: str, code: int | None) -> None:
    file = tmp_path / "token"
    file.write_text(token)
    found = await plain(
        Server(), relay_auth="xoauth2", relay_user="anna", relay_token_file=str(file)
    )
    assert (found.step, found.code, found.logged_in) == (step, code, code is None)


async def test_a_token_file_that_is_not_there_is_named() -> None:
    found = await plain(
        Server(), relay_auth="xoauth2", relay_user="anna", relay_token_file="/nowhere/token"
    )
    assert (found.step, found.logged_in) == ("AUTH", False)
    assert "relay_token_file" in found.trouble
