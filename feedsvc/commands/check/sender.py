"""What the DNS says about us as a sender of mail, and what large mailboxes make of it."""

import ipaddress
from collections.abc import Callable, Iterator, Sequence

from feedsvc.commands.check.line import FAULT, WARNING, Line, fault, ok, warning
from feedsvc.config import MailSettings
from feedsvc.domain import policies
from feedsvc.domain.mime import Signer, ascii_domain
from feedsvc.domain.mime.dkim import strings
from feedsvc.errors import FeedsvcError, Unavailable
from feedsvc.gateways import dkim_key
from feedsvc.gateways.dns import Names

DECISIVE = ("SPF", "DKIM", "DMARC", "alignment", "links")
"""What Gmail, Yahoo, Microsoft and Apple all ask of those who write to many."""

TOLD_BY_DNS = ("SPF", "DKIM", "DMARC")

Look = Callable[[MailSettings, Names], Iterator[Line]]


def public(settings: MailSettings) -> bool:
    """Whether the world can know our domain."""
    return "." in _domain(settings.from_address)


def lines(settings: MailSettings, names: Names) -> Iterator[Line]:
    """Look at every record that a reader of our mail looks at."""
    looks: list[tuple[str, Look]] = [
        ("SPF", _spf),
        ("DKIM", _dkim),
        ("DMARC", _dmarc),
        ("alignment", _alignment),
        ("MX", _mx),
    ]
    for about, look in looks:
        try:
            yield from look(settings, names)
        except Unavailable as silence:
            yield warning(about, f"cannot be told: {silence}")
        except FeedsvcError as error:
            yield fault(about, str(error))


def _spf(settings: MailSettings, names: Names) -> Iterator[Line]:
    domain = _bounces_at(settings)
    records = policies.spf_records(names.texts(domain))
    if len(records) != 1:
        wanted = f'{domain} TXT "v=spf1 … -all" naming your relay'
        yield fault("SPF", f"{_count(records)}: set {wanted}")
    elif policies.lets_anybody_send(records[0]):
        yield warning("SPF", f"{records[0]}: +all lets anybody write in your name; end with -all")
    else:
        yield ok("SPF", f"{domain}: {records[0]}")


def _dkim(settings: MailSettings, names: Names) -> Iterator[Line]:
    signer = dkim_key.signer(settings)
    if signer is not None:
        yield _published(signer, names)
    elif settings.dkim == "off":
        words = 'nobody signs our mail: set [mail] dkim = "service", or "relay" when that one does'
        yield fault("DKIM", words)
    elif not settings.dkim_selector:
        domain = _signed_by(settings)
        words = (
            f"the relay must sign with d={domain}; name its dkim_selector to have that looked up"
        )
        yield warning("DKIM", f"{words}, or look at the headers of a mail sent with --probe")
    else:
        name = f"{settings.dkim_selector}._domainkey.{_signed_by(settings)}"
        records = names.texts(name)
        found = len(records) == 1
        words = f"the key of the relay stands at {name}"
        yield (
            ok("DKIM", words)
            if found
            else fault("DKIM", f"{name}: {_count(records)}: ask the relay")
        )


def _published(signer: Signer, names: Names) -> Line:
    """Compare our key with the one that readers find."""
    records = names.texts(signer.name)
    wanted = f"set {signer.name} TXT {strings(signer.record)}"
    if len(records) != 1:
        return fault("DKIM", f"{_count(records)}: {wanted}")
    tags = policies.tags(records[0])
    if "".join(tags.get("p", "").split()) != signer.public:
        return fault("DKIM", f"{signer.name} holds another key: {wanted}")
    if "y" in tags.get("t", "").split(":"):
        return warning("DKIM", f"{signer.name} says that this is a test: take t=y out")
    return ok("DKIM", f"{signer.name} holds our key")


