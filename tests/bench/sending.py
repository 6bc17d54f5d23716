"""Our sender, alone in a process: from the queued rows of a folder to their durable marks.

python -m tests.bench.sending FOLDER PORT MAILS CONNECTIONS [--sign]
"""

import argparse
import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop
from sqlmodel import Session, col, select

from feedsvc.commands.serve import spare_the_collector
from feedsvc.domain.tables.ledger import Mail, MailState
from feedsvc.records.books import books
from feedsvc.sender import Sender
from tests.bench.crowd import opened
from tests.bench.figures import Figures, Meter
from tests.bench.planned import KEY
from tests.world import World

SLOWEST = 20
"""Mails a second below which we give up waiting, after a minute."""


async def send(here: World, mails: int) -> Figures:
    """Send them all; the last one counts when its mark is on disk."""
    sender = Sender(here.here, lambda: datetime.now(UTC))
    meter = Meter()
    await sender.start()
    async with asyncio.timeout(60 + mails / SLOWEST):
        while sender.pace.sent < mails or await here.here.database.read(_unmarked):  # noqa: ASYNC110 - the sender has no bell for the last mail
            await asyncio.sleep(0.01)
    figures = meter.read(mails)
    await sender.stop()
    return figures


def mail_settings(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the settings: nothing holds the mails back."""
    relay = {"relay": f"smtp://127.0.0.1:{asked.port}", "connections": asked.connections}
    return relay | {"canary_percent": 0} | (_signed(asked.folder) if asked.sign else {})


def _signed(folder: Path) -> dict[str, Any]:
    return {"dkim": "service", "dkim_selector": "bench", "dkim_key_file": folder / KEY}


def _unmarked(session: Session) -> bool:
    unmarked = select(Mail.id).where(col(Mail.state) != MailState.SENT)
    return session.exec(unmarked.limit(1)).first() is not None


def main() -> None:
    """Send, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    for number in ("port", "mails", "connections"):
        parser.add_argument(number, type=int)
    parser.add_argument("--sign", action="store_true")
    asked = parser.parse_args()
    with opened(asked.folder, mail=mail_settings(asked)) as here:
        spare_the_collector()  # as `serve` does
        figures = uvloop.run(send(here, asked.mails))
        (found,) = here.read(books)
        assert found.sent == asked.mails, found
        assert found.balanced, found
    figures.tell()


if __name__ == "__main__":
    main()
