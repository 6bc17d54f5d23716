"""Groups of mail domains: what a large provider says of our mail holds for all of its domains.

Domains that are hosted by a provider under names of their own cannot be told without asking DNS,
and count by themselves.
"""

import re

from feedsvc.domain.sealing import Keys

OTHER = "other"

_ANYWHERE = r"\.(?:com|[a-z]{2}|com?\.[a-z]{2})"  # hotmail.com, hotmail.fr, hotmail.co.uk
_LARGE = {
    "gmail": r"gmail\.com|googlemail\.com",
    "microsoft": rf"(?:outlook|hotmail|live){_ANYWHERE}|msn\.com|windowslive\.com|passport\.com",
    "yahoo": (
        rf"(?!yahoo\.co\.jp)yahoo{_ANYWHERE}|aol{_ANYWHERE}"  # that one is another company's
        r"|(?:ymail|rocketmail|myyahoo|aim)\.com|netscape\.net"
    ),
    "icloud": r"(?:icloud|me|mac)\.com",
}
_GROUPS = {name: re.compile(domains, re.IGNORECASE) for name, domains in _LARGE.items()}
LARGE = tuple(_LARGE)


def group_of(domain: str) -> str:
    """Return the name of the large provider that a domain belongs to, else the domain itself."""
    domain = domain.casefold().rstrip(".")
    return next((name for name, ours in _GROUPS.items() if ours.fullmatch(domain)), domain)


def tag(address: str, keys: Keys) -> bytes:
    """Return the keyed hash of an address's group, by which mails are paced and counted."""
    return _tag(group_of(address.rpartition("@")[2]), keys)


def names(keys: Keys) -> dict[bytes, str]:
    """Return the large groups by their tags; whatever has another tag is OTHER."""
    return {_tag(name, keys): name for name in LARGE}


def _tag(group: str, keys: Keys) -> bytes:
    return keys.tag(group, "domain")
