"""Many mails and one relay: a crowd at one domain, and some others elsewhere."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, func, select

from feedsvc.actions import crowd
from feedsvc.domain.tables.ledger import Mail, MailKind
from feedsvc.sender import Sender
from tests.sender.scripted import ScriptedRelay
from tests.sender.trial import Trial, trial
from tests.world import World, world


class At:
    """Whoever has an address at a domain."""

    def __init__(self, domain: str) -> None:
        self._end = f"@{domain}"

    def __contains__(self, address: object) -> bool:
        return str(address).endswith(self._end)


CROWD = At(crowd.DOMAIN)


@asynccontextmanager
async def crowded(
    folder: Path,
    scripted: ScriptedRelay,
    number: int,
    *others: str,
    url: str = "",
    **mail: Any,
) -> AsyncIterator[Trial]:
    """Plan a mail to so many, and to some others behind them."""
    await scripted.start()
    settings = {"connections": 1, "canary_percent": 0} | mail
    settings["relay"] = f"smtp://127.0.0.1:{scripted.port}"
    with world(url or f"sqlite:///{folder / 'feedsvc.db'}", folder, mail=settings) as here:
        gather(here, number, *others)
        here.post()
        here.pass_time(minutes=11)
        async with trial(here, scripted) as made:
            yield made


def gather(here: World, number: int, *others: str) -> None:
    """Let so many sign, and some others after them."""
    here.campaign()
    pieces = (here.here.keys, here.here.settings)
    here.write(crowd.add_crowd, "river", *pieces, count=number, now=here.now)
    for address in others:
        here.join(address)
    here.send()


def states(here: World, kind: MailKind = MailKind.DIGEST) -> Counter[str]:
    """Count the mails by what their rows say."""

    def counted(session: Session) -> Counter[str]:
        rows = session.exec(
            select(Mail.state, func.count()).where(Mail.kind == kind).group_by(col(Mail.state))
        )
        return Counter({str(state): number for state, number in rows.all()})

    found = here.read(counted)
    assert isinstance(found, Counter)
    return found


def held(here: World) -> int:
    """Count the mails that somebody has claimed."""
    claimed = select(func.count()).where(col(Mail.worker_id).is_not(None))
    return int(here.read(lambda session: session.exec(claimed).one()))


def twice(scripted: ScriptedRelay) -> list[str]:
    """Name those whose mail has wholly arrived more than once."""
    arrived = Counter(one.recipients[0] for one in scripted.heard if one.taken)
    return [address for address, copies in arrived.items() if copies > 1]


async def restart(here: Trial) -> None:
    """Stop the sender and start another, as after a deploy."""
    await here.sender.stop()
    here.sender = Sender(here.world.here, here.world.clock)
    await here.sender.start()
