"""A connection logs in by password or by token, and a refusal is a reply, not an error."""

from pathlib import Path
from typing import Any

from feedsvc.config import MailSettings
from feedsvc.domain.outcome import Stage
from feedsvc.gateways.relay import Connection, Envelope, Reply
from tests.gateways.test_relay_probe import TOKEN, Server, serving

PASSWORD = {"relay_user": "anna", "relay_password": "sesame"}


async def opened(server: Server, **settings: Any) -> tuple[Connection, Reply, Reply | None]:
    """Open a connection and send a mail through it, if it lets us."""
    async with serving(server) as port:
        relay = {"relay": f"smtp://127.0.0.1:{port}"}
        connection = Connection(MailSettings.model_validate(relay | settings))
        reply = await connection.open()
        taken = await _sent(connection) if reply.good else None
        await connection.close()
        return connection, reply, taken


async def _sent(connection: Connection) -> Reply:
    connection.announce(Envelope("b+1@example.org", "zoe@example.org", 100))
    assert (await connection.admitted()).good
    connection.hand_over(b"Subject: Hello\r\n\r\nHello\r\n")
    return await connection.taken()


def token(folder: Path, words: str) -> dict[str, str]:
    """Settings with this token in its file."""
    file = folder / "token"
    file.write_text(words)
    return {"relay_auth": "xoauth2", "relay_user": "anna", "relay_token_file": str(file)}


async def test_a_mail_goes_out_after_a_login() -> None:
    server = Server()
    _, reply, taken = await opened(server, **PASSWORD)
    assert (reply.good, taken and taken.code, len(server.taken)) == (True, 250, 1)


async def test_a_token_is_read_anew_for_each_connection(tmp_path: Path) -> None:
    _, refused, _ = await opened(Server(), **token(tmp_path, "old"))
    _, reply, taken = await opened(Server(), **token(tmp_path, TOKEN))
    assert (refused.stage, refused.code, refused.good) == (Stage.EHLO, 535, False)
    assert (reply.good, taken and taken.code) == (True, 250)


async def test_a_password_that_is_refused_is_a_reply() -> None:
    connection, reply, _ = await opened(Server(), **PASSWORD | {"relay_password": "wrong"})
    assert (reply.stage, reply.code, connection.alive) == (Stage.EHLO, 535, False)


async def test_a_token_file_that_is_missing_is_named() -> None:
    settings = {"relay_auth": "xoauth2", "relay_user": "anna", "relay_token_file": "/nowhere/token"}
    _, reply, _ = await opened(Server(), **settings)
    assert (reply.code, "relay_token_file" in reply.text) == (None, True)
