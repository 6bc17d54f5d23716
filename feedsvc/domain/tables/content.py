"""What is said: campaigns, letters, signatories, updates, revisions and their entries in the feeds."""

from datetime import datetime
from enum import StrEnum

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


class Campaign(SQLModel, table=True):
    """What people sign. `last_arrival` is the number of the newest notice, counted under its lock.

    `signatures` are the confirmed ones, counted as they are confirmed.
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
    """One stored state of an update's texts, never changed."""

    __table_args__ = (UniqueConstraint("update_id", "number"),)

    id: int | None = number()
    update_id: int = refers("update.id")
    number: int
    edit_class: EditClass = word(EditClass)
    created_at: datetime


class RevisionText(SQLModel, table=True):
    """A revision in one language; position 0 is the first text. `body` is Markdown."""

    __tablename__ = "revision_text"

    revision_id: int = refers("revision.id", primary_key=True)
    language: str = Field(primary_key=True)
    position: int
    title: str
    body: str
    summary: str = ""
    mail_subject: str = ""


class Entry(SQLModel, table=True):
    """One entry of the feeds: an update, or the launch of a campaign, in one language.

    `tag` is minted once (RFC 4151) and never changes.
    """

    __table_args__ = (
        UniqueConstraint("update_id", "language"),
        partial(
            "uq_entry_launch", "campaign_id", "language", where="update_id IS NULL", unique=True
        ),
    )

    id: int | None = number()
    campaign_id: int = refers("campaign.id", index=True)
    update_id: int | None = refers("update.id", default=None)
    language: str
    tag: str = Field(unique=True)
    published_at: datetime | None = None
    updated_at: datetime | None = None


class FeedVersion(SQLModel, table=True):
    """How often the feeds of one scope have moved; scope 0 is the whole site, others a campaign."""

    __tablename__ = "feed_version"

    scope: int = Field(primary_key=True)
    version: int
    updated_at: datetime


class Fact(SQLModel, table=True):
    """A thing about this database as a whole, such as the tag authority or the mark of a key."""

    name: str = Field(primary_key=True)
    value: bytes = Field(sa_type=LargeBinary)
