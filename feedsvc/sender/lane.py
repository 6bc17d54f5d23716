"""One connection to the relay and the mails that go through it, one after the other.

No mail starts before the outcome of the one before it is on disk, and both share that commit: so a
crash leaves at most one mail per connection in doubt.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

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
from feedsvc.sender.marks import Marks
from feedsvc.sender.pace import Pace

BATCH = 20
FORMS = 64
OUR_FAULT = Reply(Stage.MAIL, None, "the mail could not be put together")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready to hand over."""

    sender: str
    recipient: str
    message: bytes
    journal: str


@dataclass(frozen=True, slots=True)
class Form:
    """A digest ready to be filled in, and the notices that it carries as the journal names them."""

    skeleton: Skeleton
    notices: str


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
        self._forms: dict[int, Form] = {}

    async def carry(self, marks: Marks) -> int:
        """Claim a batch and carry it; return how many mails were claimed."""
        database, worker_id = self._here.database, marks.worker_id
        batch = await database.write(
            deliver.claim, worker_id, self._number, limit=BATCH, now=self._clock()
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
                may_start = await marks.put(done, claim.mail_id)
                done = await self._hand_over(claim, letter) if may_start else None
        finally:
            await marks.put(done, None)
            await database.write(deliver.release, worker_id, self._number)
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
            form = await self._form(claim.digest_id)
            journal = f"{claim.address_index.hex()} {form.notices}" if form.notices else ""
            sender = f"b+{values[BOUNCE]}@{bounces_at}"
            return Letter(sender, values["address"], form.skeleton.splice(values), journal)
        except Unavailable:
            raise
        except (FeedsvcError, LookupError, ValueError) as error:
            log.error(  # noqa: TRY400  the trace may hold what the mail says
                "mail cannot be put together", mail=claim.mail_id, problem=type(error).__name__
            )
            return None

    async def _form(self, digest_id: int) -> Form:
        if digest_id not in self._forms:
            if len(self._forms) >= FORMS:
                self._forms.pop(next(iter(self._forms)))
            self._forms[digest_id] = await self._here.database.read(_stored, digest_id)
        return self._forms[digest_id]

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
        return Mark(claim.mail_id, outcome, text, jitter, journal=letter.journal)


def _stored(session: Session, digest_id: int) -> Form:
    digest = session.get(Digest, digest_id)
    message = digest.message if digest else b""
    return Form(Skeleton(message), deliver.notices_of(session, digest_id))


def _worded(reply: Reply, recipient: str) -> str:
    code = f"{reply.code} " if reply.code else ""
    return f"{reply.stage}: {code}{scrub(reply.text, recipient)}"
