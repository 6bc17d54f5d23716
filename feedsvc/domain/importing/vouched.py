"""One person whom the campaign's own site hands in; what it can prove, nobody need be asked about."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from feedsvc.domain import text
from feedsvc.domain.drafts import Draft
from feedsvc.domain.importing.moments import past
from feedsvc.domain.importing.rows import LIMIT, Common, Consent, Row, Standing
from feedsvc.domain.signup import Email, Language, Name, Zone
from feedsvc.domain.tables.people import Cadence

SITE: Final = "site"
"""How the consent source of what the site hands in begins."""


def _source(value: str) -> str:
    return text.line(value, "consent.source", LIMIT)


def _words(value: str) -> str:
    return text.line(value, "consent.text", LIMIT) if value.strip() else ""


class Proof(Draft):
    """What proves that a person agreed to mail: where, when, and to which words."""

    source: Annotated[str, Field(max_length=LIMIT), AfterValidator(_source)]
    date: Annotated[str, Field(max_length=LIMIT, examples=["2026-11-20T09:00:00Z"])]
    text: Annotated[str, Field(max_length=LIMIT), AfterValidator(_words)] = ""

    def consent(self, now: datetime) -> Consent:
        """Return what is kept of it. Raises Invalid for a date that is none, or lies ahead."""
        at = past(self.date, "consent.date", None, now)
        return Consent(f"{SITE}: {self.source}", at, self.text)


class SignerDraft(Draft):
    """A sign-up at the campaign's own site. Without a consent its person is asked to confirm."""

    email: Email
    name: Annotated[Name, Field(description="Of whoever signs; who only follows gives none.")] = ""
    updates: Annotated[bool, Field(description="Whether they ask for mail about the campaign.")]
    cadence: Cadence = Cadence.IMMEDIATE
    language: Annotated[Language | None, Field(description="The campaign's when left out.")] = None
    time_zone: Annotated[Zone, Field(description="The service's own when left out.")] = None
    consent: Proof | None = None

    def row(self, consent: Consent, language: str, zone: str) -> Row:
        """Return it as the row of a list that proves a consent; `language` and `zone` fill gaps."""
        standing = Standing.LIVE if self.updates else Standing.SIGNED
        place = (self.language or language, self.time_zone or zone)
        common = Common(*place, self.cadence, standing, None)
        return Row(self.email, self.name, common, None, None, consent)
