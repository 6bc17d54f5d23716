"""The whole story on embedded defaults: post an update over HTTP, and read the mail it became."""

import asyncio
import fcntl
import logging
import re
import shutil
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
from rich.console import Console
from rich.markup import escape

from feedsvc import app, config
from feedsvc.actions import keys as staff_keys
from feedsvc.app import Role
from feedsvc.commands.books import in_words
from feedsvc.commands.content import load_all
from feedsvc.commands.opening import MADE
from feedsvc.commands.serve import listening, log_as_lines, server
from feedsvc.domain.tables.staff import Scope
from feedsvc.errors import FeedsvcError, Misconfigured
from feedsvc.gateways import files
from feedsvc.gateways.catcher import LOOPBACK, Catcher, Caught
from feedsvc.gateways.installation import Installation
from feedsvc.records.books import books
from feedsvc.web.outbox import outbox_routes

FOLDER = Path("data/demo")
PORT = 8000
CAMPAIGN = "khan-sheikhoun"
PATIENCE = 60.0
SIGNERS = (
    {"email": "salma@example.org", "name": "سلمى الخطيب", "language": "ar"},
    {"email": "jordan@example.org", "name": "Jordan O’Neill", "language": "en"},
)
UPDATE: dict[str, Any] = {
    "title": "A demonstration update: the mechanism has begun its work",
    "body": (
        "This update was posted by `feedsvc demo` through the JSON API, to show the whole way: "
        "stored, shown on the page, published in three feeds, and mailed to those who asked.\n\n"
        "It is made up. The campaign it is posted to is a summary of public facts."
    ),
    "summary": "Posted by the demo through the JSON API.",
    "texts": {
        "ar": {
            "title": "تحديث تجريبي: الآلية بدأت عملها",
            "body": (
                "نشر الأمر `feedsvc demo` هذا التحديث عبر واجهة JSON ليُظهر الطريق كله: يُحفظ، ويظهر في "
                "الصفحة، ويُنشر في ثلاث خلاصات، ويصل بالبريد إلى من طلبوه.\n\n"
                "هذا التحديث من نسج الخيال، أما الحملة التي نُشر فيها فملخص لوقائع منشورة."
            ),
        }
    },
}

console = Console(highlight=False, soft_wrap=True)


def demo(
    *,
    once: Annotated[
        bool,
        typer.Option("--once", help="Stop when the digest has arrived; exit 1 if it does not."),
    ] = False,
    port: Annotated[
        int | None, typer.Option(help=f"Where to serve; {PORT}, or a free one when it is taken.")
    ] = None,
) -> None:
    """Show the whole story in a fresh folder data/demo/: nothing to set up, no mail leaves this machine."""
    log_as_lines(logging.WARNING)
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with FOLDER.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Misconfigured(
                "Another demo is running in this folder.", remedy="Stop it first (Ctrl-C)."
            ) from error
        shutil.rmtree(FOLDER, ignore_errors=True)
        with _door(port) as door:
            arrived = asyncio.run(_demo(door, once=once))
    raise typer.Exit(0 if arrived else 1)


async def _demo(door: socket.socket, *, once: bool) -> bool:
    catcher = Catcher(_now)
    smtp = await catcher.start()
    here = app.ready(_settings(door.getsockname()[1], smtp))
    console.print(escape(MADE.format(file=here.settings.keys.file)))
    web = server(here, Role.ALL, more=outbox_routes(catcher))
    serving = asyncio.create_task(web.serve([door]))
    try:
        await _until(lambda: web.started or serving.done(), "the service has started")
        arrived = await _story(here, catcher)
        if arrived and not once:
            console.print("\nStill serving. Look around; stop with Ctrl-C.")
            await serving
    except FeedsvcError as error:
        console.print(f"[red]{escape(str(error))}[/red]")
        arrived = False
    finally:
        web.should_exit = True
        await serving
        here.close()
        await catcher.stop()
    return arrived


async def _story(here: Installation, catcher: Catcher) -> bool:
    base = here.settings.site.base_url
    await asyncio.to_thread(_load, here)
    _step("Loaded the two campaigns of updates/.")
    async with aiohttp.ClientSession(base) as http:
        for signer in SIGNERS:
            await _join(http, catcher, signer)
        _step("Two people signed, received “please confirm”, and confirmed.")
        posted = await _post(http, _staff_key(here))
        _step(f"Posted an update through the JSON API: {posted['url']}")
    expected = {signer["email"] for signer in SIGNERS}
    digests = await _digests(catcher, expected)
    _step("The digest has arrived.")
    await _settled(here)
    balanced = _show(here, digests, posted)
    return balanced and {mail.recipient for mail in digests} == expected


