"""A small name server on the loopback interface, for tests: real questions, real answers."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from feedsvc.gateways.dns import Names

Zone = Mapping[str, Mapping[str, Sequence[str]]]
"""Records by name and type, as zone files write them: `{"example.org": {"TXT": ['"v=spf1"']}}`."""

BROKEN = "BROKEN"
"""A type that makes the server fail to answer about a name."""


class NameServer:
    """Answers from a zone; every other name does not exist. It counts its questions."""

    def __init__(self, zone: Zone) -> None:
        self.asked: list[tuple[str, str]] = []
        self._zone = zone
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    @property
    def names(self) -> Names:
        """The names as this server tells them."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], self._socket.getsockname()[1]
        return Names(resolver)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, address = self._socket.recvfrom(4096)
            if not question:
                return
            self._socket.sendto(self._answer(dns.message.from_wire(question)), address)

    def _answer(self, asked: dns.message.Message) -> bytes:
        question, answer = asked.question[0], dns.message.make_response(asked)
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        answer.flags |= dns.flags.RA
        records = self._zone.get(name)
        if records is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif BROKEN in records:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif kind in records:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records[kind]))
        return answer.to_wire()


@contextmanager
def name_server(zone: Zone) -> Iterator[NameServer]:
    """Run a name server."""
    server = NameServer(zone)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def told(zone: Zone) -> Iterator[Names]:
    """Give the names of a zone."""
    with name_server(zone) as server:
        yield server.names


@contextmanager
def silence() -> Iterator[Names]:
    """Give names that nobody tells: the questions arrive, and no answer comes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], mute.getsockname()[1]
        yield Names(resolver, patience=0.3)
