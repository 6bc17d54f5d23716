"""What the domain name system says about our sender."""

import ipaddress
from collections.abc import Mapping
from typing import Any

import dns.exception
import dns.resolver
import dns.reversename

from feedsvc.domain import policies
from feedsvc.errors import Unavailable

PATIENCE = 5.0
_REMEDY = "Look at the name server of this machine, then check again."


class Names:
    """The names of the world, as one resolver tells them; once it was silent it is not asked again."""

    def __init__(
        self, resolver: dns.resolver.Resolver | None = None, *, patience: float = PATIENCE
    ) -> None:
        self._resolver = resolver
        self._patience = patience
        self._silent = False
        self._known: dict[tuple[str, str], list[Any]] = {}

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name, none when there is no such name."""
        records = self._records(name, "TXT")
        return [b"".join(record.strings).decode("utf-8", "replace") for record in records]

    def exchangers(self, name: str) -> list[str]:
        """Return the mail servers of a domain (MX), the preferred one first; "." takes no mail."""
        records = sorted(self._records(name, "MX"), key=lambda record: record.preference)
        return [record.exchange.to_text(omit_final_dot=True) for record in records]

    def addresses(self, name: str) -> set[str]:
        """Return the addresses of a host, IPv4 and IPv6."""
        return {
            ipaddress.ip_address(record.address).compressed
            for kind in ("A", "AAAA")
            for record in self._records(name, kind)
        }

    def pointers(self, address: str) -> list[str]:
        """Return the names of an address (PTR)."""
        name = dns.reversename.from_address(address).to_text()
        return [record.target.to_text(omit_final_dot=True) for record in self._records(name, "PTR")]

    def dmarc(self, domain: str) -> dict[str, Mapping[str, str]]:
        """Walk up from a domain (RFC 9989) and return the DMARC records met, by name.

        Where there are several at one name, none of them counts.
        """
        found: dict[str, Mapping[str, str]] = {}
        for name in policies.walk(domain):
            records = policies.dmarc_records(self.texts(f"_dmarc.{name}"))
            if len(records) == 1:
                found[name] = policies.tags(records[0])
            if policies.ends_walk(found.get(name)):
                break
        return found

    def _records(self, name: str, kind: str) -> list[Any]:
        if (name, kind) not in self._known:
            self._known[name, kind] = self._asked(name, kind)
        return self._known[name, kind]

    def _asked(self, name: str, kind: str) -> list[Any]:
        if self._silent:
            raise Unavailable("The name server does not answer.", remedy=_REMEDY)
        try:
            resolver = self._resolver or dns.resolver.get_default_resolver()
            return list(resolver.resolve(name, kind, lifetime=self._patience, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.resolver.LifetimeTimeout, dns.resolver.NoResolverConfiguration) as error:
            self._silent = True
            raise Unavailable("The name server does not answer.", remedy=_REMEDY) from error
        except dns.exception.DNSException as error:
            said = type(error).__name__
            raise Unavailable(f"No answer about {name} ({said}).", remedy=_REMEDY) from error
