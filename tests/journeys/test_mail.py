"""The mail as it arrives: what it says, and that its one click works."""

import asyncio
import re
from email.message import EmailMessage
from pathlib import Path

import httpx2

from feedsvc.actions import keys
from feedsvc.domain.tables.staff import Scope
from feedsvc.gateways import files
from feedsvc.records.books import books
from feedsvc.web import api
from tests.journeys.mailing import mailing
from tests.web.visiting import visitor
from tests.world import World

SIGNATORIES = files.read(files.shipped("updates")).folders
CLICK = {"List-Unsubscribe": "One-Click"}


def one_click(message: EmailMessage) -> str:
    """Find the URI that a mail program would post to (RFC 8058)."""
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<(https?://[^>]+)>", str(message["List-Unsubscribe"]))
    assert found is not None
    return found[1]


async def test_one_click_from_the_delivered_mail_stops_the_next(
    database_url: str, tmp_path: Path
) -> None:
    async with mailing(database_url, tmp_path) as sending, visitor(sending.world) as browser:
        here = sending.world
        here.campaign()
        here.join("anna@example.org")
        here.join("zoe@example.org")
        await sending.deliver()
        here.post(title="First")
        first = {mail.recipient: mail.message for mail in await sending.deliver()}
        assert first.keys() == {"anna@example.org", "zoe@example.org"}

        here.post(title="Second")
        await here.tick()
        uri = one_click(first["anna@example.org"])
        assert (await browser.get(uri)).status_code == 200
        assert here.read(books)[0].withheld == {}
        assert (await browser.post(uri, data=CLICK)).status_code == 200
        second = await sending.deliver()
        assert [mail.recipient for mail in second] == ["zoe@example.org"]
        newest = here.read(books)[0]
        assert (newest.sent, newest.withheld, newest.balanced) == (1, {"left": 1}, True)


async def test_twenty_equal_posts_mail_everyone_once(database_url: str, tmp_path: Path) -> None:
    async with mailing(database_url, tmp_path) as sending:
        here = sending.world
        here.campaign()
        for name in ("anna", "zoe", "omar"):
            here.join(f"{name}@example.org")
        await sending.deliver()
        async with visitor(here, more=api.routes) as client:
            secret = _secret(here)
            answers = await asyncio.gather(*(_post(client, secret) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        arrived = [mail.recipient for mail in await sending.deliver()]
        assert sorted(arrived) == ["anna@example.org", "omar@example.org", "zoe@example.org"]


def _secret(here: World) -> str:
    scopes = [Scope.UPDATES_WRITE, Scope.UPDATES_PUBLISH]
    _, secret = here.write(keys.create_key, "staff", scopes=scopes, by="test", now=here.now)
    return str(secret)


async def _post(client: httpx2.AsyncClient, secret: str) -> httpx2.Response:
    update = {"title": "News", "body": "All about it."}
    headers = {"Idempotency-Key": "twenty", "Authorization": f"Bearer {secret}"}
    return await client.post("/api/campaigns/river/updates", json=update, headers=headers)


async def test_signatories_stand_right_in_the_mail(database_url: str, tmp_path: Path) -> None:
    (folder,) = [one for one in SIGNATORIES if one.signatories]
    async with mailing(database_url, tmp_path) as sending:
        here = sending.world
        here.campaign()
        here.join("anna@example.org")
        await sending.deliver()
        here.post(title="Who signed", body="\n\n".join(folder.signatories))
        (mail,) = await sending.deliver()
        text = [line for line in mail.part("plain").splitlines() if line in folder.signatories]
        assert tuple(text) == tuple(folder.signatories)
        html = mail.part("html")
        assert ">11.11.11</p>" in html
        assert "Relief &amp; Reconciliation International AISBL" in html
        assert "Syrians for Truth and Justice-STJ سوريايون من أجل الحقيقة والعدالة" in html
