"""One connection to the relay and the mails that go through it, one after the other.

No mail starts before the outcome of the one before it is on disk, and both share that commit: so a
crash leaves at most one mail per connection in doubt.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import orjson
import structlog
from sqlmodel import Session

from feedsvc.actions import deliver
from feedsvc.actions.deliver import Claim, Mark
from feedsvc.domain.mime import Skeleton
from feedsvc.domain.outcome import Kind, Outcome, Stage, outcome_of, scrub
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.tables.ledger import Digest
from feedsvc.errors import FeedsvcError, Unavailable
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.relay import NEEDS_SMTPUTF8, Connection, Reply
from feedsvc.records.links import BOUNCE
from feedsvc.sender.pace import Pace

T = TypeVar("T")

BATCH = 20
SKELETONS = 64
OUR_FAULT = Reply(Stage.MAIL, None, "the mail could not be put together")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to hand over."""

    sender: str
    recipient: str
    message: bytes


class Lane:
    """Carries mails through one connection."""

    def __init__(
        self, here: Installation, clock: Callable[[], datetime], number: int, pace: Pace
    ) -> None:
        self._here = here
        self._clock = clock
        self._number = number
        self._pace = pace
        self._relay: Connection | None = None
        self._skeletons: dict[int, Skeleton] = {}
        self._wait = timedelta(seconds=here.settings.mail.unknown_wait_seconds)

    async def carry(self, worker_id: int) -> int:
        """Claim a batch and carry it; return how many mails were claimed."""
        database, number = self._here.database, self._number
        batch = await database.write(
            deliver.claim, worker_id, number, limit=BATCH, now=self._clock()
        )
        if not batch:
            return 0
        done: Mark | None = None
        try:
            for claim in batch:
                if not await self._ready():
                    break
                letter = await self._letter(claim)
                await self._pace.turn()
                if await self._mark(worker_id, done, claim.mail_id):
                    done = await self._hand_over(claim, letter)
                else:
                    done = None
        finally:
            await self._mark(worker_id, done, None)
            await self._insistently(lambda: database.write(deliver.release, worker_id, number))
        return len(batch)

    async def close(self) -> None:
        """Say goodbye to the relay."""
        if self._relay is not None:
            await self._relay.close()
            self._relay = None

    async def _ready(self) -> bool:
        """See that the connection is up; its trouble touches no mail."""
        if not self._pace.going:
            return False
        if self._relay is not None and self._relay.alive:
            return True
        relay = Connection(self._here.settings.mail)
        reply = await relay.open()
        if reply.good:
            self._pace.well()
            self._relay = relay
            return True
        await relay.close()
        self._pace.trouble(outcome_of(reply.stage, reply.code, text=reply.text), scrub(reply.text))
        return False

    async def _letter(self, claim: Claim) -> Letter | None:
        """Splice a mail; None when it cannot be: it is refused alone and stops nobody else."""
        bounces_at = self._here.settings.mail.bounces_at
        try:
            values = orjson.loads(self._here.keys.unseal(claim.sealed, Sealed.MAIL))
            skeleton = await self._skeleton(claim.digest_id)
            sender = f"b+{values[BOUNCE]}@{bounces_at}"
            return Letter(sender, values["address"], skeleton.splice(values))
        except Unavailable:
            raise
        except (FeedsvcError, LookupError, ValueError) as error:
            log.error(  # noqa: TRY400  the trace may hold what the mail says
                "mail cannot be put together", mail=claim.mail_id, problem=type(error).__name__
            )
            return None

    async def _skeleton(self, digest_id: int) -> Skeleton:
        if digest_id not in self._skeletons:
            stored = await self._here.database.read(_message, digest_id)
            if len(self._skeletons) >= SKELETONS:
                self._skeletons.pop(next(iter(self._skeletons)))
            self._skeletons[digest_id] = Skeleton(stored)
        return self._skeletons[digest_id]

    async def _hand_over(self, claim: Claim, letter: Letter | None) -> Mark:
        if letter is None or self._relay is None:
            return Mark(claim.mail_id, Outcome(Kind.HELD), OUR_FAULT.text)
        try:
            reply = await self._relay.send(letter.sender, letter.recipient, letter.message)
        except Exception:  # a fault of ours while the mail was under way: it may have arrived
            log.exception("a mail stumbled", mail=claim.mail_id)
            reply = Reply(Stage.DOT, None, "lost by a fault of ours")
        if reply.text == NEEDS_SMTPUTF8:
            return Mark(claim.mail_id, Outcome(Kind.HELD), NEEDS_SMTPUTF8, reason=NEEDS_SMTPUTF8)
        outcome = outcome_of(reply.stage, reply.code, text=reply.text)
        if outcome.close_connection:
            await self.close()
        self._pace.heard(outcome, reply.stage, scrub(reply.text))
        text = "" if outcome.kind is Kind.SENT else _worded(reply, letter.recipient)
        jitter = random.uniform(-1, 1)  # noqa: S311  spreads load
        return Mark(claim.mail_id, outcome, text, jitter)

    async def _mark(self, worker_id: int, done: Mark | None, next_id: int | None) -> bool:
        if done is None and next_id is None:
            return False
        return await self._insistently(
            lambda: self._here.database.write(
                deliver.mark,
                worker_id,
                done,
                next_id,
                unknown_wait=self._wait,
                now=self._clock(),
            )
        )

    async def _insistently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until the database answers: what the relay said must not be forgotten."""
        while True:
            try:
                return await ask()
            except Unavailable as error:
                self._pace.database_away(error.problem)
                await asyncio.sleep(0.5)


def _message(session: Session, digest_id: int) -> bytes:
    digest = session.get(Digest, digest_id)
    return digest.message if digest else b""


def _worded(reply: Reply, recipient: str) -> str:
    code = f"{reply.code} " if reply.code else ""
    return f"{reply.stage}: {code}{scrub(reply.text, recipient)}"
