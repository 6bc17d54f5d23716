"""What staff hand in: campaigns and updates before they are stored, checked field by field."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from feedsvc.domain import dates, languages, text
from feedsvc.domain.tables.content import CampaignKind, CampaignStatus, Notify
from feedsvc.errors import Invalid

TITLE = 200
SUMMARY = 1_000
BODY = 40_000
NAME = 200

T = TypeVar("T")

SLUG = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"


def _checked(check: Callable[[str], Any]) -> BeforeValidator:
    """Run `check` on text; anything else is left for the type to refuse."""
    return BeforeValidator(lambda value: check(value) if isinstance(value, str) else value)


def _optional_line(field: str, limit: int) -> BeforeValidator:
    return _checked(lambda value: text.line(value, field, limit) if value.strip() else "")


def _optional_prose(field: str) -> BeforeValidator:
    return _checked(lambda value: text.prose(value, field, BODY) if value.strip() else "")


Title = Annotated[str, _checked(lambda value: text.line(value, "title", TITLE))]
Summary = Annotated[str, _optional_line("summary", SUMMARY)]
Body = Annotated[str, _checked(lambda value: text.prose(value, "body", BODY))]
PageBody = Annotated[str, _optional_prose("body")]
Subject = Annotated[str, _optional_line("mail_subject", TITLE)]
Language = Annotated[str, _checked(languages.code)]
OccurredOn = Annotated[str, _checked(lambda value: str(dates.EventDate.parse(value)))]
Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=80)]
Instant = Annotated[datetime, _checked(lambda value: dates.instant(value, "publish_at"))]
SignatoryName = Annotated[str, _checked(lambda value: text.line(value, "signatories", NAME))]


class Draft(BaseModel):
    """Something handed in; a field that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TextDraft(Draft):
    """An update in one more language."""

    title: Title
    body: Body
    summary: Summary = ""
    mail_subject: Subject = ""


class UpdateDraft(TextDraft):
    """An update: its text, other languages, when it happened, and who is to hear of it."""

    language: Language | None = None
    texts: dict[Language, TextDraft] = Field(default_factory=dict, max_length=20)
    occurred_on: OccurredOn | None = None
    status: Literal["draft", "published"] = "published"
    publish_at: Instant | None = None
    notify: Notify = Notify.SUBSCRIBERS
    key: Slug | None = None

    def by_language(self, campaign_language: str) -> dict[str, TextDraft]:
        """Return all texts, the first one first."""
        first = self.language or campaign_language
        return _first_and_rest(first, self, self.texts)


class CampaignTextDraft(Draft):
    """A campaign's page in one more language."""

    title: Title
    summary: Summary = ""
    body: PageBody = ""


class Addressee(Draft):
    """Someone to whom a letter is written."""

    name: Annotated[str, _checked(lambda value: text.line(value, "letter.addressees.name", NAME))]
    office: Annotated[str, _optional_line("letter.addressees.office", NAME)] = ""


class LetterDraft(Draft):
    """The letter of a petition, in the campaign's language."""

    addressees: tuple[Addressee, ...] = Field(min_length=1, max_length=20)
    salutation: Annotated[str, _optional_line("letter.salutation", TITLE)] = ""
    body: Body
    closing: Annotated[str, _optional_prose("letter.closing")] = ""


class CampaignDraft(CampaignTextDraft):
    """A campaign: its page, its letter or its signatories."""

    slug: Slug
    kind: CampaignKind
    status: CampaignStatus = CampaignStatus.OPEN
    language: Language | None = None
    texts: dict[Language, CampaignTextDraft] = Field(default_factory=dict, max_length=20)
    occurred_on: OccurredOn | None = None
    short_link: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/_-]{1,40}$")] | None = None
    letter: LetterDraft | None = None
    signatories: tuple[SignatoryName, ...] = Field(default=(), max_length=2_000)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.letter is not None and self.kind is CampaignKind.STATEMENT:
            raise Invalid("letter", "A statement has no letter.", remedy="Put its text in body.")
        if self.signatories and self.kind is CampaignKind.PETITION:
            raise Invalid("signatories", "Only a statement has signatories.")
        return self

    def by_language(self, default: str) -> dict[str, CampaignTextDraft]:
        """Return all texts, the first one first."""
        return _first_and_rest(self.language or default, self, self.texts)


def _first_and_rest(first: str, own: T, rest: dict[str, T]) -> dict[str, T]:
    if first in rest:
        raise Invalid(
            f"texts.{first}",
            f"There are two texts in {first}.",
            remedy="The text outside `texts` is in `language`, else in the campaign's.",
        )
    return {first: own} | rest


def key_from(title: str, day: str, taken: Iterable[str]) -> str:
    """Make an update's key from its day and title, one that is not `taken`."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in title)
    stem = "-".join([day, *words.lower().split()])[:70].rstrip("-")
    used = set(taken)
    candidates = (stem if n == 1 else f"{stem}-{n}" for n in range(1, len(used) + 2))
    return next(candidate for candidate in candidates if candidate not in used)
