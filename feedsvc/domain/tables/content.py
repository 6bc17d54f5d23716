"""What is said: campaigns, letters, signatories, updates, revisions and their entries in the feeds."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from feedsvc.domain.tables.kinds import number, partial, refers, word


class CampaignKind(StrEnum):
    """What people put their names under."""

    PETITION = "petition"
    STATEMENT = "statement"


class CampaignStatus(StrEnum):
    """Where a campaign stands."""

    OPEN = "open"
    CLOSED = "closed"
    WON = "won"
    WITHDRAWN = "withdrawn"


class UpdateStatus(StrEnum):
    """Where an update stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Notify(StrEnum):
    """Who is mailed when an update is released."""

    SUBSCRIBERS = "subscribers"
    NONE = "none"


class EditClass(StrEnum):
    """What a revision means for those who read the one before."""

    SILENT = "silent"
    AMENDED = "amended"
    TRANSLATION = "translation"
    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"
    REDACTION = "redaction"


class EntryKind(StrEnum):
    """What an entry of the feeds is about."""

    LAUNCH = "launch"
    UPDATE = "update"
    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"
    END = "end"


class Campaign(SQLModel, table=True):
    """What people sign. `last_arrival` is the number of the newest notice, counted under its lock.

    `signatures` are the confirmed ones, counted as they are confirmed. Once it is withdrawn its feeds
    say so for a while, and have ended since `ended_at`. `rewritten_at`: all its documents were written
    anew, archives too, for its address or the configuration had changed. `donate_url` and `related`
    (slugs of other campaigns) are what it offers to those who have signed.
    """

    id: int | None = number()
    uid: str = Field(unique=True)
    slug: str = Field(unique=True)
    kind: CampaignKind = word(CampaignKind)
    status: CampaignStatus = word(CampaignStatus, default=CampaignStatus.OPEN)
    language: str
    short_link: str | None = Field(default=None, unique=True)
    occurred_on: str | None = None
    published_at: datetime
    updated_at: datetime
    revision: int = 1
    last_arrival: int = 0
    signatures: int = 0
    donate_url: str = ""
    related: list[str] = Field(default_factory=list, sa_type=JSON)
    withdrawn_at: datetime | None = None
    ended_at: datetime | None = None
    rewritten_at: datetime | None = None


class FormerSlug(SQLModel, table=True):
    """A slug that a campaign once had; whoever comes with it is sent on, for ever."""

    __tablename__ = "former_slug"

    slug: str = Field(primary_key=True)
    campaign_id: int = refers("campaign.id", index=True)


class CampaignText(SQLModel, table=True):
    """A campaign in one language; position 0 is the first text."""

    __tablename__ = "campaign_text"

    campaign_id: int = refers("campaign.id", primary_key=True)
    language: str = Field(primary_key=True)
    position: int
    title: str
    summary: str = ""
    body: str = ""


class Letter(SQLModel, table=True):
    """One version of a petition's letter in one language. `addressees` are objects of name and office."""

    campaign_id: int = refers("campaign.id", primary_key=True)
    version: int = Field(primary_key=True)
    language: str = Field(primary_key=True)
    addressees: list[dict[str, str]] = Field(sa_type=JSON)
    salutation: str = ""
    body: str = ""
    closing: str = ""
    created_at: datetime


class Signatory(SQLModel, table=True):
    """An organisation on a statement, its name kept verbatim."""

    campaign_id: int = refers("campaign.id", primary_key=True)
    position: int = Field(primary_key=True)
    name: str


class Update(SQLModel, table=True):
    """A dated piece of news on a campaign.

    `occurred_on` is an EventDate as text, `published_at` when we published it, `updated_at` when the
    feeds last moved; `revision` is the number of its newest revision, `released_revision` of the
    one that was released: those before it were drafts, and nobody's business.
    """

    __table_args__ = (
        UniqueConstraint("campaign_id", "key"),
        partial("ix_update_scheduled", "publish_at", where="status = 'scheduled'"),
        Index("ix_update_campaign_published", "campaign_id", "published_at"),
    )

    id: int | None = number()
    uid: str = Field(unique=True)
    campaign_id: int = refers("campaign.id")
    key: str
    status: UpdateStatus = word(UpdateStatus)
    notify: Notify = word(Notify)
    occurred_on: str | None = None
    publish_at: datetime | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None
    withdrawn_at: datetime | None = None
    arrival: int | None = None
    revision: int = 1
    released_revision: int | None = None
    created_at: datetime

    @property
    def shown(self) -> bool:
        """Whether pages and feeds may carry it."""
        return self.status is UpdateStatus.PUBLISHED


