"""A sign-up as the form or the organisation's own site hands it in."""

import re
from functools import lru_cache
from typing import Annotated, Literal

from email_validator import EmailNotValidError, validate_email
from email_validator.rfc_constants import (
    CASE_INSENSITIVE_MAILBOX_NAMES,
    DOT_ATOM_TEXT,
    EMAIL_MAX_LENGTH,
)
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from feedsvc.domain import languages, text
from feedsvc.domain.cadence import zones
from feedsvc.domain.tables.people import Cadence
from feedsvc.errors import Invalid

LOCAL_PART = 64
CONSENT_TEXT = "2026-11 tell me by mail when there is news of this campaign"


_PLAIN_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,253}")


def address(value: str) -> str:
    """Check an address and write its domain in A-labels; refuse what no mail can reach."""
    return _plain(value.strip()) or checked(value)


def _plain(value: str) -> str | None:
    """Check an address in plain ASCII, as most are, at a tenth of the cost; None: look closer."""
    local, _, domain = value.partition("@")
    usual = len(local) <= LOCAL_PART and local.lower() not in CASE_INSENSITIVE_MAILBOX_NAMES
    if not (usual and len(value) <= EMAIL_MAX_LENGTH and DOT_ATOM_TEXT.match(local)):
        return None
    found = _plain_domain(domain)
    return f"{local}@{found}" if found else None


@lru_cache(maxsize=4_096)
def _plain_domain(domain: str) -> str | None:
    """Check a domain without A-labels once for all who have it; None: look closer."""
    if "--" in domain or not _PLAIN_DOMAIN.fullmatch(domain):
        return None
    try:
        found = validate_email(f"a@{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.ascii_domain


def checked(value: str) -> str:
    """Check any address, piece by piece."""
    try:
        found = validate_email(value.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Invalid("email", str(error), remedy="Write it like name@example.org.") from error
    if len(found.local_part.encode()) > LOCAL_PART:
        raise Invalid("email", "The part before the @ is longer than 64 characters.")
    return f"{found.local_part}@{found.ascii_domain}"


def _zone(value: str | None) -> str | None:
    if value and value not in zones():
        raise Invalid("time_zone", f"{value!r} is no time zone.", remedy="Try Europe/London.")
    return value or None


def _name(value: str) -> str:
    return text.line(value, "name", 200) if value.strip() else ""


Email = Annotated[str, AfterValidator(address)]
Name = Annotated[str, AfterValidator(_name)]
Language = Annotated[str, AfterValidator(languages.code)]
Zone = Annotated[str | None, AfterValidator(_zone)]


class SignForm(BaseModel):
    """What a person fills in, and what the form knows: which letter it showed, and a passcode."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: Email
    name: Name = ""
    updates: bool = False
    cadence: Cadence = Cadence.IMMEDIATE
    language: Language = "en"
    time_zone: Zone = None
    letter_version: Annotated[int | None, Field(ge=1, lt=2**31)] = None
    passcode: Annotated[str, Field(max_length=200)] = ""


class Signup(SignForm):
    """A filled-in form, with the campaign and where the consent came from.

    `network` is the tag of where it came from, in hexadecimal; empty when it waits for nobody.
    """

    wish: Literal["sign"] = "sign"
    campaign_id: int
    source: str = "form"
    consent_text: str = CONSENT_TEXT
    network: str = ""


class LinkWish(BaseModel):
    """Somebody asks for a link to what is theirs; `network` as in a sign-up."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wish: Literal["link"] = "link"
    email: Email
    network: str = ""


Wish = Annotated[Signup | LinkWish, Field(discriminator="wish")]
"""What comes in through the public forms, is sealed at once and worked off later."""

WISH: TypeAdapter[Signup | LinkWish] = TypeAdapter(Wish)
