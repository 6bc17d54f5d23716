"""Folders and files of campaigns, as values."""

from dataclasses import dataclass, field
from datetime import datetime

from feedsvc.domain.content.history import CampaignRecord, SiteRecord, UpdateRecord
from feedsvc.domain.content.texts import FileContent, LetterText, Text
from feedsvc.domain.dates import EventDate
from feedsvc.domain.tables.content import (
    CampaignKind,
    CampaignStatus,
    EditClass,
    Notify,
    UpdateStatus,
)


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
