"""Check that all is well: every line is ok, a warning or a fault, with what to do about it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from feedsvc import config
from feedsvc.commands.check import house, relay, sender
from feedsvc.commands.check.line import FAULT, OK, WARNING, Line, fault, ok, warning
from feedsvc.commands.opening import ConfigFile
from feedsvc.config import Settings
from feedsvc.domain.mime import ascii_domain
from feedsvc.errors import FeedsvcError
from feedsvc.gateways.dns import Names

COLOURS = {OK: "green", WARNING: "yellow", FAULT: "red"}

Probe = Annotated[
    str, typer.Option("--probe", metavar="ADDRESS", help="Send a small test mail to this address.")
]


def check(config_file: ConfigFile = None, probe: Probe = "") -> None:
    """Check configuration, files, database, relay and DNS; exits with 1 when there is a fault."""
    settings = config.read(config_file)
    if probe:
        ascii_domain(probe, "--probe")
    console = Console(highlight=False, soft_wrap=True)
    faults = 0
    for line in checked(settings, Names(), probe, now=datetime.now(UTC)):
        colour = COLOURS[line.verdict]
        console.print(f"[{colour}]{line.verdict:<8}[/{colour}]{line.about}: {escape(line.words)}")
        faults += line.verdict == FAULT
    if faults:
        raise typer.Exit(1)


def checked(settings: Settings, names: Names, to: str = "", *, now: datetime) -> Iterator[Line]:
    """Look at everything, cheap things first; with `to`, send a test mail there."""
    yield ok("configuration", "every setting is known and makes sense")
    yield from _safe("key file", house.keys(settings))
    yield from _safe("database", house.database(settings))
    yield from _safe("DKIM key", house.signing_key(settings))
    yield from house.tracking(settings)
    yield from house.hub(settings)
    found = [*house.links(settings)]
    yield from found
    yield from _safe("relay", _outside(settings, names, to, found, now))


def _outside(
    settings: Settings, names: Names, to: str, links: list[Line], now: datetime
) -> Iterator[Line]:
    """Ask the relay and the DNS."""
    met = relay.ask(settings, to, now)
    yield from relay.lines(settings, met, to, now)
    yield from sender.pointer(met.peer, names)
    if not sender.public(settings.mail):
        domain = settings.mail.from_address.rpartition("@")[2]
        yield warning("sender", f"{domain} is not a public domain; fine for trying out")
        return
    found = [*sender.lines(settings.mail, names)]
    yield from found
    yield sender.verdict([*links, *found])


def _safe(about: str, lines: Iterable[Line]) -> Iterator[Line]:
    """Pass lines on; what cannot even be looked at is a fault."""
    try:
        yield from lines
    except FeedsvcError as error:
        yield fault(about, str(error))
