"""Content as files: what `load` reads and `dump` writes, as values.

A folder holds one folder per campaign, named by its slug:

    campaign.md          the campaign in its own language; campaign.ar.md the same in Arabic
    letter.md            a petition's letter; letter.ar.md the same in Arabic
    signatories.txt      a statement's signatories, one a line, in order
    <key>.md             an update, its name the update's key; <key>.ar.md the same in Arabic
    resolution.pdf       a file beside an update, whose front matter names it
    history/             what only `dump` writes: ids, instants, stamps, earlier revisions
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from feedsvc.domain import filetypes
from feedsvc.domain.dates import EventDate
from feedsvc.domain.tables.content import (
    CampaignKind,
    CampaignStatus,
    EditClass,
    EntryKind,
    Notify,
    UpdateStatus,
)
from feedsvc.errors import Invalid

TITLE_LIMIT: Final = 200
SUMMARY_LIMIT: Final = 1_000
NAME_LIMIT: Final = 200
BODY_LIMIT_BYTES: Final = 40_000
DONATE_LIMIT: Final = 500
RELATED: Final = 6

# Names of files and folders beside the updates, and of routes beside the campaigns.
RESERVED: Final = frozenset({"campaign", "letter", "signatories", "history"})
_KEY: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHORT_LINK: Final = re.compile(r"[A-Za-z0-9/_-]{1,40}")
_SECURE: Final = re.compile(r"https://[!#-;=?-\[\]_a-z~]+")
"""What a URL may hold (RFC 3986): no quote, blank, angle bracket, backslash or brace."""
_KEY_LIMIT: Final = 80


def key(value: str, field: str) -> str:
    """Return a slug or an update's key: small letters, digits and hyphens, and no reserved word."""
    if not _KEY.fullmatch(value) or len(value) > _KEY_LIMIT or value in RESERVED:
        raise Invalid(
            field,
            f"{value!r} is not a name that an address can end in.",
            remedy=f"Write at most {_KEY_LIMIT} small letters, digits and hyphens, such as "
            f"2017-12-07-mechanism, and none of {', '.join(sorted(RESERVED))}.",
        )
    return value


def short_link(value: str, field: str) -> str:
    """Return the path of a short link, such as `en/501`, as it stands behind `/s/`."""
    if not _SHORT_LINK.fullmatch(value):
        raise Invalid(
            field,
            f"{value!r} is not the path of a short link.",
            remedy="Write at most 40 letters, digits, hyphens and slashes, such as en/501.",
        )
    return value


def donate_url(value: str, field: str) -> str:
    """Return where to give: an https address that a browser reads as it stands."""
    if len(value) > DONATE_LIMIT or not _SECURE.fullmatch(value) or not _whole(value):
        raise Invalid(
            field,
            f"{value!r} is not an https address.",
            remedy=f"Write it as it stands in the browser, https:// in front, at most "
            f"{DONATE_LIMIT} characters.",
        )
    return value


def _whole(url: str) -> bool:
    """Whether an address names a host and nobody's password, and a port that there is."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and "@" not in parts.netloc and (parts.port or 443) > 0
    except ValueError:
        return False


def related(values: Sequence[str], field: str) -> tuple[str, ...]:
    """Return the slugs of campaigns that are put forward beside one, each once and not too many."""
    if len(values) > RELATED or len(set(values)) < len(values):
        raise Invalid(
            field,
            "names too many campaigns, or one twice.",
            remedy=f"Name at most {RELATED}, each once.",
        )
    return tuple(key(value, field) for value in values)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


_Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
_Count = Annotated[int, Field(ge=0)]
_Tag = Annotated[str, Field(pattern=r"^tag:[!-~]+$")]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_EXACT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class NamedFile:
    """A file beside a text: its name, what it shows in words, and the SHA-256 of its content."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    name: Annotated[str, Field(pattern=filetypes.NAME, max_length=filetypes.NAME_LIMIT)]
    text: str
    digest: _Digest


@dataclass(frozen=True)
class FileContent:
    """What a file holds; `read` fetches the bytes when they are wanted, for there may be many."""

    digest: str
    media_type: str
    length: int
    read: Callable[[], bytes] = field(compare=False)


@dataclass(frozen=True)
class Text:
    """A campaign or an update in one language; the body is Markdown. Only updates have files."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    language: str
    title: str
    body: str = ""
    summary: str = ""
    mail_subject: str = ""
    files: tuple[NamedFile, ...] = ()


@dataclass(frozen=True)
class Addressee:
    """Whom a letter is addressed to."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    name: str
    office: str = ""


@dataclass(frozen=True)
class LetterText:
    """A letter in one language."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    language: str
    addressees: tuple[Addressee, ...]
    body: str
    salutation: str = ""
    closing: str = ""


@dataclass(frozen=True)
class AppearanceStamp:
    """How an entry came to the head of the feeds, once: what the archives say of it."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    place: _Count
    at: _Moment
    title: str
    revision: _Count = 0
    occurred_on: str | None = None
    page: dict[str, Any] | None = None


