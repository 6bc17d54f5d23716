"""What a row of a list says of a person, checked as the form is."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from feedsvc.domain import languages, signup, text
from feedsvc.domain.cadence import zones
from feedsvc.domain.importing.columns import plain
from feedsvc.domain.importing.moments import Order, past
from feedsvc.domain.tables.people import Cadence
from feedsvc.errors import Invalid

SOURCE: Final = "import: "
LIMIT: Final = 200
PLAIN_LIMIT: Final = LIMIT // 3
"""In NFC a text is at most three times as long (UAX 15, 12.1)."""


class Standing(StrEnum):
    """How the list says that a person stands with it."""

    LIVE = "live"
    PENDING = "pending"
    LEFT = "left"
    BOUNCED = "bounced"
    SIGNED = "signed"


_STANDINGS: Final = {
    plain(word): standing
    for standing, words in {
        Standing.LIVE: "live paused active subscribed confirmed enabled yes true 1",
        Standing.PENDING: "pending unconfirmed",
        Standing.LEFT: "left complained unsubscribed blocklisted disabled opted_out inactive"
        " no false 0",
        Standing.BOUNCED: "bounced cleaned junk spam suppressed",
        Standing.SIGNED: "signed",
    }.items()
    for word in words.split()
}


class Consent(NamedTuple):
    """What proves that a person asked for mail: where, when, and to which words."""

    source: str
    at: datetime
    text: str


class Common(NamedTuple):
    """What a row says that many others say, too."""

    language: str
    zone: str
    cadence: Cadence
    standing: Standing
    letter_version: int | None


COMMON: Final = ("language", "time_zone", "cadence", "status", "letter_version")
"""The fields of `Common`, in its order."""


class Row(NamedTuple):
    """One person of a list. Without a consent they are asked to confirm."""

    address: str
    name: str
    common: Common
    signed_at: datetime | None
    left_at: datetime | None
    consent: Consent | None


@dataclass(frozen=True)
class Reading:
    """How the rows of one list are read; what a row leaves open is taken from here.

    `names`: whether it is a petition, which has names under it.
    """

    language: str
    zone: str
    now: datetime
    names: bool = True
    order: Order | None = None
    consent_source: str = ""
    consent_date: str = ""
    consent_text: str = ""

    def row(self, said: Mapping[str, str]) -> Row:
        """Read a row; raises Invalid, which names the field."""
        left_at, consent = self._past(said, "left_at"), self._consent(said)
        common = self._common(*map(said.get, COMMON))
        return Row(
            signup.address(said["email"]),
            _name(said) if self.names else "",
            self._standing(said, common, left_at, consent),
            self._past(said, "signed_at"),
            left_at,
            consent,
        )

    def _standing(
        self,
        said: Mapping[str, str],
        common: Common,
        left_at: datetime | None,
        consent: Consent | None,
    ) -> Common:
        """Let a date say that somebody left, or bounced: lists of those alone have no status."""
        if common.standing is Standing.SIGNED:
            return common
        if self._past(said, "bounced_at"):
            return common._replace(standing=Standing.BOUNCED)
        if left_at and (consent is None or consent.at <= left_at):
            return common._replace(standing=Standing.LEFT)
        return common

    def _consent(self, said: Mapping[str, str]) -> Consent | None:
        at = self._past(said, "consent_date") or self._agreed_at
        found = at and self._proof(said.get("consent_source"), said.get("consent_text"))
        return Consent(found[0], at, found[1]) if at and found else None

    def _past(self, said: Mapping[str, str], field: str) -> datetime | None:
        value = said.get(field)
        if not value or value.isspace():
            return None
        return past(value, field, self.order, self.now)

    @cached_property
    def _agreed_at(self) -> datetime | None:
        """When all of them agreed, where no row says it."""
        return self._past({"consent_date": self.consent_date}, "consent_date")

    @cached_property
    def _proof(self) -> Callable[[str | None, str | None], tuple[str, str] | None]:
        """Read source and words of a consent; few are different."""

        @lru_cache(maxsize=1_024)
        def proof(source: str | None, words: str | None) -> tuple[str, str] | None:
            source = (source or "").strip() or self.consent_source
            words = (words or "").strip() or self.consent_text
            if not source:
                return None
            named = SOURCE + _line(source.removeprefix(SOURCE), "consent_source")
            return named, _line(words, "consent_text") if words else ""

        return proof

    @cached_property
    def _common(self) -> Callable[..., Common]:
        """Read what many rows have in common."""

        @lru_cache(maxsize=1_024)
        def common(*told: str | None) -> Common:
            language, zone, cadence, status, version = ((one or "").strip() for one in told)
            return Common(
                _language(language) or self.language,
                _zone(zone) or self.zone,
                _cadence(cadence),
                _standing(status),
                _number(version),
            )

        return common


def _name(said: Mapping[str, str]) -> str:
    value = said.get("name", "").strip()
    if not value:
        value = f"{said.get('first_name', '').strip()} {said.get('last_name', '').strip()}".strip()
    return _line(value, "name") if value else ""


def _line(value: str, field: str) -> str:
    """Take one line of text; what is plainly one, as nearly all are, is not looked through."""
    if value[:1].isalnum() and value.isprintable() and len(value) <= PLAIN_LIMIT:
        return unicodedata.normalize("NFC", value).strip()
    return text.line(value, field, LIMIT)


def _language(value: str) -> str:
    return languages.code(value.replace("_", "-")) if value else ""


def _zone(value: str) -> str:
    if not value:
        return ""
    found = _zones().get(value.replace(" ", "_").casefold())
    if found is None:
        raise Invalid("time_zone", f"{value!r} is no time zone.", remedy="Try Europe/London.")
    return found


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """All time zones; some tools write America/New_york."""
    return {zone.casefold(): zone for zone in zones()}


def _cadence(value: str) -> Cadence:
    word = value.casefold()
    try:
        return Cadence(word) if word else Cadence.IMMEDIATE
    except ValueError as error:
        known = ", ".join(Cadence)
        raise Invalid("cadence", f"{value!r} is none.", remedy=f"Write {known}.") from error


def _standing(value: str) -> Standing:
    word = plain(value)
    if word and word not in _STANDINGS:
        raise Invalid(
            "status",
            f"{value!r} does not say whether this person wants mail.",
            remedy="Write live, pending, left, bounced or signed, or pass the column over: "
            '--map "Its name=".',
        )
    return _STANDINGS[word] if word else Standing.LIVE


def _number(value: str) -> int | None:
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < len("10000")):
        raise Invalid("letter_version", f"{value!r} is no number.", remedy="Write 1, 2 …")
    return int(value)
