"""Three people, one mail each, and a relay with a script: what becomes of which row."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from feedsvc.domain.outcome import Stage
from feedsvc.domain.tables.ledger import Mail, MailKind, Notice
from feedsvc.domain.tables.people import Suppression
from feedsvc.gateways import pipeline, relay
from feedsvc.sender import Sender, claiming, lane, pace, sender
from tests.sender.scripted import Act, ScriptedRelay, Step
from tests.world import World, world

ANNA, BERT, ZOE = "anna@example.org", "bert@example.org", "zoe@example.org"
EVERYBODY = (ANNA, BERT, ZOE)
IMPATIENCE = 0.3
PATIENCE = 8.0


@dataclass(frozen=True)
class Fate:
    """What a row says: state, why, counted attempts, and between which seconds it is due again."""

    state: str
    reason: str | None = None
    attempts: int = 1
    wait: tuple[float, float] | None = None


SENT = Fate("sent")
LATER = Fate("queued", None, 0, (1, 300))  # our trouble: uncounted, soon again
DEFERRED = Fate("deferred", None, 1, (240, 360))
THEIRS = Fate("refused", "theirs", 1)
OURS = Fate("refused", "ours", 0)
UNKNOWN = Fate("unknown", None, 1, (900, 900))
AGAIN = SENT  # sent at the second try, and only that counts
STEPS = (Step.MAIL, Step.RCPT, Step.DATA, Step.DOT)
CAUTIOUS = pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])


@dataclass(frozen=True)
class Posted:
    """A database and its keys in which a mail to everybody waits, to be copied."""

    folder: Path
    now: datetime

    @contextmanager
    def copy(self, folder: Path, **mail: Any) -> Iterator[World]:
        """Open a world of one's own."""
        for file in ("feedsvc.db", "feedsvc.keys"):
            shutil.copy2(self.folder / file, folder / file)
        with world(f"sqlite:///{folder / 'feedsvc.db'}", folder, mail=mail) as here:
            here.now = self.now
            yield here


def post_to_everybody(
    here: World, *, addresses: tuple[str, ...] = EVERYBODY, body: str = "All is well."
) -> None:
    """Plan one mail to each; their confirm mails are out of the way."""
    here.campaign()
    for address in addresses:
        here.join(address)
    here.send()
    here.post(body=body)
    here.pass_time(minutes=11)


