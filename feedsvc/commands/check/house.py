"""What can be told without asking anybody: files, database, links."""

from collections.abc import Iterator
from pathlib import Path

from feedsvc import migrations
from feedsvc.commands.check.line import Line, fault, ok, warning
from feedsvc.config import LOOPBACK, Settings
from feedsvc.domain import relays
from feedsvc.domain.mime.dkim import ADVISED_BITS
from feedsvc.domain.sealing import Keys
from feedsvc.gateways import dkim_key, keyfile
from feedsvc.gateways.database import Database, open_database
from feedsvc.gateways.installation import sealed_before
from feedsvc.records import facts

LONGEST_LINK = 76
TOKEN = 39


def keys(settings: Settings) -> Iterator[Line]:
    """Look at the key file."""
    file = keyfile.place(settings.keys.file)
    if not file.exists():
        yield _missing(settings, file)
        return
    keyfile.read(file)
    if keyfile.open_to_others(file):
        yield fault("key file", f"others may read {file}: chmod 600 {file}")
    else:
        yield ok("key file", f"{file} reads well; is there a copy apart from the database?")


def _missing(settings: Settings, file: Path) -> Line:
    """Say of a key file that is not there whether something was sealed with it."""
    opened = open_database(settings.database.url)
    try:
        if not opened.read_now(sealed_before):
            return warning("key file", f"{file} is made at the first start; back it up then")
    finally:
        opened.close()
    words = f"there is no {file}, and this database was sealed with it: put your copy of it back"
    return fault("key file", f"{words}, or say in [keys] file where it is; none can be made anew")


def database(settings: Settings) -> Iterator[Line]:
    """Look at the schema, and whether the key file belongs to it."""
    opened = open_database(settings.database.url)
    try:
        found, wanted = migrations.revision(opened.engine), migrations.newest()
        if found is None:
            yield ok("database", "empty; the schema is made at the first start")
        elif found != wanted:
            yield fault("database", f"schema {found}, wanted {wanted}: run `feedsvc migrate`")
        elif not keyfile.place(settings.keys.file).exists():
            yield ok("database", "schema up to date")
        else:
            yield _fit(opened, keyfile.read(keyfile.place(settings.keys.file)))
    finally:
        opened.close()


def _fit(opened: Database, found: Keys) -> Line:
    opened.read_now(facts.known, found)
    return ok("database", "schema up to date, and the keys fit it")


def links(settings: Settings) -> Iterator[Line]:
    """Look at what mail programs need to show their own button for leaving."""
    length = len(f"<{settings.site.base_url}/u/>") + TOKEN
    if length > LONGEST_LINK:
        words = f"List-Unsubscribe is {length} characters long; use a shorter host name"
        yield warning("links", words)
    if settings.site.base_url.startswith("http://") and not settings.mail.relay_at.loopback:
        words = "[site] base_url is not https: one-click unsubscribe (RFC 8058) wants https"
        yield fault("links", words)


def tracking(settings: Settings) -> Iterator[Line]:
    """Look whether the relay is one that rewrites links or adds pixels by itself."""
    host = settings.mail.relay_at.host
    if relays.untracked(host):
        yield ok("tracking", f"each mail tells {host} to add no pixel and rewrite no link")
    if switch := relays.to_switch_off(host):
        yield warning("tracking", f"no mail can tell {host}: switch off there the {switch}")


def signing_key(settings: Settings) -> Iterator[Line]:
    """Look at the key that signs our mails."""
    file, signer = settings.mail.dkim_key_file, dkim_key.signer(settings.mail)
    if file is None or signer is None:
        return
    if dkim_key.readable_by_others(file):
        yield fault("DKIM key", f"others may read {file}: chmod 600 {file}")
    elif signer.bits < ADVISED_BITS:
        words = f"{signer.bits} bits; make one of {ADVISED_BITS} under another selector"
        yield warning("DKIM key", words)
    else:
        yield ok("DKIM key", f"{file}, {signer.bits} bits, signs for {signer.domain}")


def hub(settings: Settings) -> Iterator[Line]:
    """Look at whom strangers may let our hub call."""
    feeds = settings.feeds
    if feeds.own_hub and feeds.hub_callbacks == "any" and settings.site.host not in LOOPBACK:
        words = '[feeds] hub_callbacks = "any" lets strangers call what is behind the firewall'
        yield fault("hub", f'{words}: use "https"')
