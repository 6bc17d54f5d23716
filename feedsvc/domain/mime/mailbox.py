"""Addresses as they go over the wire: the domain in A-labels, the local part as its owner has it."""

import re

import idna

from feedsvc.errors import Invalid

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_ATEXT8 = rf"(?:{_ATEXT}|[^\x00-\xa0\s])"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_LOCAL = re.compile(rf'{_ATEXT8}+(?:\.{_ATEXT8}+)*|"(?:[^\x00-\x1f\x7f-\x9f"\\]|\\[ -~])*"')
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PLAIN = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*@{_DOMAIN.pattern}").fullmatch
_LOCAL_OCTETS = 64  # RFC 5321, 4.5.3.1.1
_OCTETS = 254  # RFC 3696, erratum 1690


def ascii_domain(address: str, field: str = "address") -> str:
    """Write the address with its domain in A-labels; refuse what no header may hold."""
    local, _, domain = address.rpartition("@")
    if not _PLAIN(address):
        domain = _a_labels(domain, field)
    written = f"{local}@{domain}"
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise _refusal(field)
    if len(local.encode()) > _LOCAL_OCTETS or len(written.encode()) > _OCTETS:
        raise Invalid(
            field, "This address is too long.", remedy="At most 64 octets before the @, 254 in all."
        )
    return written


def _a_labels(domain: str, field: str) -> str:
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise _refusal(field) from error


def _refusal(field: str) -> Invalid:
    return Invalid(field, "This is not a mail address.", remedy="Write it as name@example.org.")


def needs_smtputf8(address: str) -> bool:
    """Whether only a relay that offers SMTPUTF8 (RFC 6531) can take mail for this address."""
    return not address.rpartition("@")[0].isascii()


def address_value(value: str, slot: str) -> bytes:
    """Encode a recipient's address for a header."""
    if len(value) <= _LOCAL_OCTETS and _PLAIN(value):
        return value.encode("ascii")
    return ascii_domain(value, slot).encode()
