"""People of a list made ready to be stored: sealed and hashed before any transaction begins."""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from feedsvc.domain import groups
from feedsvc.domain.importing.rows import Common, Consent, Row
from feedsvc.domain.sealing import Keys, Sealed


class Place(NamedTuple):
    """A language or a time zone, sealed once for all who have it: the tag tells them alike anyway."""

    sealed: bytes
    tag: bytes


class Person(NamedTuple):
    """What is stored of a row; nothing in it names anybody."""

    person_index: bytes
    address: bytes
    name: bytes | None
    language: Place
    zone: Place
    domain_tag: bytes
    common: Common
    signed_at: datetime | None
    left_at: datetime | None
    consent: Consent | None


class Sealing:
    """Makes people of rows; what many have in common is sealed once."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._place = lru_cache(maxsize=4_096)(self._sealed)
        self._domain = lru_cache(maxsize=4_096)(self._domain_tag)

    def person(self, row: Row) -> Person:
        """Seal what names the person of a row."""
        keys, address, common = self._keys, row.address, row.common
        key = keys.newest()
        return Person(
            keys.address_index(address),
            keys.seal(address, Sealed.ADDRESS),
            keys.seal(row.name, Sealed.NAME) if row.name else None,
            self._place(common.language, Sealed.LANGUAGE, key),
            self._place(common.zone, Sealed.ZONE, key),
            self._domain(address.rpartition("@")[2]),
            common,
            row.signed_at,
            row.left_at,
            row.consent,
        )

    def _sealed(self, value: str, what: Sealed, _key: int) -> Place:
        """Seal what many have in common, once for each key: an import may outlast a rotation."""
        return Place(self._keys.seal(value, what), self._keys.tag(value, what))

    def _domain_tag(self, domain: str) -> bytes:
        return groups.tag(f"@{domain}", self._keys)
