"""Set up an installation, and bring its schema up to date."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import tomlkit
import typer

from feedsvc import config, migrations
from feedsvc.commands.opening import ConfigFile
from feedsvc.config import MailSettings, Settings, Site
from feedsvc.config.kinds import Section
from feedsvc.config.reading import wrong
from feedsvc.domain.mime import ascii_domain
from feedsvc.domain.mime.dkim import as_selector, strings
from feedsvc.errors import Conflict, FeedsvcError, Invalid
from feedsvc.gateways import dkim_key, files, keyfile
from feedsvc.gateways.database import open_database


def _right(section: type[Section], key: str) -> Callable[[str], str]:
    """Make what refuses an answer as soon as it is given, so that it is asked for again."""

    def right(value: str) -> str:
        if problem := wrong(section, key, value):
            raise typer.BadParameter(f"{value!r}: {problem}.")
        return value

    return right


def _sender(value: str) -> str:
    try:
        ascii_domain(value, "sender")
    except Invalid as error:
        raise typer.BadParameter(str(error)) from error
    return _right(MailSettings, "from_address")(value)


def _selector(value: str) -> str:
    try:
        return as_selector(value) if value else ""
    except Invalid as error:
        raise typer.BadParameter(str(error)) from error


def _new(file: Path) -> Path:
    """Refuse a settings file that is there already, before anything is asked."""
    if file.exists():
        raise Conflict(f"{file} exists already.", remedy="Edit it, or name another with --config.")
    return file


SiteName = Annotated[str, typer.Option(prompt="Name of the site", help="Shown in pages and mails.")]
BaseUrl = Annotated[
    str,
    typer.Option(
        prompt="Its address (https://updates.example.org)",
        callback=_right(Site, "base_url"),
        help="Without a path.",
    ),
]
Relay = Annotated[
    str,
    typer.Option(
        prompt="Relay (smtp+starttls://relay.example.org:587)",
        callback=_right(MailSettings, "relay"),
        help="Takes our mail.",
    ),
]
Sender = Annotated[
    str,
    typer.Option(
        prompt="Sender (updates@example.org)",
        callback=_sender,
        help="The address that people see.",
    ),
]
Selector = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        callback=_selector,
        help="Sign mails with a new DKIM key of this name (selector).",
    ),
]


def init(
    name: SiteName,
    base_url: BaseUrl,
    relay: Relay,
    sender: Sender,
    dkim_selector: Selector = "",
    config_file: Annotated[
        Path,
        typer.Option("--config", callback=_new, is_eager=True, help="The file to write."),
    ] = config.DEFAULT_FILE,
) -> None:
    """Write config.toml and the key file, and print the DNS records to set."""
    answers = _written(name, base_url, relay, sender, dkim_selector)
    settings = _write(config_file, answers)
    typer.echo(f"Wrote {config_file}.")
    if not settings.keys.file.exists():
        keyfile.create(settings.keys.file)
        typer.echo(f"Wrote {settings.keys.file}. Back it up: without it no signer can be read.")
    if settings.mail.dkim_key_file and not settings.mail.dkim_key_file.exists():
        dkim_key.create(settings.mail.dkim_key_file)
        typer.echo(f"Wrote {settings.mail.dkim_key_file}, which signs mails.")
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


def _write(file: Path, written: str) -> Settings:
    """Write a settings file that can be read, or none; return what it says.

    For its owner only: it may come to hold the password of the relay.
    """
    file.touch(0o600, exist_ok=False)
    file.write_text(written, "utf-8")
    try:
        return config.read(file)
    except FeedsvcError:
        file.unlink()
        raise


def _written(name: str, base_url: str, relay: str, sender: str, selector: str) -> str:
    """Take the commented file and put the answers in, so that every setting stays explained."""
    document = tomlkit.parse(files.shipped("config.toml").read_text("utf-8"))
    document["site"]["name"] = name
    document["site"]["base_url"] = base_url
    document["mail"]["relay"] = relay
    document["mail"]["from_address"] = sender
    if selector:
        key = Path(document["keys"]["file"]).with_name(f"dkim-{selector}.pem")
        document["mail"]["dkim"] = "service"
        document["mail"]["dkim_selector"] = selector
        document["mail"]["dkim_key_file"] = str(key)
    return tomlkit.dumps(document)


def _dns_records(settings: Settings) -> list[str]:
    domain = settings.mail.from_address.rpartition("@")[2]
    signer = dkim_key.signer(settings.mail)
    signed = (
        f"  {signer.name}. TXT {strings(signer.record)}"
        if signer
        else f"  <selector>._domainkey.{domain}. as your relay tells you, when it signs (DKIM)"
    )
    return [
        f'  {settings.mail.bounces_at}. TXT "v=spf1 include:<your relay> -all"',
        f'  _dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"',
        signed,
        f"  {settings.mail.bounces_at}. MX <the server that takes bounces>",
    ]
