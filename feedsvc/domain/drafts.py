"""What staff hand in: campaigns and updates before they are stored, checked field by field.

A value that is refused is an error of pydantic, so that all are found and each names its place.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from feedsvc.domain import content, dates, languages, text
from feedsvc.domain.content import BODY_LIMIT_BYTES, NAME_LIMIT, SUMMARY_LIMIT, TITLE_LIMIT
from feedsvc.domain.tables.content import CampaignKind, CampaignStatus, Notify
from feedsvc.errors import Invalid

TEXTS = 20
ADDRESSEES = 20
SIGNATORIES = 2_000
KEY_LIMIT = 80

REFUSED = "refused"
"""The type of an error that carries `problem` and `remedy` in our words, and `field` if it knows."""

T = TypeVar("T")


def _refused(error: Invalid, field: str = "") -> PydanticCustomError:
    told = {"problem": error.problem, "remedy": error.remedy, "field": field}
    return PydanticCustomError(REFUSED, "{problem} {remedy}", told)


def _checked(check: Callable[[str], Any]) -> BeforeValidator:
    """Run `check` on text; anything else is left for the type to refuse."""

    def run(value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return check(value)
        except Invalid as error:
            raise _refused(error) from error

    return BeforeValidator(run)


def _line(field: str, limit: int) -> BeforeValidator:
    return _checked(lambda value: text.line(value, field, limit))


def _optional_line(field: str, limit: int) -> BeforeValidator:
    return _checked(lambda value: text.line(value, field, limit) if value.strip() else "")


def _optional_prose(field: str) -> BeforeValidator:
    return _checked(
        lambda value: text.prose(value, field, BODY_LIMIT_BYTES) if value.strip() else ""
    )


def _each_once(value: object, read: ValidatorFunctionWrapHandler) -> object:
    """Refuse two codes of one language, such as `ar` and `AR`: one text would be lost."""
    found = read(value)
    if isinstance(value, dict) and len(found) < len(value):
        twice = Invalid("texts", "Two texts are in one language.", remedy="Keep one for each.")
        raise _refused(twice)
    return found


def _shape(about: str, **schema: Any) -> WithJsonSchema:
    """State in the API document what the checks take."""
    return WithJsonSchema({"type": "string", "description": about, **schema})


def _one_line(about: str, limit: int, least: int = 0) -> WithJsonSchema:
    return _shape(f"{about} One line.", minLength=least, maxLength=limit)


_TEXT = _shape(
    f"Markdown without HTML, at most {BODY_LIMIT_BYTES} bytes.", maxLength=BODY_LIMIT_BYTES
)
_NAME = _shape(
    f"The end of an address; not {', '.join(sorted(content.RESERVED))}.",
    pattern="^[a-z0-9]+(-[a-z0-9]+)*$",
    maxLength=KEY_LIMIT,
)
_DATE = _shape(
    "When it happened, as far as that is known: a day, a month or a year.",
    pattern="^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$",
    examples=["2017-12-07", "2017-12", "2017"],
)
_INSTANT = _shape(
    "Date, time and zone (RFC 3339). In the future it is an embargo.",
    format="date-time",
    examples=["2017-12-07T09:00:00+11:00"],
)
_LANGUAGE = _shape("A language code (BCP 47).", examples=["en", "ar"])
_SHORT_LINK = _shape("The campaign is found under /s/ and this, too.", maxLength=40)
_DONATE = _shape(
    "Where those who have signed can give; an https address.",
    pattern="^https://",
    maxLength=content.DONATE_LIMIT,
)

Title = Annotated[str, _line("title", TITLE_LIMIT), _one_line("The title.", TITLE_LIMIT, 1)]
Summary = Annotated[
    str, _optional_line("summary", SUMMARY_LIMIT), _one_line("In short.", SUMMARY_LIMIT)
]
Body = Annotated[str, _checked(lambda value: text.prose(value, "body", BODY_LIMIT_BYTES)), _TEXT]
PageBody = Annotated[str, _optional_prose("body"), _TEXT]
Subject = Annotated[
    str,
    _optional_line("mail_subject", TITLE_LIMIT),
    _one_line("The subject of a mail about nothing else; the title when empty.", TITLE_LIMIT),
]
Language = Annotated[str, _checked(languages.code), _LANGUAGE]
OccurredOn = Annotated[str, _checked(lambda value: str(dates.EventDate.parse(value))), _DATE]
Slug = Annotated[str, _checked(lambda value: content.key(value, "slug")), _NAME]
Key = Annotated[str, _checked(lambda value: content.key(value, "key")), _NAME]
ShortLink = Annotated[
    str, _checked(lambda value: content.short_link(value, "short_link")), _SHORT_LINK
]
DonateUrl = Annotated[str, _checked(lambda value: content.donate_url(value, "donate_url")), _DONATE]
# Strict: a bare number is no instant, though pydantic would read one as seconds since 1970.
Instant = Annotated[
    datetime, Strict(), _checked(lambda value: dates.instant(value, "publish_at")), _INSTANT
]
Name = Annotated[str, _line("name", NAME_LIMIT), _one_line("A name, kept verbatim.", NAME_LIMIT, 1)]
Office = Annotated[
    str, _optional_line("office", NAME_LIMIT), _one_line("Their office.", NAME_LIMIT)
]
Salutation = Annotated[
    str, _optional_line("salutation", TITLE_LIMIT), _one_line("How the letter begins.", TITLE_LIMIT)
]
Texts = Annotated[dict[Language, T], WrapValidator(_each_once)]


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
    texts: Texts[TextDraft] = Field(default_factory=dict, max_length=TEXTS)
    occurred_on: OccurredOn | None = None
    status: Literal["draft", "published"] = "published"
    publish_at: Instant | None = None
    notify: Notify = Notify.SUBSCRIBERS
    key: Key | None = None

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

    name: Name
    office: Office = ""


class LetterDraft(Draft):
    """The letter of a petition, in the campaign's language."""

    addressees: tuple[Addressee, ...] = Field(min_length=1, max_length=ADDRESSEES)
    salutation: Salutation = ""
    body: Body
    closing: PageBody = ""


class CampaignDraft(CampaignTextDraft):
    """A campaign: its page, its letter or its signatories."""

    slug: Slug
    kind: CampaignKind
    status: CampaignStatus = CampaignStatus.OPEN
    language: Language | None = None
    texts: Texts[CampaignTextDraft] = Field(default_factory=dict, max_length=TEXTS)
    occurred_on: OccurredOn | None = None
    short_link: ShortLink | None = None
    donate_url: DonateUrl | None = None
    related: tuple[Slug, ...] = Field(
        default=(),
        max_length=content.RELATED,
        description="Slugs of campaigns put forward to those who have signed this one.",
    )
    letter: LetterDraft | None = None
    signatories: tuple[Name, ...] = Field(default=(), max_length=SIGNATORIES)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.letter is not None and self.kind is CampaignKind.STATEMENT:
            misfit = Invalid("letter", "A statement has no letter.", remedy="Put its text in body.")
            raise _refused(misfit, "letter")
        if self.signatories and self.kind is CampaignKind.PETITION:
            misfit = Invalid(
                "signatories",
                "Only a statement has signatories.",
                remedy="Leave them out, or make it a statement.",
            )
            raise _refused(misfit, "signatories")
        return self

    @model_validator(mode="after")
    def _relates_once(self) -> Self:
        try:
            content.related(self.related, "related")
        except Invalid as error:
            raise _refused(error, "related") from error
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
