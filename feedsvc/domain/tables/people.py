"""Who hears of it: signers, signatures, subscriptions. What names a person is sealed (law 12)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from feedsvc.domain.tables.kinds import BIG, number, partial, refers, word


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
    daily_served_on: date | None = None
    daily_served_at: datetime | None = None
    weekly_served_on: date | None = None
    created_at: datetime
    signed_up_at: datetime
    confirmed_at: datetime | None = None
    ask_at: datetime | None = None
    asks: int = 0
    erased_at: datetime | None = None

    def forget(self) -> None:
        """Keep nothing by which the person could be found or written to."""
        self.address_index = self.address_sealed = None
        self.language_sealed = self.zone_sealed = self.language_tag = None
        self.ask_at = None


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
    lacked goes by it. `left_because` is what the person said, if they did. From `welcome_at` on the
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


class Confirmation(SQLModel, table=True):
    """One "please confirm" asked of a signer; it confirms all that is pending when it is used.

    `address_index` counts how often an address was asked and said nothing; it outlives the signer's
    own, or an address could be asked for ever (TRUST 4).
    """

    __table_args__ = (
        partial(
            "ix_confirmation_unanswered",
            "address_index",
            "created_at",
            where="address_index IS NOT NULL",
        ),
    )

    id: int | None = number()
    signer_id: int = refers("signer.id", index=True)
    address_index: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def use(self, now: datetime) -> None:
        """Note that the person said yes; the first time is the one that counts."""
        if self.used_at is None:
            self.used_at, self.address_index = now, None


class Intake(SQLModel, table=True):
    """A sign-up as it came in, sealed, waiting to be worked on."""

    id: int | None = number()
    sealed: bytes = Field(sa_type=LargeBinary)
    received_at: datetime


class FreshLink(SQLModel, table=True):
    """A link that shows a person what is theirs, good for thirty minutes once it was mailed (law 14).

    `campaign_id` is set when it goes out because somebody signed again what counts already.
    `address_index` counts how often an address was sent one; a link opens for that address only.
    """

    __tablename__ = "fresh_link"
    __table_args__ = (
        partial("ix_fresh_link_waiting", "id", where="mailed_at IS NULL"),
        Index("ix_fresh_link_address", "address_index", "created_at"),
    )

    id: int | None = number()
    signer_id: int = refers("signer.id", index=True)
    address_index: bytes | None = Field(default=None, sa_type=LargeBinary)
    campaign_id: int | None = refers("campaign.id", default=None)
    created_at: datetime
    mailed_at: datetime | None = None
    expires_at: datetime | None = None


class AddressChange(SQLModel, table=True):
    """A wish to be written to elsewhere; it is done when both addresses have agreed."""

    __tablename__ = "address_change"
    __table_args__ = (partial("ix_address_change_waiting", "id", where="mailed_at IS NULL"),)

    id: int | None = number()
    signer_id: int = refers("signer.id", index=True)
    address_index: bytes | None = Field(default=None, sa_type=LargeBinary)
    address_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime
    expires_at: datetime
    mailed_at: datetime | None = None
    old_agreed_at: datetime | None = None
    new_agreed_at: datetime | None = None
    done_at: datetime | None = None


class Bucket(SQLModel, table=True):
    """How much came lately from one network, or from everywhere: full until `full_until`.

    `tag` is a keyed hash, kept for a day at most.
    """

    tag: bytes = Field(primary_key=True, sa_type=LargeBinary)
    full_until: datetime


class ImportRun(SQLModel, table=True):
    """How far the import of a file has come, so that it goes on where it was interrupted.

    `file` is the hash of its content and of what was said of it; `lines` and `bytes_read` have been
    worked off, `refused_bytes` of the file of refused lines belong to them. `asked_until` is the turn
    of the last person who is to be asked.
    """

    __tablename__ = "import_run"
    __table_args__ = (UniqueConstraint("file", "campaign_id"),)

    id: int | None = number()
    file: bytes = Field(sa_type=LargeBinary)
    campaign_id: int = refers("campaign.id")
    lines: int = 0
    bytes_read: int = Field(default=0, sa_type=BIG)
    counts: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    refused_bytes: int = Field(default=0, sa_type=BIG)
    asked_until: datetime | None = None
    started_at: datetime
    ended_at: datetime | None = None


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