@dataclass(frozen=True)
class EntryStamp:
    """An entry of the feeds in one language. Of a withdrawn update it is the tombstone, too."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    language: str
    tag: _Tag
    published_at: _Moment | None = None
    updated_at: _Moment | None = None
    kind: EntryKind | None = None
    number: _Count = 0
    plain: bool = False
    left_at: _Moment | None = None
    appearances: tuple[AppearanceStamp, ...] = ()


@dataclass(frozen=True)
class FeedStamp:
    """How often the feeds of a campaign or of the site have moved, and when last."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    version: _Count
    updated_at: _Moment
    urgent: _Count = 0


@dataclass(frozen=True)
class Revision:
    """One stored state of an update's texts, the first text first.

    `notes` say by language what was corrected, or why the update was withdrawn.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    number: _Count
    edit_class: EditClass
    created_at: _Moment
    texts: tuple[Text, ...]
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LetterVersion:
    """One version of a letter, the first text first."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    version: _Count
    created_at: _Moment
    texts: tuple[LetterText, ...]


@dataclass(frozen=True)
class CampaignRecord:
    """What the database alone knows of a campaign; `languages` is the order of its texts."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    uid: str
    published_at: _Moment
    updated_at: _Moment
    revision: _Count
    last_arrival: _Count
    languages: tuple[str, ...]
    entries: tuple[EntryStamp, ...] = ()
    letters: tuple[LetterVersion, ...] = ()
    feed: FeedStamp | None = None
    withdrawn_at: _Moment | None = None
    ended_at: _Moment | None = None
    rewritten_at: _Moment | None = None
    former_slugs: tuple[str, ...] = ()


@dataclass(frozen=True)
class UpdateRecord:
    """What the database alone knows of an update; its revisions include the newest.

    `released_revision` is the number of the first one that was out.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    uid: str
    created_at: _Moment
    revisions: tuple[Revision, ...]
    published_at: _Moment | None = None
    updated_at: _Moment | None = None
    withdrawn_at: _Moment | None = None
    arrival: _Count | None = None
    entries: tuple[EntryStamp, ...] = ()
    released_revision: _Count | None = None


@dataclass(frozen=True)
class SiteRecord:
    """What the database alone knows of the site as a whole."""

    __pydantic_config__: ClassVar[ConfigDict] = _EXACT

    feed: FeedStamp | None = None
    tag_authority: str | None = None


@dataclass(frozen=True)
class CampaignFile:
    """campaign.md and its siblings; the first text is in the campaign's own language."""

    slug: str
    kind: CampaignKind
    texts: tuple[Text, ...]
    status: CampaignStatus = CampaignStatus.OPEN
    short_link: str | None = None
    occurred_on: EventDate | None = None
    donate_url: str = ""
    related: tuple[str, ...] = ()
    edit_class: EditClass = EditClass.SILENT
    based_on: int | None = None

    @property
    def language(self) -> str:
        """The campaign's own language."""
        return self.texts[0].language


@dataclass(frozen=True)
class LetterFile:
    """letter.md and its siblings. An `amended` letter is a new version, a `silent` edit is none."""

    texts: tuple[LetterText, ...]
    edit_class: EditClass = EditClass.SILENT
    based_on: int | None = None


@dataclass(frozen=True)
class UpdateFile:
    """<key>.md and its siblings, with what the history folder knows of it.

    `edit_note` says what was corrected, or why it was withdrawn.
    """

    key: str
    texts: tuple[Text, ...]
    status: UpdateStatus = UpdateStatus.PUBLISHED
    notify: Notify = Notify.NONE
    occurred_on: EventDate | None = None
    publish_at: datetime | None = None
    edit_class: EditClass = EditClass.SILENT
    edit_note: str = ""
    based_on: int | None = None
    record: UpdateRecord | None = None


@dataclass(frozen=True)
class Folder:
    """All files of one campaign; updates in the order of their keys.

    `contents` are of the files that its texts name, those of earlier revisions included.
    """

    campaign: CampaignFile
    letter: LetterFile | None = None
    signatories: tuple[str, ...] = ()
    updates: tuple[UpdateFile, ...] = ()
    record: CampaignRecord | None = None
    contents: tuple[FileContent, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Site:
    """Everything that `load` reads and `dump` writes; campaigns in the order of their slugs."""

    folders: tuple[Folder, ...] = field(default=())
    record: SiteRecord | None = None


def rank(language: str, order: Sequence[str]) -> tuple[int, str]:
    """Return a sort key: the languages of `order` first, as they stand there, then the others."""
    return (order.index(language) if language in order else len(order), language)