def _settings(port: int, smtp: int) -> config.Settings:
    """Set everything by hand: a config.toml for real use must not send the demo's mail anywhere."""
    return config.read(
        files.shipped("config.toml"),
        site={"name": "feedsvc demo", "base_url": f"http://{LOOPBACK}:{port}"},
        http={"host": LOOPBACK, "port": port},
        database={"url": f"sqlite:///{FOLDER / 'feedsvc.db'}"},
        keys={"file": FOLDER / "feedsvc.keys"},
        mail={"relay": f"smtp://{LOOPBACK}:{smtp}", "from_address": "updates@example.org"},
        digest={"settle_seconds": 1},
    )


def _load(here: Installation) -> None:
    load_all(here, files.read(files.shipped("updates")), now=_now())


async def _join(http: aiohttp.ClientSession, catcher: Catcher, signer: dict[str, str]) -> None:
    wish = signer | {"updates": True}
    async with http.post(f"/c/{CAMPAIGN}/sign", json=wish) as answer:
        answer.raise_for_status()
    mail = await _mail_to(catcher, signer["email"])
    link = re.search(r"https?://\S+/confirm/\S+", mail.part("plain"))
    if link is None:
        raise Misconfigured("The confirm mail holds no link.")
    async with http.post(link[0]) as answer:
        answer.raise_for_status()


async def _post(http: aiohttp.ClientSession, secret: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "demo-1"}
    path = f"/api/campaigns/{CAMPAIGN}/updates"
    async with http.post(path, json=UPDATE, headers=headers) as answer:
        answer.raise_for_status()
        posted: dict[str, Any] = await answer.json()
        return posted


def _staff_key(here: Installation) -> str:
    scopes = [Scope.UPDATES_READ, Scope.UPDATES_WRITE, Scope.UPDATES_PUBLISH]
    _, secret = here.database.write_now(
        staff_keys.create_key, "demo", scopes=scopes, by="demo", now=_now()
    )
    return secret


async def _mail_to(catcher: Catcher, address: str) -> Caught:
    def found() -> list[Caught]:
        return [mail for mail in catcher.mails if mail.recipient == address]

    await _until(lambda: bool(found()), f"mail to {address}")
    return found()[-1]


async def _digests(catcher: Catcher, expected: set[str]) -> list[Caught]:
    def found() -> list[Caught]:
        return [mail for mail in catcher.mails if mail.message["List-Unsubscribe"]]

    await _until(lambda: {mail.recipient for mail in found()} >= expected, "the digest")
    return found()


async def _settled(here: Installation) -> None:
    """Wait until the last outcome is marked: the catcher knows of a mail before the books do."""

    def in_hand() -> int:
        return sum(sum(one.in_hand.values()) for one in here.database.read_now(books))

    await _until(lambda: in_hand() == 0, "the books")


async def _until(done: Callable[[], bool], what: str) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while not done():
        if loop.time() > end:
            raise Misconfigured(f"Waited {PATIENCE:.0f} seconds in vain for {what}.")
        await asyncio.sleep(0.05)


def _show(here: Installation, digests: list[Caught], posted: dict[str, Any]) -> bool:
    base = here.settings.site.base_url
    _list(
        "Pages",
        [f"{base}/", f"{base}/c/{CAMPAIGN}", f"{base}/c/attribute-responsibility", posted["url"]],
    )
    _list("Feeds", [f"{base}/c/{CAMPAIGN}.{suffix}" for suffix in ("atom", "rss", "json")])
    _list("Update", [f"{posted['title']} (id {posted['id']}, {posted['feed_id']})"])
    _list(f"Mails that arrived (read them at {base}/outbox)", [_mail(mail) for mail in digests])
    found = here.database.read_now(books)
    _list("Books", [line for one in found for line in in_words(one).splitlines()])
    return all(one.balanced for one in found)


def _mail(mail: Caught) -> str:
    message = mail.message
    return f"{mail.recipient} · {message['Subject']} · {message['Message-ID']}"


def _list(heading: str, lines: list[str]) -> None:
    console.print(f"\n[bold]{escape(heading)}[/bold]")
    for line in lines:
        console.print(f"  {escape(line)}")


def _step(words: str) -> None:
    console.print(f"• {escape(words)}")


def _now() -> datetime:
    return datetime.now(UTC)


def _door(port: int | None) -> socket.socket:
    """Open the port that was asked for, else the usual one, else any that is free."""
    if port is not None:
        return listening(LOOPBACK, port)
    try:
        return listening(LOOPBACK, PORT)
    except Misconfigured:
        return listening(LOOPBACK, 0)
