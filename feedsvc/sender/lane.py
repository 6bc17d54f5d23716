"""One connection to the relay and the mails that go through it, one after the other.

No mail starts before the outcome of the one before it is on disk, and both share that commit: so a
crash leaves at most one mail per connection in doubt. The envelope of the next mail travels behind
the text of this one; its own text waits for the commit.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from feedsvc.actions.deliver import Mark, Start
from feedsvc.domain.outcome import Kind, Outcome, Stage, enhanced_status, outcome_of, scrub
from feedsvc.domain.reports import evidence_of
from feedsvc.errors import FeedsvcError
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.relay import Connection, Reply
from feedsvc.sender.claiming import DAMAGED, HELD
from feedsvc.sender.letters import Letter, written
from feedsvc.sender.line import Line
from feedsvc.sender.marks import Marks
from feedsvc.sender.pace import HALT_AFTER, Pace
from feedsvc.sender.signing import Signing

TRY_AGAIN = 0.2
SOON = 0.05
GIVE_UP = 3
STAGGER = 0.01
UNKNOWN = Outcome(Kind.UNKNOWN)
GIVEN_UP = "its outcome could not be written down"
STUMBLED = Reply(Stage.DOT, None, "lost by a fault of ours")
log = structlog.get_logger()

Halt = Callable[[int, str], Awaitable[None]]
Sift = Callable[[int], Awaitable[None]]


class Lane:
    """Carries mails through one connection.

    `halt` stops the mailings of a digest and says why; `sift` looks at the line when a mail in it
    may not be sent any more.
    """

    def __init__(
        self,
        here: Installation,
        number: int,
        pace: Pace,
        line: Line,
        *,
        halt: Halt,
        sift: Sift,
    ) -> None:
        self._here = here
        self._number = number
        self._pace = pace
        self._line = line
        self._halt = halt
        self._sift = sift
        self._relay: Connection | None = None
        self._position = 0
        self._announced: Letter | None = None
        self._done: list[Mark] = []
        self._faults = 0
        self._taken: set[Letter] = set()
        self._signing: Signing | None = None

    def sign_with(self, signing: Signing | None) -> None:
        """Sign what is carried from now on, or do not."""
        self._signing = signing

    async def carry(self, marks: Marks) -> bool:
        """Carry mails as long as there are some that may go; return whether there was one."""
        if not self._line.waiting:
            return False
        if not await self._ready():
            await asyncio.sleep(TRY_AGAIN)
            return True
        letter = first = self._next()
        try:
            while letter is not None:
                letter = await self._carry_one(letter, marks)
        except Exception:
            self._drop()  # it may wait for a text
            raise
        finally:
            self._put_back()
            await self._settle(marks)
        return first is not None

    async def close(self) -> None:
        """Say goodbye to the relay."""
        relay, self._relay = self._relay, None
        if relay is not None:
            await relay.close()

    async def _carry_one(self, letter: Letter, marks: Marks) -> Letter | None:
        """Carry one mail and return the next; that may be announced already."""
        relay = await self._announce(letter, marks)
        if relay is None:
            return None
        if not relay.admitted_at_once():
            reply = await self._admitted(relay, marks)
            if not reply.good:
                await self._heard(letter, reply)
                return self._next()
        if not await self._start(letter, marks):
            self._drop()  # it waits for a text that it must not get
            self._taken.discard(letter)
            self._line.done(letter)
            await self._sift(marks.worker_id)
            return self._next()
        return await self._hand_over(letter, relay)

    async def _announce(self, letter: Letter, marks: Marks) -> Connection | None:
        """Announce a mail, unless that was done; the trouble of a connection touches no mail."""
        announced, self._announced = self._announced, None
        if (
            announced is letter
            and self._relay is not None
            and self._relay.alive
            and self._pace.going
        ):
            return self._relay
        if announced is not None:
            self._drop()  # it waits for another text
        await self._settle(marks)  # the way to the next one is long: do not stay in doubt meanwhile
        await self._pace.turn(urgent=self._line.urgent)
        if not await self._ready() or self._relay is None:
            return None
        self._relay.announce(letter.envelope)
        return self._relay

    async def _admitted(self, relay: Connection, marks: Marks) -> Reply:
        """Hear whether a mail is admitted; the one before does not stay in doubt while that takes long."""
        if not self._done or relay.answered:
            return await relay.admitted()
        answer = asyncio.ensure_future(relay.admitted())
        try:
            _, late = await asyncio.wait({answer}, timeout=SOON)
            if late:
                await self._settle(marks)
            return await answer
        finally:
            answer.cancel()

    async def _start(self, letter: Letter, marks: Marks) -> bool:
        """Make durable what became of the mail before, and that this one starts."""
        self._position += 1
        start = Start(letter.claim.mail_id, self._number, self._position)
        may_start = await marks.put(self._done, start)
        self._done = []
        return may_start

    async def _hand_over(self, letter: Letter, relay: Connection) -> Letter | None:
        """Write the text of a mail that has started, hear what became of it, and return the next."""
        following: Letter | None = None
        try:
            message = await self._message(letter)
            if message is None:
                self._drop()
                self._end(letter, Mark(letter.claim.mail_id, HELD, DAMAGED))
                return self._next()
            following = self._next()
            behind = following if self._may_follow(letter, following, relay) else None
            if relay.hand_over(message, behind.envelope if behind else None):
                self._announced = behind
            reply = await relay.taken()
        except Exception:  # a fault of ours while the mail was under way: it may have arrived
            log.exception("a mail stumbled", mail=letter.claim.mail_id)
            self._drop()
            reply = STUMBLED
        await self._heard(letter, reply)
        return following

    async def _message(self, letter: Letter) -> bytes | None:
        """Put a mail together; None when it cannot be: it is refused alone and stops nobody else."""
        try:
            return await written(self._signing, letter)
        except (FeedsvcError, LookupError, ValueError) as error:
            problem = type(error).__name__
            log.error("mail cannot be put together", mail=letter.claim.mail_id, problem=problem)  # noqa: TRY400  the trace may hold what the mail says
            return None

    def _next(self) -> Letter | None:
        letter = self._line.take() if self._pace.going else None
        if letter is not None:
            self._taken.add(letter)
        return letter

    def _put_back(self) -> None:
        """Put back what was taken and has not been carried."""
        while self._taken:
            self._line.put_back(self._taken.pop())

    def _may_follow(self, letter: Letter, following: Letter | None, relay: Connection) -> bool:
        """Whether a mail may be announced behind this one; one that was in doubt goes alone."""
        if following is None or self._pace.unhurried or relay.tired:
            return False
        return not (letter.claim.alone or following.claim.alone)

    async def _ready(self) -> bool:
        """See that the connection is up and fresh."""
        if not self._pace.going:
            return False
        if self._relay is not None and self._relay.tired:
            await self.close()
        if self._relay is not None and self._relay.alive:
            return True
        if not self._pace.may_try():
            return False
        try:
            return await self._open()
        finally:
            self._pace.tried()

    async def _open(self) -> bool:
        if self._position == 0 and not self._line.urgent:
            await asyncio.sleep(STAGGER * self._number)
        relay = Connection(self._here.settings.mail)
        reply = await relay.open()
        if reply.good:
            self._pace.opened()
            self._relay = relay
            return True
        await relay.close()
        self._pace.trouble(outcome_of(reply.stage, reply.code, text=reply.text), scrub(reply.text))
        return False

    async def _heard(self, letter: Letter, reply: Reply) -> None:
        """Take note of the last word on a mail."""
        if reply.reason:
            self._end(letter, Mark(letter.claim.mail_id, HELD, reply.text, reason=reply.reason))
            return
        outcome = outcome_of(reply.stage, reply.code, text=reply.text)
        if outcome.close_connection:
            self._drop()
        if outcome.kind is Kind.SENT:
            self._pace.taken()
            claim = letter.claim
            tag, journal = claim.domain_tag, letter.journal
            self._end(letter, Mark(claim.mail_id, outcome, "", domain_tag=tag, journal=journal))
            return
        others_pass = self._pace.rebuffs_in_a_row == 0
        self._pace.heard(outcome, reply.stage, reply.code, scrub(reply.text))
        worded, evidence = _worded(reply, letter.envelope.recipient), _evidence(reply)
        jitter = random.uniform(-1, 1)  # noqa: S311  spreads load
        mark = Mark(letter.claim.mail_id, outcome, worded, jitter, evidence=evidence)
        self._end(letter, mark._replace(others_pass=others_pass))
        if self._pace.rebuffs_in_a_row >= HALT_AFTER:
            self._pace.rebuffs_in_a_row = 0
            await self._halt(letter.claim.digest_id, worded)

    def _end(self, letter: Letter, mark: Mark) -> None:
        self._taken.discard(letter)
        self._done.append(mark)
        self._line.done(letter, mark.outcome)

    async def _settle(self, marks: Marks) -> None:
        """Make known what became of the last mail; nothing waits behind it."""
        try:
            await marks.put(self._done)
        except Exception:
            self._faults += 1
            if self._faults < GIVE_UP:
                raise
            log.exception("a mark was given up", mails=[one.mail_id for one in self._done])
            await marks.put([Mark(one.mail_id, UNKNOWN, GIVEN_UP) for one in self._done])
        self._done, self._faults = [], 0

    def _drop(self) -> None:
        if self._relay is not None:
            self._relay.drop()


def _evidence(reply: Reply) -> str:
    return evidence_of(reply.code, enhanced_status(reply.text), reply.text).value


def _worded(reply: Reply, recipient: str) -> str:
    code = f"{reply.code} " if reply.code else ""
    return f"{reply.stage}: {code}{scrub(reply.text, recipient)}"
