"""The sender signs what it sends when it has a key (M15); a verifier of others believes it."""

from pathlib import Path
from typing import Any

import dkim

from tests.journeys.mailing import mailing
from tests.keys import rsa_pem


async def test_each_mail_arrives_with_a_signature_that_is_believed(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path, **signed(tmp_path)) as sending:
        here = sending.world
        here.campaign(title="Ärger & “Marks”")
        for name, address in (("Zoë", "zoe@example.org"), ("سلمى", "salma@example.org")):
            here.join(address, name=name)
        await sending.deliver()
        here.post(title="خبر جديد", body="= a line.\n.\nFrom here on.")
        caught = await sending.deliver()
        record = here.here.dkim.record.encode() if here.here.dkim else b""
        assert {mail.recipient for mail in caught} == {"zoe@example.org", "salma@example.org"}
        assert all(dkim.verify(mail.raw, dnsfunc=lambda *_, **__: record) for mail in caught)


async def test_a_mail_that_is_tried_again_has_the_same_signature(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with mailing(sqlite_url, tmp_path, **signed(tmp_path)) as sending:
        here = sending.world
        here.campaign()
        here.sign_up("anna@example.org")
        [first] = await sending.deliver()
        here.write(lambda s: s.connection().exec_driver_sql(AGAIN))
        [second] = await sending.deliver()
        assert first.raw == second.raw
        assert b"DKIM-Signature" in first.raw


AGAIN = "UPDATE mail SET state = 'queued', due_at = planned_at"


def signed(folder: Path) -> dict[str, Any]:
    """Settings with a key of our own."""
    file = folder / "dkim.pem"
    file.write_bytes(rsa_pem())
    file.chmod(0o600)
    return {
        "dkim": "service",
        "dkim_selector": "test",
        "dkim_key_file": file,
        "dkim_domain": "example.org",
        "from_address": "updates@example.org",
    }
