"""Set up an installation, bring its schema up to date, and check that all is well."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tomlkit
import typer
from rich.console import Console
from rich.markup import escape

from feedsvc import config, migrations
from feedsvc.commands.opening import ConfigFile
from feedsvc.config import Settings
from feedsvc.domain.mime import ascii_domain
from feedsvc.domain.sealing import Keys
from feedsvc.errors import Conflict, FeedsvcError
from feedsvc.gateways import dns, files, keyfile
from feedsvc.gateways.database import Database, open_database
from feedsvc.gateways.relay import Connection
from feedsvc.records import facts

LONGEST_LINK = 76
TOKEN = 39
OK, WARNING, FAULT = "ok", "warning", "fault"
COLOURS = {OK: "green", WARNING: "yellow", FAULT: "red"}

SiteName = Annotated[str, typer.Option(prompt="Name of the site", help="Shown in pages and mails.")]
BaseUrl = Annotated[
    str, typer.Option(prompt="Its address (https://updates.example.org)", help="Without a path.")
]
Relay = Annotated[
    str,
    typer.Option(prompt="Relay (smtp+starttls://relay.example.org:587)", help="Takes our mail."),
]
Sender = Annotated[
    str, typer.Option(prompt="Sender (updates@example.org)", help="The address that people see.")
]


@dataclass(frozen=True, slots=True)
class Line:
    """What was found about one thing, and what to do about it."""

    about: str
    verdict: str
    words: str


def init(
    name: SiteName,
    base_url: BaseUrl,
    relay: Relay,
    sender: Sender,
    config_file: Annotated[
        Path, typer.Option("--config", help="The file to write.")
    ] = config.DEFAULT_FILE,
) -> None:
    """Write config.toml and the key file, and print the DNS records to set."""
    ascii_domain(sender, "sender")
    settings = _write(config_file, _written(name, base_url, relay, sender))
    typer.echo(f"Wrote {config_file}.")
    if not settings.keys.file.exists():
        keyfile.create(settings.keys.file)
        typer.echo(f"Wrote {settings.keys.file}. Back it up: without it no signer can be read.")
    typer.echo("\nDNS records to set:\n" + "\n".join(_dns_records(settings)))
    typer.echo("\nNext: `feedsvc check`, then `feedsvc serve`.")


def migrate(config_file: ConfigFile = None) -> None:
    """Bring the schema up to date; a SQLite file is copied first."""
    settings = config.read(config_file)
    database = open_database(settings.database.url)
    try:
        found, wanted = migrations.revision(database.engine), migrations.newest()
        if found == wanted:
            typer.echo(f"The schema is up to date ({wanted}).")
            return
        copy = migrations.bring_up_to_date(database.url, database.engine)
        kept = f"; a copy of the old one is {copy}" if copy else ""
        typer.echo(f"The schema is now at {wanted}{kept}.")
    finally:
        database.close()


def check(config_file: ConfigFile = None) -> None:
    """Check configuration, database, key file, relay and DNS; exits with 1 when there is a fault."""
    settings = config.read(config_file)
    console = Console(highlight=False, soft_wrap=True)
    lines = [Line("configuration", OK, "every setting is known and makes sense")]
    lines += _checked(settings)
    for line in lines:
        colour = COLOURS[line.verdict]
        console.print(f"[{colour}]{line.verdict:<8}[/{colour}]{line.about}: {escape(line.words)}")
    if any(line.verdict == FAULT for line in lines):
        raise typer.Exit(1)


def _checked(settings: Settings) -> Iterator[Line]:
    checks: list[tuple[str, Callable[[Settings], Iterator[Line]]]] = [
        ("key file", _keys),
        ("database", _database),
        ("relay", _relay),
        ("links", _links),
        ("sender", _sender),
    ]
    for about, look in checks:
        try:
            yield from look(settings)
        except FeedsvcError as error:
            yield Line(about, FAULT, str(error))


def _keys(settings: Settings) -> Iterator[Line]:
    file = settings.keys.file
    if not file.exists():
        yield Line("key file", WARNING, f"{file} is made at the first start; back it up then")
        return
    keyfile.read(file)
    others = file.stat().st_mode & 0o077
    if others:
        yield Line("key file", FAULT, f"others may read {file}: chmod 600 {file}")
    else:
        yield Line("key file", OK, f"{file} reads well; is there a copy apart from the database?")


def _database(settings: Settings) -> Iterator[Line]:
    database = open_database(settings.database.url)
    try:
        found, wanted = migrations.revision(database.engine), migrations.newest()
        if found is None:
            yield Line("database", OK, "empty; the schema is made at the first start")
        elif found != wanted:
            yield Line("database", FAULT, f"schema {found}, wanted {wanted}: run `feedsvc migrate`")
        else:
            yield _fit(database, keyfile.read(settings.keys.file))
    finally:
        database.close()


def _fit(database: Database, keys: Keys) -> Line:
    database.read_now(facts.known, keys)
    return Line("database", OK, "schema up to date, and the keys fit it")


def _relay(settings: Settings) -> Iterator[Line]:
    relay = settings.mail.relay_at
    reply = asyncio.run(_greet(settings))
    if reply is None:
        secured = "this machine" if relay.loopback else "TLS"
        yield Line("relay", OK, f"{relay.host}:{relay.port} answers ({secured})")
    else:
        yield Line("relay", FAULT, f"{relay.host}:{relay.port}: {reply}. Look at [mail] relay.")


async def _greet(settings: Settings) -> str | None:
    connection = Connection(settings.mail)
    reply = await connection.open()
    await connection.close()
    return None if reply.good else f"{reply.stage}: {reply.code or ''} {reply.text}"


def _links(settings: Settings) -> Iterator[Line]:
    length = len(f"<{settings.site.base_url}/u/>") + TOKEN
    if length > LONGEST_LINK:
        words = f"List-Unsubscribe is {length} characters long; use a shorter host name"
        yield Line("links", WARNING, words)
    if settings.site.base_url.startswith("http://") and not settings.mail.relay_at.loopback:
        words = "[site] base_url is not https: one-click unsubscribe (RFC 8058) wants https"
        yield Line("links", FAULT, words)


def _sender(settings: Settings) -> Iterator[Line]:
    domain = settings.mail.from_address.rpartition("@")[2]
    if "." not in domain:
        yield Line("sender", WARNING, f"{domain} is not a public domain; fine for trying out")
        return
    policies = dns.texts(f"_dmarc.{domain}")
    yield _found("DMARC", policies, "v=DMARC1", f'_dmarc.{domain} TXT "v=DMARC1; p=none"')
    bounces = settings.mail.bounces_at
    senders = dns.texts(bounces)
    yield _found("SPF", senders, "v=spf1", f'{bounces} TXT "v=spf1 … -all" naming your relay')
    hosts = dns.exchangers(bounces)
    words = (
        f"{bounces} is taken by {hosts[0]}" if hosts else f"{bounces} has no MX: bounces get lost"
    )
    yield Line("MX", OK if hosts else WARNING, words)


def _found(about: str, records: list[str], start: str, remedy: str) -> Line:
    found = [record for record in records if record.startswith(start)]
    if len(found) == 1:
        return Line(about, OK, found[0])
    problem = f"{len(found)} records, one is wanted" if found else "no record"
    return Line(about, FAULT, f"{problem}: set {remedy}")


def _write(file: Path, written: str) -> Settings:
    """Write a settings file that can be read, or none; return what it says."""
    if file.exists():
        raise Conflict(f"{file} exists already.", remedy="Edit it, or name another with --config.")
    file.write_text(written, "utf-8")
    try:
        return config.read(file)
    except FeedsvcError:
        file.unlink()
        raise


def _written(name: str, base_url: str, relay: str, sender: str) -> str:
    """Take the commented file and put the answers in, so that every setting stays explained."""
    document = tomlkit.parse(files.shipped("config.toml").read_text("utf-8"))
    document["site"]["name"] = name
    document["site"]["base_url"] = base_url
    document["mail"]["relay"] = relay
    document["mail"]["from_address"] = sender
    return tomlkit.dumps(document)


def _dns_records(settings: Settings) -> list[str]:
    domain = settings.mail.from_address.rpartition("@")[2]
    return [
        f'  {settings.mail.bounces_at}. TXT "v=spf1 include:<your relay> -all"',
        f'  _dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"',
        f"  <selector>._domainkey.{domain}. as your relay tells you, when it signs (DKIM)",
        f"  {settings.mail.bounces_at}. MX <the server that takes bounces>",
    ]
