"""A relay whose behaviour is a script: it says what a test tells it to, and writes down the truth."""

import asyncio
import base64
import socket
import ssl
from collections.abc import Awaitable, Callable, Container, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

LOOPBACK = "127.0.0.1"
CHUNK = 4096
SMALL = 2048


class Step(StrEnum):
    """Where in the conversation something can be made to happen."""

    BANNER = "banner"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"  # after 354 has been said
    DOT = "dot"
    RSET = "rset"
    QUIT = "quit"


@dataclass
class Heard:
    """What the relay knows of one transaction; `body` as it came, `taken` when its dot came too."""

    connection: int
    sender: str
    recipients: list[str] = field(default_factory=list)
    body: bytes = b""
    taken: bool = False
    answers: list[tuple[Step, int]] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether the relay said that it has the mail."""
        return any(step is Step.DOT and code // 100 == 2 for step, code in self.answers)


Act = Callable[["Talk"], Awaitable[None]]


@dataclass
class Rule:
    """What happens at a step, `times` times, to whom it concerns (a sender or a recipient)."""

    step: Step
    act: Act
    whom: Container[str] | None = None
    times: int = 1
    skip: int = 0

    def takes(self, step: Step, whom: Iterable[str]) -> bool:
        """Whether this is the moment; it is used up by it."""
        concerned = self.whom is None or any(one in self.whom for one in whom)
        if step is not self.step or not concerned or not self.times:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Ended(Exception):
    """The conversation is over."""


class ScriptedRelay:
    """Listens on a port of the loopback interface and does as `on` has told it."""

    def __init__(
        self,
        *,
        pipelining: bool = True,
        utf8: bool = True,
        size: int = 0,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        self.heard: list[Heard] = []
        self.logins: list[str] = []
        self.ahead: list[str] = []
        self.faults: list[BaseException] = []
        self.connections = 0
        self.flooded = 0
        self.port = 0
        self.login = login
        self.starttls = starttls
        self.pipelining = pipelining
        self._offers = {"PIPELINING": pipelining, "SMTPUTF8": utf8, f"SIZE {size}": size > 0}
        self._rules: list[Rule] = []
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def on(
        self,
        step: Step,
        act: Act,
        whom: Container[str] | None = None,
        *,
        times: int = 1,
        skip: int = 0,
    ) -> None:
        """Let something happen at a step; the first rule that fits is the one."""
        self._rules.append(Rule(step, act, whom, times, skip))

    def forget(self) -> None:
        """Be a relay like any other from now on."""
        self._rules.clear()

    def hang_up(self) -> None:
        """Hang up on everybody, and go on listening."""
        for writer in self._talks.values():
            writer.transport.abort()

    def of(self, recipient: str) -> list[Heard]:
        """List the transactions whose whole mail to somebody has arrived."""
        return [one for one in self.heard if recipient in one.recipients and one.taken]

    async def start(self) -> None:
        """Listen; after a `stop` on the same port as before."""
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        door.bind((LOOPBACK, self.port))
        self.port = int(door.getsockname()[1])
        self._server = await asyncio.start_server(self._meet, sock=door, limit=SMALL, ssl=self._tls)

    async def stop(self) -> None:
        """Listen no more and hang up on everybody."""
        if self._server is None:
            return
        self._server.close()
        for task, writer in self._talks.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def act_at(self, step: Step, whom: Iterable[str]) -> Act:
        """Return what is to be done at a step."""
        found = next((rule for rule in self._rules if rule.takes(step, whom)), None)
        return found.act if found else usual

    def greeting(self, *, secured: bool) -> list[str]:
        """Return the lines of the answer to EHLO."""
        offers = self._offers | {
            "STARTTLS": self.starttls is not None and not secured,
            "AUTH PLAIN": self.login is not None,
        }
        lines = ["scripted.localhost", *(offer for offer, made in offers.items() if made)]
        return [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        talk = Talk(self, self.connections, reader, writer)
        task = asyncio.get_running_loop().create_task(self._hear_out(talk))
        self._talks[task] = writer
        task.add_done_callback(lambda done: self._talks.pop(done, None))

    async def _hear_out(self, talk: "Talk") -> None:
        try:
            await talk.run()
        except (Ended, OSError):
            pass
        except Exception as error:  # noqa: BLE001  told to the test that looks
            self.faults.append(error)
        finally:
            await talk.over()


class Talk:
    """One conversation."""

    def __init__(
        self,
        relay: ScriptedRelay,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.step = Step.BANNER
        self._relay = relay
        self._number = number
        self._reader = reader
        self._writer = writer
        self._rest = b""
        self._code = 0
        self._usual: list[str] = []
        self._mail: Heard | None = None
        self._secured = False
        self._known = relay.login is None

    async def run(self) -> None:
        """Talk until one of both hangs up."""
        await self._do(Step.BANNER, "220 scripted.localhost ESMTP")
        while True:
            line = (await self._line()).decode()
            if self._rest and not self._relay.pipelining:
                self._relay.ahead.append(line)
            verb, _, rest = line.partition(" ")
            await self._obey(verb.upper(), rest)

    async def say(self, *lines: str) -> None:
        """Say some lines in one write, and note the last as the answer."""
        self.answered(int(lines[-1][:3]))
        await self.write("".join(f"{line}\r\n" for line in lines).encode())

    async def usual(self, *more: str) -> None:
        """Say what is usual here, and perhaps more in the same write."""
        self.answered(int(self._usual[-1][:3]))
        await self.write("".join(f"{line}\r\n" for line in (*self._usual, *more)).encode())

    async def write(self, raw: bytes) -> None:
        """Write bytes."""
        self._writer.write(raw)
        await self._writer.drain()

    async def flood(self, raw: bytes) -> None:
        """Write bytes, and count them."""
        await self.write(raw)
        self._relay.flooded += len(raw)

    async def read(self, count: int) -> None:
        """Read some bytes of the body, which count as read."""
        while len(self._rest) < count:
            await self._more()

    def answered(self, code: int) -> None:
        """Note what was answered, before it is said."""
        self._code = code
        if self._mail is not None:
            self._mail.answers.append((self.step, code))

    async def over(self) -> None:
        """Hang up."""
        self._writer.transport.abort()

    async def _obey(self, verb: str, rest: str) -> None:
        match verb:
            case "EHLO":
                await self._do(Step.EHLO, *self._relay.greeting(secured=self._secured))
            case "STARTTLS":
                await self._secure()
            case "AUTH":
                await self._log_in(rest)
            case "MAIL":
                await self._begin(_path(rest))
            case "RCPT":
                await self._recipient(_path(rest))
            case "DATA":
                await self._data()
            case "RSET":
                self._mail = None
                await self._do(Step.RSET, "250 2.0.0 forgotten")
            case "QUIT":
                await self._do(Step.QUIT, "221 2.0.0 bye")
                raise Ended
            case _:
                await self.say("500 5.5.2 what?")

    async def _begin(self, sender: str) -> None:
        if self._mail is not None:
            await self.say("503 5.5.1 one mail after the other")
            return
        if not self._known:
            await self.say("530 5.7.0 who are you?")
            return
        self._mail = Heard(self._number, sender)
        self._relay.heard.append(self._mail)
        await self._do(Step.MAIL, "250 2.1.0 sender ok")
        if self._code // 100 != 2:
            self._mail = None

    async def _recipient(self, recipient: str) -> None:
        if self._mail is None:
            await self.say("503 5.5.1 who sends?")
            return
        self._mail.recipients.append(recipient)
        await self._do(Step.RCPT, "250 2.1.5 recipient ok")
        if self._code // 100 != 2:
            self._mail.recipients.remove(recipient)

    async def _data(self) -> None:
        if self._mail is None:
            await self.say("503 5.5.1 who sends?")
            return
        taken = bool(self._mail.recipients)
        await self._do(Step.DATA, "354 go on" if taken else "554 5.5.1 no valid recipients")
        if self._code == 354:
            self._usual = []
            await self._do(Step.BODY)
            await self._body(self._mail)

    async def _body(self, mail: Heard) -> None:
        while (
            not (b"\r\n" + self._rest).startswith(b"\r\n.\r\n") and b"\r\n.\r\n" not in self._rest
        ):
            await self._more()
        if self._rest.startswith(b".\r\n"):
            self._rest = self._rest[3:]
        else:
            mail.body, _, self._rest = self._rest.partition(b"\r\n.\r\n")
        mail.taken = bool(mail.recipients)
        await self._do(Step.DOT, "250 2.0.0 ok: queued")
        self._mail = None

    async def _secure(self) -> None:
        await self._do(Step.STARTTLS, "220 2.0.0 go on")
        if self._relay.starttls is None or self._code != 220:
            return
        await self._writer.start_tls(self._relay.starttls)
        self._secured, self._rest = True, b""

    async def _log_in(self, rest: str) -> None:
        self._relay.logins.append(f"{rest} ({'secured' if self._secured else 'in clear'})")
        login = self._relay.login or ("", "")
        proof = base64.b64encode(b"\0" + b"\0".join(part.encode() for part in login)).decode()
        self._known = rest == f"PLAIN {proof}"
        await self._do(Step.AUTH, "235 2.7.0 welcome" if self._known else "535 5.7.8 no")

    async def _do(self, step: Step, *lines: str) -> None:
        self.step, self._usual = step, list(lines)
        whom = (self._mail.sender, *self._mail.recipients) if self._mail else ()
        await self._relay.act_at(step, whom)(self)

    async def _line(self) -> bytes:
        while b"\r\n" not in self._rest:
            await self._more()
        line, _, self._rest = self._rest.partition(b"\r\n")
        return line

    async def _more(self) -> None:
        read = await self._reader.read(CHUNK)
        if not read:
            raise Ended
        self._rest += read


def _path(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


async def usual(talk: Talk) -> None:
    """Do as any relay does."""
    if talk.step is not Step.BODY:
        await talk.usual()
