"""A world whose mail is really sent, to a real SMTP server that catches it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import NOT_STARTED, Mail, MailState
from feedsvc.gateways.catcher import Catcher, Caught
from feedsvc.sender import Sender
from tests.world import START, World, world

PATIENCE = 20.0


class Mailing:
    """A world, its sender and what has been caught."""

    def __init__(self, here: World, catcher: Catcher) -> None:
        self.world = here
        self.catcher = catcher

    async def deliver(self) -> list[Caught]:
        """Let what is waiting settle and be sent; return what has arrived since."""
        before = len(self.catcher.mails)
        self.world.pass_time(minutes=11)
        await self.world.tick()
        sender = Sender(self.world.here, self.world.clock)
        await sender.start()
        async with asyncio.timeout(PATIENCE):
            while self.world.read(_in_hand):  # noqa: ASYNC110 - the last mark rings no bell
                await asyncio.sleep(0.02)
        await sender.stop()
        return self.catcher.mails[before:]


@asynccontextmanager
async def mailing(
    database_url: str,
    folder: Path,
    catcher: Catcher | None = None,
    *,
    welcome: bool = False,
    **settings: Any,
) -> AsyncIterator[Mailing]:
    """Open a world that sends to a catcher of its own; `settings` are those of mail.

    `welcome`: it says to those who join late where their campaigns stand.
    """
    catcher = catcher or Catcher(lambda: START)
    port = await catcher.start()
    mail = {"relay": f"smtp://127.0.0.1:{port}"} | settings
    with world(database_url, folder, mail=mail, digest={"welcome": welcome}) as here:
        yield Mailing(here, catcher)
    await catcher.stop()


def _in_hand(session: Session) -> bool:
    started = select(Mail.id).where(col(Mail.state).in_([*NOT_STARTED, MailState.SENDING]))
    return session.exec(started.limit(1)).first() is not None
