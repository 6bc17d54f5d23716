"""Replies are matched by counting, time runs out for each wait by itself, and nonsense ends it all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable

import pytest

from feedsvc.gateways import pipeline
from feedsvc.gateways.pipeline import LONGEST_REPLY, Pipeline

LOOPBACK = "127.0.0.1"


class Wire:
    """A pipeline and whoever is at its other end."""

    def __init__(self, pipe: Pipeline, server: asyncio.StreamWriter) -> None:
        self.pipe = pipe
        self.server = server

    async def say(self, *pieces: bytes) -> None:
        """Say something at the other end, each piece by itself."""
        for piece in pieces:
            self.server.write(piece)
            await self.server.drain()
            await asyncio.sleep(0)
        await asyncio.sleep(0.02)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    met: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
    readers = []

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        readers.append(reader)  # or it is thrown away, and with it the connection
        met.set_result(writer)

    server = await asyncio.start_server(meet, LOOPBACK, 0, limit=1024)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, LOOPBACK, port)
    made = Wire(Pipeline(transport), await met)
    yield made
    made.pipe.fail("the test is over")
    made.server.close()
    server.close()
    await server.wait_closed()


async def took(waited: Awaitable[object]) -> float:
    """Return how long something took."""
    begun = asyncio.get_running_loop().time()
    await waited
    return asyncio.get_running_loop().time() - begun


async def test_replies_come_in_the_order_of_the_commands(wire: Wire) -> None:
    wire.pipe.write(b"MAIL\r\nRCPT\r\nDATA\r\n", replies=3)
    await wire.say(b"251 one\r\n450 two\r\n", b"550 three\r\n")
    found = [await wire.pipe.reply(1) for _ in range(3)]
    assert found == [(251, "one"), (450, "two"), (550, "three")]


async def test_a_reply_may_come_in_single_bytes_and_in_several_lines(wire: Wire) -> None:
    wire.pipe.write(b"EHLO\r\n", replies=1)
    said = b"250-first\r\n250-\r\n250 last\r\n"
    await wire.say(*[said[i : i + 1] for i in range(len(said))])
    assert await wire.pipe.reply(1) == (250, "first\n\nlast")


async def test_a_long_reply_may_drip_byte_by_byte(wire: Wire) -> None:
    wire.pipe.write(b"NOOP\r\n", replies=1)
    said = b"450 " + b"x" * 600 + b"\r\n"
    await wire.say(*[said[i : i + 1] for i in range(len(said))])
    assert await wire.pipe.reply(1) == (450, "x" * 600)


@pytest.mark.parametrize("said", [b"250", b"451"])
async def test_a_reply_without_text_is_one(wire: Wire, said: bytes) -> None:
    wire.pipe.write(b"NOOP\r\n", replies=1)
    await wire.say(said + b"\r\n")
    assert await wire.pipe.reply(1) == (int(said), "")


async def test_what_is_here_is_given_at_once(wire: Wire) -> None:
    wire.pipe.write(b"NOOP\r\n", replies=1)
    assert wire.pipe.at_hand() is None
    await wire.say(b"550 no\r\n")
    assert wire.pipe.at_hand() == (550, "no")
    assert wire.pipe.at_hand() is None


async def test_replies_that_agree_are_taken_together(wire: Wire) -> None:
    wire.pipe.write(b"MAIL\r\nRCPT\r\nDATA\r\n", replies=3)
    await wire.say(b"250 a\r\n250 b\r\n")
    assert not wire.pipe.agreed()
    await wire.say(b"354 c\r\n")
    assert wire.pipe.agreed()
    assert wire.pipe.replies == 0


async def test_replies_that_do_not_agree_are_left(wire: Wire) -> None:
    wire.pipe.write(b"MAIL\r\nRCPT\r\nDATA\r\n", replies=3)
    await wire.say(b"250 a\r\n550 b\r\n354 c\r\n")
    assert not wire.pipe.agreed()
    assert wire.pipe.replies == 3


async def test_silence_ends_the_connection_in_time(wire: Wire) -> None:
    wire.pipe.write(b"NOOP\r\n", replies=1)
    assert await took(wire.pipe.reply(0.1)) < 1
    assert wire.pipe.lost == "no reply within 0.1 seconds"


async def test_a_short_wait_after_a_long_one_is_short(wire: Wire) -> None:
    wire.pipe.write(b"NOOP\r\nQUIT\r\n", replies=2)
    waiting = asyncio.ensure_future(wire.pipe.reply(60))
    await wire.say(b"250 ok\r\n")
    await waiting
    assert await took(wire.pipe.reply(0.1)) < 1
    assert wire.pipe.lost


async def test_a_long_wait_after_a_short_one_is_long(wire: Wire) -> None:
    wire.pipe.write(b"NOOP\r\nNOOP\r\n", replies=2)
    waiting = asyncio.ensure_future(wire.pipe.reply(0.15))
    await wire.say(b"250 one\r\n")
    await waiting
    patient = asyncio.ensure_future(wire.pipe.reply(5))
    await asyncio.sleep(0.3)
    await wire.say(b"250 two\r\n")
    assert (await patient or (0, ""))[0] == 250


@pytest.mark.parametrize(
    "said",
    [b"what?\r\n", b"99 small\r\n", b"600 large\r\n", b"250\tok\r\n", b"\r\n", b"\xff\xfe\r\n"],
)
async def test_what_is_no_reply_ends_the_connection(wire: Wire, said: bytes) -> None:
    wire.pipe.write(b"NOOP\r\n", replies=1)
    await wire.say(said)
    assert await wire.pipe.reply(1) is None
    assert wire.pipe.lost


async def test_a_reply_that_answers_nothing_ends_the_connection(wire: Wire) -> None:
    wire.pipe.write(b"NOOP\r\n", replies=1)
    await wire.say(b"250 ok\r\n")
    assert (await wire.pipe.reply(1) or (0, ""))[0] == 250
    await wire.say(b"421 going down\r\n")
    assert wire.pipe.lost == "a reply that answers nothing"


async def test_a_relay_that_asks_for_one_text_again_and_again_is_left(wire: Wire) -> None:
    wire.pipe.write(b"DATA\r\n", replies=1)
    await wire.say(b"354 go on\r\n" * 99)
    assert wire.pipe.lost == "a reply that answers nothing"


@pytest.mark.parametrize(
    "said",
    [b"250 " + b"x" * (LONGEST_REPLY + 9), b"250-x\r\n" * 200, b"x" * (LONGEST_REPLY + 9)],
    ids=["one line", "many lines", "no end"],
)
async def test_a_reply_that_is_too_long_ends_the_connection(wire: Wire, said: bytes) -> None:
    wire.pipe.write(b"NOOP\r\n", replies=1)
    await wire.say(said)
    assert await wire.pipe.reply(1) is None
    assert wire.pipe.lost == "a reply is too long"


async def test_many_replies_together_are_not_too_long(wire: Wire) -> None:
    wire.pipe.write(b"NOOP\r\n" * 900, replies=900)
    await wire.say(b"250 all is well, and this is a line of some length, as they are\r\n" * 900)
    assert [await wire.pipe.reply(1) for _ in range(900)][-1] is not None
    assert not wire.pipe.lost


async def test_whoever_waits_hears_of_the_end(wire: Wire) -> None:
    wire.pipe.write(b"NOOP\r\n", replies=1)
    waiting = asyncio.ensure_future(wire.pipe.reply(60))
    await asyncio.sleep(0)
    wire.server.close()
    assert await asyncio.wait_for(waiting, 1) is None
    assert "lost" in wire.pipe.lost


async def test_what_was_said_before_the_end_is_still_heard(wire: Wire) -> None:
    wire.pipe.write(b"NOOP\r\nNOOP\r\n", replies=2)
    await wire.say(b"250 ok\r\n")
    wire.server.close()
    await asyncio.sleep(0.02)
    assert (await wire.pipe.reply(1) or (0, ""))[0] == 250
    assert await wire.pipe.reply(1) is None


async def test_after_the_end_nothing_is_written_and_nothing_raised(wire: Wire) -> None:
    wire.pipe.fail("dropped by us")
    wire.pipe.write(b"NOOP\r\n", replies=1)
    await wire.pipe.flush()
    assert await wire.pipe.reply(1) is None
    assert wire.pipe.lost == "dropped by us"


async def test_a_peer_that_stops_reading_is_left(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "PROGRESS", 0.1)
    wire.pipe.write(b"x" * 50_000_000, replies=1)
    assert not wire.pipe.flushed
    assert await took(wire.pipe.flush()) < 5
    assert "nothing was read" in wire.pipe.lost


async def test_a_reply_that_comes_too_early_ends_the_flush(wire: Wire) -> None:
    wire.pipe.write(b"x" * 50_000_000, replies=1)
    flushing = asyncio.ensure_future(wire.pipe.flush())
    await wire.say(b"552 too big\r\n")
    await asyncio.wait_for(flushing, 1)
    assert not wire.pipe.flushed
    assert wire.pipe.at_hand() == (552, "too big")
