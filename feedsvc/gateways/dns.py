"""What the domain name system says about our sender."""

from typing import Any

import dns.exception
import dns.resolver

from feedsvc.errors import Unavailable

PATIENCE = 5.0


def texts(name: str) -> list[str]:
    """Return the TXT records of a name, none when there is no such name."""
    return [b"".join(record.strings).decode("utf-8", "replace") for record in _records(name, "TXT")]


def exchangers(name: str) -> list[str]:
    """Return the mail servers of a domain (MX), the preferred one first."""
    records = sorted(_records(name, "MX"), key=lambda record: record.preference)
    return [record.exchange.to_text(omit_final_dot=True) for record in records]


def _records(name: str, kind: str) -> list[Any]:
    try:
        return list(dns.resolver.resolve(name, kind, lifetime=PATIENCE))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise Unavailable(f"The name server does not answer ({type(error).__name__}).") from error
