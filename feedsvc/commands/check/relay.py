"""What the relay offers, and whether it would take our mail."""

import asyncio
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime

from feedsvc.commands.check.line import Line, fault, ok, warning
from feedsvc.config import Settings
from feedsvc.domain.mime import (
    Header,
    Mailbox,
    Message,
    Raw,
    Skeleton,
    Text,
    ascii_domain,
    compose,
)
from feedsvc.gateways import dkim_key
from feedsvc.gateways.relay_probe import Findings, Letter, probe

SOON = timedelta(days=14)
REMEDIES = {
    "connect": "look at [mail] relay, and whether this machine may reach it",
    "EHLO": "is this an SMTP server?",
    "AUTH": "look at [mail] relay_user and its password or token",
    "MAIL": "the relay must let this user send in the name of this domain",
    "RCPT": "the relay must take mail for anybody from us",
    "DATA": "the relay did not take the test mail",
}
PASSING = range(400, 500)


def ask(
    settings: Settings, to: str, now: datetime, context: ssl.SSLContext | None = None
) -> Findings:
    """Talk to the relay: send a small mail to `to`, or ask about our own address and send nothing."""
    mail = settings.mail
    sender = ascii_domain(f"b+check@{mail.bounces_at}", "mail.bounce_domain")
    recipient = ascii_domain(to or mail.from_address)
    content = _small_mail(settings, recipient, now) if to else None
    return asyncio.run(probe(mail, Letter(sender, recipient, content), context))


def lines(settings: Settings, found: Findings, to: str, now: datetime) -> Iterator[Line]:
    """Say what was learnt about the relay."""
    where = f"{settings.mail.relay_at.host}:{settings.mail.relay_at.port}"
    if not found.reached:
        yield fault("relay", f"{where}: {found.trouble}: {_unreached(found.trouble)}")
        return
    yield ok("relay", f"{where} answers")
    yield _tls(settings, found, now)
    if found.extensions:
        yield _offers(found)
    if found.logged_in:
        yield ok("login", f"the relay knows {settings.mail.relay_user}")
    yield _probed(settings, found, to)


def _unreached(trouble: str) -> str:
    if "certificate" in trouble:
        return (
            "the relay must show a valid certificate for its name, from an authority that this"
            " machine trusts (SSL_CERT_FILE names more of them)"
        )
    if "STARTTLS" in trouble:
        return "without TLS we say nothing; is it smtps:// or another port?"
    return REMEDIES["connect"]


def _tls(settings: Settings, found: Findings, now: datetime) -> Line:
    if not found.tls:
        return ok("TLS", "none; what is said stays on this machine")
    if found.expires is None:
        return ok("TLS", found.tls)
    words = f"{found.tls}, the relay's certificate is good until {found.expires:%Y-%m-%d}"
    if found.expires - now < SOON:
        return warning("TLS", f"{words}: without a new one all mail stops then")
    host = settings.mail.relay_at.host
    return ok("TLS", f"{words}, and it is {host}'s")


def _offers(found: Findings) -> Line:
    offered = [name.upper() for name in ("pipelining", "size", "smtputf8", "8bitmime")]
    has = {name.upper(): value for name, value in found.extensions.items()}
    named = [f"{name} {has[name]}".strip() for name in offered if name in has]
    words = f"offers {', '.join(named) or 'nothing of use'}"
    if "SMTPUTF8" not in has:
        words += "; no SMTPUTF8: addresses with letters beyond ASCII before the @ get no mail"
    if "PIPELINING" not in has:
        words += (
            "; no PIPELINING: four round trips a mail, so use a relay near by, or more connections"
        )
        return warning("extensions", words)
    return ok("extensions", words)


def _probed(settings: Settings, found: Findings, to: str) -> Line:
    if found.trouble:
        words = f"{found.step}: {found.trouble}: {REMEDIES[found.step]}"
        later = found.step == "RCPT" and found.code in PASSING
        return warning("probe", words) if later else fault("probe", words)
    if to:
        words = f"a test mail to {to} was handed over ({found.last}); look in its headers for"
        return ok("probe", f"{words} dkim=pass, spf=pass and dmarc=pass")
    words = f"the relay would take mail for {settings.mail.from_address}; nothing was sent"
    return ok("probe", f"{words} (--probe ADDRESS sends a test mail)")


def _small_mail(settings: Settings, recipient: str, now: datetime) -> bytes:
    """Compose the test mail, signed as every other."""
    mail, site = settings.mail, settings.site
    words = f"This is a test mail of {site.name}. Nobody has signed anything."
    headers = [
        Header("From", Mailbox(mail.from_name or site.name, mail.from_address)),
        Header("To", Mailbox("", recipient)),
        Header("Subject", Text(f"A test mail of {site.name}")),
        Header("Date", Raw(format_datetime(now))),
        Header("Message-ID", Raw(f"<check.{int(now.timestamp())}@{site.host}>")),
        Header("Auto-Submitted", Raw("auto-generated")),
    ]
    message = Skeleton(compose(Message(headers, words, f"<p>{words}</p>"))).splice({})
    signer = dkim_key.signer(mail)
    return signer.sign(message, now) if signer else message
