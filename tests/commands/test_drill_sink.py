"""The sink of the drill: what it takes, writes down and answers."""

import hashlib
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from feedsvc.commands.drill.checker import Copy, copies
from feedsvc.commands.drill.processes import Relay

ENVELOPE = b"MAIL FROM:<from@example.org>\r\nRCPT TO:<%s@example.org>\r\nDATA\r\n"
MAIL = b"Subject: News\r\nMessage-ID:\r\n <%s@example.org>\r\n\r\nWords.\r\n"


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """Run a sink that waits a little before each answer."""
    made = Relay(tmp_path, mean=0.01, longest=0.1, seed=1, environment={})
    made.start()
    try:
        yield made
    finally:
        made.kill()


@pytest.fixture
def wire(relay: Relay) -> Iterator[socket.SocketIO]:
    """Give a connection that was greeted."""
    with (
        closing(socket.create_connection(("127.0.0.1", relay.port), timeout=10)) as connection,
        connection.makefile("rwb", buffering=0) as made,
    ):
        assert made.readline().startswith(b"220 ")
        yield made


def say(wire: socket.SocketIO, words: bytes, answers: int = 1) -> list[int]:
    """Say something in one piece and read so many answers."""
    wire.write(words)
    return [int(wire.readline()[:3]) for _ in range(answers)]


def logged(folder: Path) -> list[Copy]:
    return list(copies(folder / "sink.log"))


def test_it_offers_what_a_quick_sender_wants(wire: socket.SocketIO) -> None:
    wire.write(b"EHLO here\r\n")
    offered = [wire.readline() for _ in range(5)]
    words = {line[4:].split()[0].decode() for line in offered[1:]}
    assert words == {"PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE"}


def test_it_answers_in_order_though_all_is_said_at_once(
    wire: socket.SocketIO, tmp_path: Path
) -> None:
    first = ENVELOPE % b"a" + MAIL % b"1" + b".\r\n"
    second = ENVELOPE % b"b" + MAIL % b"2" + b".\r\n"
    mail = [250, 250, 354, 250]
    assert say(wire, first + second + b"QUIT\r\n", 9) == [*mail, *mail, 221]
    assert [copy.recipient for copy in logged(tmp_path)] == ["a@example.org", "b@example.org"]


def test_it_writes_a_mail_down_with_its_id_and_the_hash_of_its_bytes(
    wire: socket.SocketIO, tmp_path: Path
) -> None:
    say(wire, ENVELOPE % b"a" + MAIL % b"1" + b"..dot\r\n.\r\n", 4)
    (copy,) = logged(tmp_path)
    digest = hashlib.sha256(MAIL % b"1" + b".dot\r\n").hexdigest()
    assert (copy.ident, copy.digest) == ("<1@example.org>", digest)


def test_a_mail_may_come_a_byte_at_a_time(wire: socket.SocketIO, tmp_path: Path) -> None:
    whole = ENVELOPE % b"a" + MAIL % b"1" + b".\r\n"
    wire.writelines(bytes([octet]) for octet in whole)
    assert say(wire, b"", 4) == [250, 250, 354, 250]
    assert len(logged(tmp_path)) == 1


def test_an_empty_mail_ends_with_the_dot_that_begins_it(
    wire: socket.SocketIO, tmp_path: Path
) -> None:
    assert say(wire, ENVELOPE % b"a" + b".\r\nNOOP\r\n", 5) == [250, 250, 354, 250, 250]
    assert len(logged(tmp_path)) == 1


def test_it_refuses_what_comes_out_of_order(wire: socket.SocketIO) -> None:
    assert say(wire, b"DATA\r\nRCPT TO:<a@example.org>\r\nHUH\r\n", 3) == [503, 503, 500]


def test_it_comes_back_on_its_port_after_an_outage(
    relay: Relay, wire: socket.SocketIO, tmp_path: Path
) -> None:
    say(wire, ENVELOPE % b"a" + MAIL % b"1" + b".\r\n", 4)
    port = relay.port
    relay.kill()
    relay.start()
    assert relay.port == port
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as again:
        assert again.recv(3) == b"220"
    assert len(logged(tmp_path)) == 1