def _dmarc(settings: MailSettings, names: Names) -> Iterator[Line]:
    domain = _domain(settings.from_address)
    wanted = f'_dmarc.{domain} TXT "v=DMARC1; p=none"'
    own = policies.dmarc_records(names.texts(f"_dmarc.{domain}"))
    if len(own) > 1:
        yield fault("DMARC", f"{_count(own)}: keep one, such as {wanted}")
        return
    found = names.dmarc(domain)
    name = domain if domain in found else policies.organisation(domain, found)
    if name not in found:
        yield fault("DMARC", f"no record: set {wanted}")
        return
    tags = found[name]
    if tags.get("p") not in policies.POLICIES:
        yield warning(
            "DMARC", f"_dmarc.{name} has no p= of {', '.join(policies.POLICIES)}: say p=none"
        )
    else:
        yield ok("DMARC", f"_dmarc.{name} says p={tags['p']}")
    if gone := [tag for tag in policies.GONE if tag in tags]:
        words = f"_dmarc.{name}: {', '.join(gone)} means nothing any more (RFC 9989): take it out"
        yield warning("DMARC tags", words)


def _alignment(settings: MailSettings, names: Names) -> Iterator[Line]:
    """Look whether what SPF and DKIM prove is proven for the domain that people see."""
    domain = _domain(settings.from_address)
    found = names.dmarc(domain)
    own = found.get(domain) or found.get(policies.organisation(domain, found), {})
    spf = _one(names, domain, _bounces_at(settings), own.get("aspf"))
    dkim = _one(names, domain, _signed_by(settings), own.get("adkim")) and settings.dkim != "off"
    if spf and dkim:
        yield ok("alignment", f"what SPF and DKIM prove counts for {domain}")
    elif dkim:
        words = f"only DKIM speaks for {domain}: put bounce_domain below it"
        yield warning("alignment", words)
    elif spf:
        words = f"only SPF speaks for {domain}, and forwarding breaks that: sign with DKIM for it"
        yield warning("alignment", words)
    else:
        words = "set bounce_domain and dkim_domain to it or below it"
        yield fault("alignment", f"neither SPF nor DKIM speaks for {domain}: {words}")


def _one(names: Names, seen: str, proven: str, mode: str | None) -> bool:
    """Whether two domains count as one: the same, or (unless strict) of one organisation."""
    if mode == "s" or seen == proven:
        return seen == proven
    first, second = (policies.organisation(name, names.dmarc(name)) for name in (seen, proven))
    return first == second


def _mx(settings: MailSettings, names: Names) -> Iterator[Line]:
    domain = _bounces_at(settings)
    hosts = [host for host in names.exchangers(domain) if host not in {"", "."}]
    if hosts:
        yield ok("MX", f"{domain} is taken by {hosts[0]}")
    else:
        yield warning(
            "MX", f"{domain} has no MX: bounces get lost; name the server that takes them"
        )


def pointer(address: str, names: Names) -> Iterator[Line]:
    """Look whether the relay's address has a name that leads back to it."""
    if not address or not ipaddress.ip_address(address).is_global:
        return
    try:
        pointers = names.pointers(address)
        back = [name for name in pointers if address in names.addresses(name)]
    except Unavailable as silence:
        yield warning("PTR", f"cannot be told: {silence}")
        return
    if back:
        yield ok("PTR", f"{address} is {back[0]}, and {back[0]} is {address}")
    else:
        problem = f"{pointers[0]} does not lead back to it" if pointers else "it has no name"
        words = f"{problem}; whoever runs the relay must set one where it sends from"
        yield warning("PTR", f"{address}: {words}")


def verdict(found: Sequence[Line]) -> Line:
    """Say what the large mailbox providers will make of our mail."""
    refused = [line.about for line in found if line.about in DECISIVE and line.verdict == FAULT]
    doubtful = [
        line.about for line in found if line.about in TOLD_BY_DNS and line.verdict == WARNING
    ]
    who = "Gmail, Yahoo, Microsoft and Apple"
    if refused:
        return fault("mailboxes", f"{who} will refuse or hide our mail because of {_and(refused)}")
    if doubtful:
        return warning("mailboxes", f"{who} may refuse our mail: see {_and(doubtful)}")
    words = "nothing found to refuse; keep complaints under 0.1 % (leaving is honoured at once)"
    return ok("mailboxes", f"{who}: {words}")


def _and(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _count(records: Sequence[str]) -> str:
    return f"{len(records)} records, one is wanted" if records else "no record"


def _domain(address: str) -> str:
    return ascii_domain(address, "mail.from_address").rpartition("@")[2].lower()


def _bounces_at(settings: MailSettings) -> str:
    return _domain(f"postmaster@{settings.bounces_at}")


def _signed_by(settings: MailSettings) -> str:
    return _domain(f"postmaster@{settings.dkim_signed_by}")
