"""What staff are answered, as models: the API document is built from them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from feedsvc.domain.tables.content import CampaignKind, CampaignStatus, Notify, UpdateStatus
from feedsvc.domain.tables.people import Because
from feedsvc.records.books import MailingState


class CampaignText(BaseModel):
    """A campaign's page in one language."""

    title: str
    summary: str
    body: str


class Addressee(BaseModel):
    """Someone to whom a letter is written."""

    name: str
    office: str = ""


class Letter(BaseModel):
    """The newest version of a petition's letter."""

    version: int
    addressees: list[Addressee]
    salutation: str
    body: str
    closing: str


class CampaignLine(BaseModel):
    """A campaign in a list."""

    id: str
    slug: str
    kind: CampaignKind
    status: CampaignStatus
    language: str
    title: str = Field(description="In the campaign's own language.")
    url: str
    occurred_on: str | None
    published_at: datetime
    updated_at: datetime


class CampaignAnswer(CampaignLine):
    """A campaign with its texts by language, its letter or its signatories."""

    feeds: dict[str, str] = Field(description="The feeds, by format.")
    short_link: str | None
    donate_url: str | None = Field(description="Where those who have signed can give.")
    related: list[str] = Field(description="Slugs of campaigns put forward to them.")
    revision: int
    texts: dict[str, CampaignText]
    letter: Letter | None
    signatories: list[str]
    left_because: dict[Because, int] = Field(
        description="How many of those who left and said why gave which reason."
    )


class CampaignList(BaseModel):
    """Campaigns, in the order of their slugs."""

    items: list[CampaignLine]
    next: str | None = Field(description="Give it as `after` for what follows; null at the end.")


class UpdateText(BaseModel):
    """An update in one language."""

    title: str
    body: str
    summary: str
    mail_subject: str


class UpdateLine(BaseModel):
    """An update in a list."""

    id: str
    key: str
    url: str
    feed_id: str = Field(description="The id of its feed entry in its first language.")
    feed_ids: dict[str, str] = Field(description="The ids of its feed entries, by language.")
    campaign: str
    status: UpdateStatus
    notify: Notify
    estimate: int = Field(description="About how many it is mailed to; `eligible` once counted.")
    eligible: int | None = Field(
        description="How many its news is mailed to; null until they are counted (fan-out)."
    )
    language: str = Field(description="Of its first text.")
    title: str
    occurred_on: str | None
    publish_at: datetime | None
    published_at: datetime | None
    updated_at: datetime | None
    arrival: int | None = Field(description="Orders delivery; null until it is released.")
    revision: int


class UpdateAnswer(UpdateLine):
    """An update with its texts by language, the first one first."""

    texts: dict[str, UpdateText]


class UpdateList(BaseModel):
    """Updates of a campaign, the newest first."""

    items: list[UpdateLine]
    next: str | None = Field(description="Give it as `after` for what follows; null at the end.")


class NoticeBooks(BaseModel):
    """Where everyone stands who was eligible for one notice; refused and withheld by reason."""

    notice: str
    eligible: int | None
    sent: int
    in_hand: dict[str, int]
    refused: dict[str, int]
    unknown: int
    withheld: dict[str, int]
    balanced: bool = Field(
        description="eligible = sent + in hand + refused + unknown + withheld; true during fan-out."
    )
    state: MailingState = Field(
        description="`canary`: the first share is out, and the rest waits for what becomes of it."
    )
    halted: str | None = Field(description="Why it stopped by itself; resume lets it go on.")
    started_at: datetime | None = Field(description="When its first mail was planned.")
    rate_per_minute: float | None = Field(
        description="Mails in the last minutes; null when it is not under way."
    )
    seconds_left: int | None = Field(
        description="About how long it takes, were all due who wait; null when nobody knows."
    )


class BooksAnswer(BaseModel):
    """The books of an update, the newest notice first; none when nobody is mailed about it."""

    update: str
    notices: list[NoticeBooks]
    problem: str | None = Field(
        default=None,
        description="What keeps the senders from sending, such as the relay; null when all is well.",
    )


class Accepted(BaseModel):
    """A sign-up was taken; whether its address was known is not told."""

    status: Literal["accepted"] = "accepted"


class SignerLine(BaseModel):
    """One person under a campaign, as an export writes them; what is not known is empty.

    Spelled out: what programs are promised must not move with the columns of a file.
    """

    email: str
    name: str
    language: str
    time_zone: str
    cadence: str
    state: str = Field(
        description="Of the subscription: live, paused, pending, or why it ended; signed: none."
    )
    signed_at: datetime | None
    confirmed_at: datetime | None
    left_at: datetime | None
    left_because: str
    letter_version: int | None
    consent_source: str
    consent_text: str
    consented_at: datetime | None


class SignerList(BaseModel):
    """Who is known by address: first whoever asked for updates, then whoever only signed."""

    items: list[SignerLine]
    next: str | None = Field(description="Give it as `after` for what follows; null at the end.")
