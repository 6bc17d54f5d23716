"""The service with the sample campaigns as its readers meet it: a process of its own, on loopback."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from urllib.request import urlopen

from lxml import etree

from feedsvc.commands.drill.processes import Program, until
from feedsvc.gateways import files
from tests.feeds.atom_rules import Atom
from tests.journeys.recorder import Recorder, recording

PATIENCE = 60
"""Seconds for any one program."""

Entries = dict[str, set[tuple[str, str]]]
"""Links and titles of the entries of feeds, by address."""


@dataclass(frozen=True)
class House:
    """The service, its Atom and RSS feeds, and what came by."""

    recorder: Recorder
    feeds: tuple[str, ...]
    entries: Entries


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """Load the sample campaigns, and serve them behind a recorder."""
    port = free_port()
    with recording(port) as recorder:
        service = _started(folder, port, recorder.url)
        try:
            feeds = _feeds(recorder.url)
            entries = {url: _entries(url) for url in feeds}
            recorder.taken()
            yield House(recorder, feeds, entries)
        finally:
            code = service.end(signal.SIGTERM)
        assert code == 0, service.words


def free_port() -> int:
    """Find a port on loopback that nobody listens on."""
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _started(folder: Path, port: int, base_url: str) -> Program:
    environment = os.environ | {
        "FEEDSVC_DATABASE__URL": f"sqlite:///{folder / 'feedsvc.db'}",
        "FEEDSVC_KEYS__FILE": str(folder / "feedsvc.keys"),
        "FEEDSVC_HTTP__PORT": str(port),
        "FEEDSVC_SITE__BASE_URL": base_url,
    }
    command = [sys.executable, "-m", "feedsvc"]
    loading = [*command, "load", str(files.shipped("updates"))]
    subprocess.run(loading, env=environment, check=True, timeout=PATIENCE, capture_output=True)
    service = Program([*command, "serve"], folder / "said", environment)
    service.start()
    until(lambda: "serves http" in service.words or not service.runs, PATIENCE)
    assert service.runs, service.words
    return service


def _feeds(base_url: str) -> tuple[str, ...]:
    """Find the feeds in the list of feeds, and those without a language beside them."""
    outlines = etree.fromstring(_fetched(f"{base_url}/feeds.opml")).iter("outline")
    listed = {str(each.get("xmlUrl")).removesuffix(".atom") for each in outlines if len(each) == 0}
    stems = listed | {stem.rpartition(".")[0] for stem in listed}
    return tuple(f"{stem}.{suffix}" for stem in sorted(stems) for suffix in ("atom", "rss"))


def _entries(url: str) -> set[tuple[str, str]]:
    """Read a feed as Atom, whatever reads it later."""
    it = Atom(_fetched(url.removesuffix(".rss").removesuffix(".atom") + ".atom"))
    return {
        (it.links("alternate", each)[0], it.text("a:title", each)) for each in it.all("a:entry")
    }


def _fetched(url: str) -> bytes:
    with urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310  our own, on loopback
        content: bytes = answer.read()
        return content
