"""What only the database knows, as `dump` writes it: ids, instants, stamps, earlier revisions."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from feedsvc.domain.content.texts import EXACT, LetterText, Text
from feedsvc.domain.tables.content import EditClass, EntryKind


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


_Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
_Count = Annotated[int, Field(ge=0)]
_Tag = Annotated[str, Field(pattern=r"^tag:[!-~]+$")]


@dataclass(frozen=True)
class AppearanceStamp:
    """How an entry came to the head of the feeds, once: what the archives say of it."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    place: _Count
    at: _Moment
    title: str
    revision: _Count = 0
    occurred_on: str | None = None
    page: dict[str, Any] | None = None


@dataclass(frozen=True)
class EntryStamp:
    """An entry of the feeds in one language. Of a withdrawn update it is the tombstone, too."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

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

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    version: _Count
    updated_at: _Moment
    urgent: _Count = 0


@dataclass(frozen=True)
class Revision:
    """One stored state of an update's texts, the first text first.

    `notes` say by language what was corrected, or why the update was withdrawn.
    """

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    number: _Count
    edit_class: EditClass
    created_at: _Moment
    texts: tuple[Text, ...]
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LetterVersion:
    """One version of a letter, the first text first."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    version: _Count
    created_at: _Moment
    texts: tuple[LetterText, ...]


@dataclass(frozen=True)
class CampaignRecord:
    """What the database alone knows of a campaign; `languages` is the order of its texts."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

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

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

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

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    feed: FeedStamp | None = None
    tag_authority: str | None = None
