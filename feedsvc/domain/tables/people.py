"""Who hears of it: signers, signatures, subscriptions. What names a person is sealed (law 12)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from feedsvc.domain.tables.kinds import number, partial, refers, word


class Cadence(StrEnum):
    """How often a signer wants mail."""

    IMMEDIATE = "immediate"
    DAILY = "daily"
    WEEKLY = "weekly"


class Ending(StrEnum):
    """Why a subscription ended."""

    LEFT = "left"
    ERASED = "erased"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REPLACED = "replaced"
    EXPIRED = "expired"


class Because(StrEnum):
    """What a person says of why they leave."""

    TOO_MUCH = "too much"
    NOT_FOR_ME = "not for me"
    NEVER_ASKED = "never asked"
    OTHER = "other"


class Reach(StrEnum):
    """Which mail a suppression stops."""

    BULK = "bulk"
    ALL = "all"


class Signer(SQLModel, table=True):
    """A person, one per address. Tags are keyed hashes, for grouping without knowing.

    `confirmed_at` is when they first said yes, `signed_up_at` when they last signed; `ask_at` is set
    while somebody waits to be asked to confirm, and `asks` counts how often they were asked for what
    waits now: the second is the reminder. Who changes what waits here holds this row's lock.
    `discreet`: mails to them do not tell what they signed (MAIL M14a).
    """

    __table_args__ = (
        Index("ix_signer_zone", "zone_tag", "daily_hour", "id"),
        Index("ix_signer_place", "zone_tag", "daily_hour", "weekly_day", "id"),
        partial("ix_signer_asking", "ask_at", "asks", "signed_up_at", where="ask_at IS NOT NULL"),
        partial(
            "ix_signer_unconfirmed",
            "signed_up_at",
            where="confirmed_at IS NULL AND address_index IS NOT NULL",
        ),
    )

    id: int | None = number()
    address_index: bytes | None = Field(default=None, sa_type=LargeBinary, unique=True)
    address_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    language_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    zone_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    language_tag: bytes | None = Field(default=None, sa_type=LargeBinary)
    zone_tag: bytes = Field(sa_type=LargeBinary)
    domain_tag: bytes = Field(sa_type=LargeBinary)
    discreet: bool = False
    daily_hour: int
    weekly_day: int
    created_at: datetime
    signed_up_at: datetime
    confirmed_at: datetime | None = None
    ask_at: datetime | None = None
    asks: int = 0
    erased_at: datetime | None = None

    def forget(self) -> None:
        """Keep nothing by which the person could be found, written to or guessed at."""
        self.address_index = self.address_sealed = None
        self.language_sealed = self.zone_sealed = self.language_tag = None
        self.zone_tag = self.domain_tag = b""
        self.daily_hour = self.weekly_day = 0
        self.discreet = False
        self.ask_at = None


class Served(SQLModel, table=True):
    """When a signer had the last daily digest (local date and instant) and the last weekly one.

    Apart from the signer: whoever lives in one place is scattered over that table, and each digest
    would write a page of it again.
    """

    signer_id: int = refers("signer.id", primary_key=True)
    daily_on: date | None = None
    daily_at: datetime | None = None
    weekly_on: date | None = None


class Signature(SQLModel, table=True):
    """A signer's name under a campaign, and the version of the letter it was put under.

    Someone who asked for no updates has no signer row once confirmed: `person_index` counts them.
    `pending_since` is when a yes was last asked for; `signed_at` may lie before it (imported).
    """

    __table_args__ = (
        UniqueConstraint("campaign_id", "person_index"),
        partial("ix_signature_pending", "pending_since", where="confirmed_at IS NULL"),
    )

    id: int | None = number()
    campaign_id: int = refers("campaign.id")
    signer_id: int | None = refers("signer.id", default=None, index=True)
    person_index: bytes = Field(sa_type=LargeBinary)
    letter_version: int | None = None
    name_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    signed_at: datetime
    pending_since: datetime
    confirmed_at: datetime | None = None


class Subscription(SQLModel, table=True):
    """A signer's wish to hear of one campaign; it ends with a reason and is not deleted.

    Live at arrival `a` when `after_arrival < a` and it had not ended by then: `ended_arrival >= a`.
    Who takes a leave back has a new row, the `successor_id` of the one that ended: what that one
    lacked goes by it. `left_by` marks the link of a mail that it was left with, `left_because` is what
    the person said, if they did. From `welcome_at` on the
    person is due to be told where the campaign stands; it goes when that is decided.
    """

    __table_args__ = (
        partial(
            "uq_subscription_open",
            "signer_id",
            "campaign_id",
            where="ended_at IS NULL",
            unique=True,
        ),
        Index("ix_subscription_campaign", "campaign_id", "id"),
        Index("ix_subscription_signer", "signer_id"),
        partial("ix_subscription_because", "campaign_id", where="left_because IS NOT NULL"),
        partial("ix_subscription_successor", "successor_id", where="successor_id IS NOT NULL"),
        partial("ix_subscription_welcome", "welcome_at", where="welcome_at IS NOT NULL"),
        partial("ix_subscription_paused", "paused_until", where="paused_until IS NOT NULL"),
        partial(
            "ix_subscription_pending",
            "created_at",
            where="confirmed_at IS NULL AND ended_at IS NULL",
        ),
    )

    id: int | None = number()
    signer_id: int = refers("signer.id")
    campaign_id: int = refers("campaign.id")
    cadence: Cadence = word(Cadence, default=Cadence.IMMEDIATE)
    created_at: datetime
    confirmed_at: datetime | None = None
    after_arrival: int | None = None
    ended_at: datetime | None = None
    ended_arrival: int | None = None
    ending: Ending | None = word(Ending, default=None, nullable=True)
    successor_id: int | None = refers("subscription.id", default=None)
    left_by: bytes | None = Field(default=None, sa_type=LargeBinary)
    left_because: Because | None = word(Because, default=None, nullable=True)
    paused_until: datetime | None = None
    welcome_at: datetime | None = None
    consent_source: str
    consent_text: str
    consented_at: datetime

    @property
    def live(self) -> bool:
        """Whether mail may be sent for this subscription."""
        return self.confirmed_at is not None and self.ended_at is None

    def confirm(self, arrival: int, now: datetime) -> None:
        """Begin to hear of everything that arrives after `arrival`; the first confirming counts."""
        if self.confirmed_at is None and self.ended_at is None:
            self.confirmed_at, self.after_arrival = now, arrival

    def end(self, why: Ending, arrival: int, now: datetime) -> None:
        """End the subscription; the first ending is the one that counts."""
        if self.ended_at is None:
            self.ended_at, self.ended_arrival, self.ending = now, arrival, why


class Suppression(SQLModel, table=True):
    """An address that must not be mailed, known by its keyed hash only."""

    __table_args__ = (
        partial(
            "uq_suppression_open", "address_index", "reach", where="lifted_at IS NULL", unique=True
        ),
    )

    id: int | None = number()
    address_index: bytes = Field(sa_type=LargeBinary)
    reach: Reach = word(Reach)
    reason: str
    created_at: datetime
    lifted_at: datetime | None = None