class Revision(SQLModel, table=True):
    """One stored state of an update's texts, never changed.

    `notes` say by language what was corrected, or why it was withdrawn.
    """

    __table_args__ = (UniqueConstraint("update_id", "number"),)

    id: int | None = number()
    update_id: int = refers("update.id")
    number: int
    edit_class: EditClass = word(EditClass)
    created_at: datetime
    notes: dict[str, str] = Field(default_factory=dict, sa_type=JSON)


class RevisionText(SQLModel, table=True):
    """A revision in one language; position 0 is the first text. `body` is Markdown.

    `files` lie beside it: objects of name, text (what it shows, in words) and digest of a StoredFile.
    """

    __tablename__ = "revision_text"

    revision_id: int = refers("revision.id", primary_key=True)
    language: str = Field(primary_key=True)
    position: int
    title: str
    body: str
    summary: str = ""
    mail_subject: str = ""
    files: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)


class StoredFile(SQLModel, table=True):
    """A file that lies beside an update; `digest` is the SHA-256 of its content, in hexadecimal."""

    __tablename__ = "stored_file"

    digest: str = Field(primary_key=True)
    media_type: str
    length: int
    content: bytes = Field(sa_type=LargeBinary)
    created_at: datetime


class Entry(SQLModel, table=True):
    """One entry of the feeds in one language: an update, what befell it, or a campaign's launch or end.

    `tag` is minted once (RFC 4151) and never changes. `number` counts the corrections of an update, and
    how often a campaign has ended.
    `plain`: the feeds of all languages have this one; chosen once, or readers would see it twice.
    What was withdrawn stays as a stub until `left_at`.
    """

    __table_args__ = (
        UniqueConstraint("update_id", "language", "kind", "number", name="uq_entry_update"),
        partial(
            "uq_entry_campaign",
            *("campaign_id", "language", "kind", "number"),
            where="update_id IS NULL",
            unique=True,
        ),
        Index("ix_entry_plain", "campaign_id", "plain", "updated_at"),
        Index("ix_entry_language", "language", "updated_at"),
        Index("ix_entry_updated", "plain", "updated_at"),
    )

    id: int | None = number()
    campaign_id: int = refers("campaign.id", index=True)
    update_id: int | None = refers("update.id", default=None)
    kind: EntryKind = word(EntryKind)
    number: int = 0
    language: str
    plain: bool = False
    tag: str = Field(unique=True)
    published_at: datetime | None = None
    updated_at: datetime | None = None
    left_at: datetime | None = None


class Appearance(SQLModel, table=True):
    """An entry's coming to the head of the feeds: its first publication, and each edit that moved it.

    Archives are runs of appearances, so what one says is fixed: the `revision` of the update, its
    date, the campaign's `title` of the time, and of a launch the whole `page`. `place` counts them
    over all campaigns.
    """

    id: int | None = number()
    entry_id: int = refers("entry.id", index=True)
    place: int = Field(unique=True)
    at: datetime
    revision: int = 0
    occurred_on: str | None = None
    title: str
    page: dict[str, Any] | None = Field(default=None, sa_type=JSON)


class FeedVersion(SQLModel, table=True):
    """How often the feeds of one scope have moved; scope 0 is the whole site, others a campaign.

    `urgent` is the version that took something back: caches ought to forget what was before it.
    """

    __tablename__ = "feed_version"

    scope: int = Field(primary_key=True)
    version: int
    updated_at: datetime
    urgent: int = 0


class Fact(SQLModel, table=True):
    """A thing about this database as a whole, such as the tag authority or the mark of a key."""

    name: str = Field(primary_key=True)
    value: bytes = Field(sa_type=LargeBinary)
