"""A conversation with the relay in which commands are written ahead and replies matched by counting.

RFC 2920. The connection is opened and authenticated by somebody else. Nothing here raises: a
connection that fails says why in `lost`, and gives no more replies.
"""

import asyncio
import operator
import re
from collections import deque

PROGRESS = 180.0
"""Seconds in which a relay must read something of what is written to it."""

GO_AHEAD = 354
_OK, _GO_ON = (250, ""), (GO_AHEAD, "")
_KNOWN = {b"250 ": _OK, b"354 ": _GO_ON}
"""What nearly every reply is, in one line; its words are of no use."""

_YES = (_OK, _OK, _GO_ON)
LONGEST_REPLY = 65_536
MOST_LINES = 128
_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*?))?\r?$", re.DOTALL)


class Pipeline(asyncio.Protocol):
    """Takes over a transport; `await reply(…)` gives the replies in the order of the commands."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.lost = ""
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._owed = 0
        self._text_owed = False
        self._replies: deque[tuple[int, str]] = deque()
        self._rest = b""
        self._lines: list[bytes] = []
        self._length = 0
        self._stuck = False
        self._waiter: asyncio.Future[bool] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        transport.set_protocol(self)
        transport.set_write_buffer_limits(high=0)  # so that `flushed` says what has left us

    @property
    def flushed(self) -> bool:
        """Whether everything that was written has left this process."""
        return not self._stuck

    def write(self, *pieces: bytes, replies: int = 0) -> None:
        """Write at once, and expect so many replies; a text is owed its own since the 354."""
        self._owed += replies
        if not self.lost:
            self._transport.write(b"".join(pieces))

    @property
    def replies(self) -> int:
        """How many replies are here and have not been taken."""
        return len(self._replies)

    def at_hand(self) -> tuple[int, str] | None:
        """Give the next reply if it is here already."""
        return self._replies.popleft() if self._replies else None

    def agreed(self) -> bool:
        """Take the replies to MAIL, RCPT and DATA, if they are here and say yes in one line each."""
        replies = self._replies
        if len(replies) < len(_YES) or any(map(operator.is_not, replies, _YES)):
            return False
        for _ in _YES:
            replies.popleft()
        return True

    async def reply(self, seconds: float) -> tuple[int, str] | None:
        """Give the next reply; None when there is none in time, and the connection is lost."""
        if not self._replies and not self.lost and not await self._woken(seconds):
            self.fail(f"no reply within {seconds:g} seconds")
        return self._replies.popleft() if self._replies else None

    async def flush(self) -> None:
        """Wait until everything has left us, or the relay replies too early, or stops reading."""
        while self._stuck and not self.lost and not self._replies:
            left = self._transport.get_write_buffer_size()
            woken = await self._woken(PROGRESS)
            if not woken and self._transport.get_write_buffer_size() >= left:
                self.fail(f"nothing was read within {PROGRESS:g} seconds")

    def fail(self, why: str) -> None:
        """End the connection at once; what has been written may never leave."""
        if not self.lost:
            self.lost = why
            self._transport.abort()
            self._wake()

    async def _woken(self, seconds: float) -> bool:
        """Wait for anything to happen; False when nothing did."""
        self._deadline = self._loop.time() + seconds
        if self._alarm is None or self._alarm.when() > self._deadline:
            self._set_alarm(seconds)
        self._waiter = self._loop.create_future()
        try:
            return await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)

    def _set_alarm(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._loop.call_later(seconds, self._ring)

    def _ring(self) -> None:
        """Give up what is waited for too long. One alarm serves many waits, since few come to ring."""
        self._alarm = None
        if self._waiter is None or self._waiter.done():
            return
        left = self._deadline - self._loop.time()
        if left > 0:
            self._set_alarm(left)
        else:
            self._waiter.set_result(False)

    # What the transport tells

    def data_received(self, data: bytes) -> None:
        """Take replies apart; one too many, too long, or none at all ends the connection."""
        self._length += len(data)
        if self._rest:
            data = self._rest + data
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            known = None if self._lines else _KNOWN.get(line[:4])
            if known is not None:
                self._answer(known)
                continue
            self._take(line)
            if self.lost:
                return  # what stands behind nonsense answers nothing of ours
        if self._length > LONGEST_REPLY or len(self._lines) > MOST_LINES:
            self.fail("a reply is too long")
        elif self._owed < 0:
            self.fail("a reply that answers nothing")
        if self._replies:
            self._wake()

    def pause_writing(self) -> None:
        """Note that something waits to be read by the relay."""
        self._stuck = True

    def resume_writing(self) -> None:
        """Note that all has left us."""
        self._stuck = False
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """Note the end."""
        if self._alarm is not None:
            self._alarm.cancel()
        self.lost = self.lost or f"connection lost ({type(error).__name__ if error else 'closed'})"
        self._wake()

    def _take(self, line: bytes) -> None:
        """Take one line of a reply (RFC 5321, 4.2.1)."""
        found = _LINE.match(line)
        if found is None:
            self.fail("what came is no reply")
            return
        code, more, text = found.groups()
        self._lines.append(text or b"")
        if more != b"-":
            said = b"\n".join(self._lines).decode("utf-8", "replace")
            self._lines = []
            self._answer((int(code), said))

    def _answer(self, reply: tuple[int, str]) -> None:
        self._replies.append(reply)
        self._length = 0
        asks_for_text = reply[0] == GO_AHEAD and not self._text_owed
        self._text_owed = reply[0] == GO_AHEAD
        self._owed -= (
            not asks_for_text
        )  # the relay owes one more reply for a text, and for one only