class Trial:
    """A world, its sender and its relay."""

    def __init__(self, here: World, scripted: ScriptedRelay) -> None:
        self.world = here
        self.relay = scripted
        self.sender = Sender(here.here, here.clock)
        self.started = False

    async def start(self) -> None:
        """Start the sender, when the script is written."""
        self.started = True
        await self.sender.start()

    def on(self, step: Step, act: Act, whom: str = "", *, times: int = 1, skip: int = 0) -> None:
        """Let something happen at a step of somebody's mail, or of any."""
        self.relay.on(step, act, self._names(whom) if whom else None, times=times, skip=skip)

    def fate(self, address: str) -> Fate:
        """Return what somebody's row says."""
        mail = self.mail(address)
        assert mail.due_at is None or mail.state not in {"sent", "refused"}
        wait = (mail.due_at - self.world.now).total_seconds() if mail.due_at else None
        between = None if wait is None else (wait, wait)
        return Fate(mail.state, mail.reason, mail.attempts, between)

    def mail(self, address: str) -> Mail:
        """Return somebody's row."""
        signer = self.world.signer_id(address)
        first = select(Mail).where(Mail.signer_id == signer, Mail.kind == MailKind.DIGEST)
        found = self.world.read(lambda s: s.exec(first.order_by(col(Mail.id))).first())
        assert isinstance(found, Mail)
        return found

    def meets(self, address: str, fate: Fate) -> bool:
        """Whether somebody's row says this, and nobody holds it."""
        found, wanted = self.fate(address), fate.wait
        if (found.wait is None) != (wanted is None) or self.mail(address).worker_id is not None:
            return False
        if found.wait and wanted and not wanted[0] <= found.wait[0] <= wanted[1]:
            return False
        return (found.state, found.reason, found.attempts) == (
            fate.state,
            fate.reason,
            fate.attempts,
        )

    async def comes_to(self, **fates: Fate) -> None:
        """Wait until the rows of anna, bert and zoe say this; fail when they do not."""
        await self.all_come_to({f"{name}@example.org": fate for name, fate in fates.items()})

    async def all_come_to(self, wanted: Mapping[str, Fate], seconds: float = PATIENCE) -> None:
        """Wait until the rows of some people say this; fail when they do not."""
        others = dict(wanted)

        def arrived() -> bool:
            for address in [one for one, fate in others.items() if self.meets(one, fate)]:
                del others[address]
            return not others and all(self.meets(*item) for item in wanted.items())

        try:
            await self.until(arrived, seconds)
        except TimeoutError:
            wrong = [one for one in wanted if not self.meets(one, wanted[one])]
            found = {one: self.fate(one) for one in wrong}
            assert found == {one: wanted[one] for one in wrong}, self.replies(wrong)
            raise

    def replies(self, addresses: Sequence[str]) -> list[str | None]:
        """Return what the rows of some people keep of the last reply."""
        return [self.mail(address).reply for address in addresses]

    async def until(self, seen: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until something is seen."""
        async with asyncio.timeout(seconds):
            while not seen():  # noqa: ASYNC110  rows ring no bell
                await asyncio.sleep(0.02)

    async def settles(self, seconds: float = 0.3) -> None:
        """Give what should not happen the time to happen."""
        await asyncio.sleep(seconds)

    def copies(self, address: str) -> list[bytes]:
        """Return the bytes of each mail that has wholly arrived for somebody."""
        return [one.body for one in self.relay.of(address)]

    async def post_more(self, title: str) -> None:
        """Post another update, and wait until everybody has it."""
        sent = self.sender.pace.sent
        self.world.post(title=title)
        self.world.pass_time(minutes=11)
        await self.world.tick()
        await self.until(lambda: self.sender.pace.sent == sent + len(EVERYBODY))

    def each_has_one_mail(self) -> bool:
        """Whether everybody's mail has wholly arrived once, and is one that they can read."""
        return all(
            [b"List-Unsubscribe:" in body for body in self.copies(address)] == [True]
            for address, _ in self.world.mails()
        )

    def untouched(self) -> bool:
        """Whether no mail has been tried at all, as far as its row says."""
        return all(
            (mail.state, mail.attempts, mail.reply) == ("queued", 0, None)
            for _, mail in self.world.mails()
        )

    def blamed(self) -> list[str]:
        """Name those whose refusal is their own; nobody is ever suppressed by what a relay says."""
        assert self.world.read(_suppressions) == 0
        return [address for address, mail in self.world.mails() if mail.reason == "theirs"]

    def halted(self) -> str:
        """Return why the mailing was halted, or nothing."""
        return self.world.read(lambda s: s.exec(select(Notice.halted)).one()) or ""

    def _names(self, address: str) -> set[str]:
        """Return the names a transaction has: who it is for and the sender that it alone has."""
        values = self.world.values(self.mail(address))
        return {address, f"b+{values['bounce']}@{self.world.here.settings.mail.bounces_at}"}


@asynccontextmanager
async def trial(here: World, scripted: ScriptedRelay) -> AsyncIterator[Trial]:
    """Plan what is due, and stop in the end what was started."""
    await here.tick()
    made = Trial(here, scripted)
    try:
        yield made
    finally:
        if made.started:
            await made.sender.stop()
        await scripted.stop()
    assert not scripted.faults
    assert scripted.pipelining or not scripted.ahead


@asynccontextmanager
async def copied(
    posted: Posted, folder: Path, scripted: ScriptedRelay, scheme: str = "smtp", **mail: Any
) -> AsyncIterator[Trial]:
    """Begin with three mails and one connection: bert's goes between anna's and zoe's."""
    await scripted.start()
    address = f"{scheme}://127.0.0.1:{scripted.port}"
    with posted.copy(folder, **{"relay": address, "connections": 1} | mail) as here:
        async with trial(here, scripted) as made:
            yield made


@asynccontextmanager
async def begun(
    database_url: str,
    folder: Path,
    scripted: ScriptedRelay,
    *addresses: str,
    connections: int = 1,
) -> AsyncIterator[Trial]:
    """Begin with an empty database of either kind."""
    await scripted.start()
    mail = {"relay": f"smtp://127.0.0.1:{scripted.port}", "connections": connections}
    with world(database_url, folder, mail=mail) as here:
        post_to_everybody(here, addresses=addresses or EVERYBODY)
        async with trial(here, scripted) as made:
            yield made


def hurry(patch: pytest.MonkeyPatch, impatience: float = IMPATIENCE) -> None:
    """Shorten all that takes long in life: rests, looks, and patience."""
    for stage in (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT):
        patch.setitem(relay.PATIENCE, stage, impatience)
    patch.setattr(relay, "CONNECT", impatience)
    patch.setattr(pipeline, "PROGRESS", impatience)
    patch.setattr(pace, "FIRST_REST", 0.05)
    patch.setattr(pace, "LONGEST_REST", 0.2)
    patch.setattr(lane, "TRY_AGAIN", 0.02)
    patch.setattr(claiming, "LOOK", 0.05)
    patch.setattr(claiming, "LOOK_BACK", 0.1)
    patch.setattr(sender, "LOOK", 0.05)
    patch.setattr(sender, "PAUSE", 0.02)


def _suppressions(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Suppression)).one()
