"""Whom we speak to when strangers say where: addresses of the public internet, and nothing within.

A URL is read strictly, so that nobody reads it in another way. What counts in the end is the address
that a connection is made to, whatever it was called before.
"""

import ipaddress
import re
from enum import StrEnum
from typing import Final

LONGEST: Final = 2_048
PORTS: Final = {80, 443}
"""Those below 1024 that belong to the web; behind the others something else listens."""
REGISTERED: Final = 1_024
HIGHEST: Final = 65_535

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>(?:[/?][\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*)?)"
)
_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")

# The special-purpose registries of IANA (RFC 6890) and multicast.
_WITHIN_4: Final = tuple(
    ipaddress.IPv4Network(net)
    for net in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24"),
        *("192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
# Of IPv6 only this is handed out; mapped, compatible and NAT64 forms of IPv4 lie outside of it.
_WITHOUT_6: Final = ipaddress.IPv6Network("2000::/3")
# Protocols (Teredo, benchmarking, ORCHID), documentation, 6to4, AS112.
_WITHIN_6: Final = tuple(
    ipaddress.IPv6Network(net)
    for net in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


class Callbacks(StrEnum):
    """Which callbacks of subscribers are called."""

    HTTPS = "https"
    HTTP = "http"
    ANY = "any"


def public(address: str) -> bool:
    """Whether a connection to this numeric address leaves for the public internet."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in net for net in _WITHIN_4)
    within = any(found in net for net in _WITHIN_6)
    return found.scope_id is None and found in _WITHOUT_6 and not within


def unfit(url: str, allowed: Callbacks) -> str:
    """Say why a callback is not called, or nothing when it may be tried."""
    parts = _URL.fullmatch(url) if len(url) <= LONGEST else None
    if parts is None:
        return "is no plain http or https URL in ASCII, without user name and fragment."
    if not _fit_host(parts["host"]):
        return "has no host name or numeric address in its usual form."
    if allowed is Callbacks.ANY:
        return ""
    if parts["scheme"] == "http" and allowed is Callbacks.HTTPS:
        return "is not https."
    if not _fit_port(parts["port"]):
        return "has a port that does not belong to the web."
    numeric = _numeric(parts["host"])
    return "" if numeric is None or public(numeric) else "does not lie in the public internet."


def host(url: str) -> str:
    """Return the host of a callback that is not unfit, however its letters were written."""
    parts = _URL.fullmatch(url)
    return parts["host"].lower() if parts else ""


def _fit_host(name: str) -> bool:
    """Whether a host can be read in one way only: 127.1, 0x7f.1 and 2130706433 cannot."""
    if name.startswith("[") or _NUMBER.fullmatch(name.rpartition(".")[2]):
        return _numeric(name) is not None
    return _NAME.fullmatch(name) is not None


def _numeric(name: str) -> str | None:
    try:
        return str(ipaddress.ip_address(name.removeprefix("[").removesuffix("]")))
    except ValueError:
        return None


def _fit_port(port: str | None) -> bool:
    return port is None or int(port) in PORTS or REGISTERED <= int(port) <= HIGHEST
