"""The books: notices, deliveries, slots, digests, mails, and the workers that carry them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from feedsvc.domain.tables.kinds import BIG, number, partial, refers, word
from feedsvc.domain.tables.people import Cadence


class NoticeKind(StrEnum):
    """Why people are mailed about an update."""

    NEWS = "news"
    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"


class DeliveryState(StrEnum):
    """Where one signer stands with one notice."""

    WAITING = "waiting"
    MAILED = "mailed"
    WITHHELD = "withheld"


class Withheld(StrEnum):
    """Why a delivery will not be mailed."""

    LEFT = "left"
    ERASED = "erased"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REPLACED = "replaced"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    DAMAGED = "damaged"


class MailKind(StrEnum):
    """What a mail is for."""

    DIGEST = "digest"
    CONFIRM = "confirm"
    REMINDER = "reminder"
    INVITATION = "invitation"
    LINK = "link"
    KNOWN = "known"
    WELCOME = "welcome"
    MOVE_FROM = "move from"
    MOVE_TO = "move to"


ASKING = (MailKind.CONFIRM, MailKind.REMINDER, MailKind.INVITATION)
"""The mails that ask for a yes."""

MOVING = (MailKind.MOVE_FROM, MailKind.MOVE_TO)
"""The mails that ask about a change of address."""


class MailState(StrEnum):
    """Where a mail stands. `unknown`: the relay took it and never answered."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class Lane(StrEnum):
    """Which queue a mail waits in; service mails never wait behind a mailing."""

    SERVICE = "a"
    BULK = "b"


WAITING = text("delivery.state = 'waiting'")  # spelled out, or SQLite passes the index by
DUE_NOW = text(
    "delivery.due_now AND delivery.state || '' = 'waiting'"
)  # not by the index of WAITING
REFUSED = text("mail.state = 'refused'")  # spelled out, as above
ON_TRIAL = text("notice.share > 0")
NOT_STARTED = (MailState.QUEUED, MailState.DEFERRED)


class Notice(SQLModel, table=True):
    """A reason to mail about an update; `eligible` is counted when its fan-out has ended.

    `bookmark` is the last subscription that the fan-out has passed; `slot_id` the immediate run.
    While it is paused (`halted` says why when that was not by hand) or `cancelled` no mail with it
    starts.

    `share` is how many of its mails go first (0: not yet decided; None: all), `allowance` how many of
    those are still to be planned; what became of them is read from `share_at` and the mail after
    `share_from` on. `slowly`: the share that follows is but a larger one. `swept` is the last signer
    whose delivery a sweep has brought in line with all that; None: no sweep is under way.
    """

    __table_args__ = (
        UniqueConstraint("update_id", "kind", "number"),
        UniqueConstraint("campaign_id", "arrival"),
        partial("ix_notice_fan_out", "id", where="eligible IS NULL"),
        partial("ix_notice_unplanned", "campaign_id", where="slot_id IS NULL"),
        partial("ix_notice_stopped", "id", where="paused_at IS NOT NULL OR cancelled IS NOT NULL"),
        partial("ix_notice_on_trial", "campaign_id", "arrival", where="share > 0"),
        partial("ix_notice_to_sweep", "id", where="swept IS NOT NULL"),
    )

    id: int | None = number()
    update_id: int = refers("update.id")
    campaign_id: int = refers("campaign.id")
    kind: NoticeKind = word(NoticeKind)
    number: int = 0
    arrival: int
    arrived_at: datetime
    bookmark: int = Field(default=0, sa_type=BIG)
    eligible: int | None = None
    slot_id: int | None = refers("slot.id", default=None, index=True)
    paused_at: datetime | None = None
    halted: str | None = None
    cancelled: Withheld | None = word(Withheld, default=None, nullable=True)
    share: int | None = 0
    allowance: int = 0
    share_from: int = Field(default=0, sa_type=BIG)
    share_at: datetime | None = None
    slowly: bool = False
    swept: int | None = Field(default=None, sa_type=BIG)

    @property
    def stopped(self) -> bool:
        """Whether no mail with it may start."""
        return self.paused_at is not None or self.cancelled is not None

    @property
    def on_trial(self) -> bool:
        """Whether its share is under way, and the rest waits for what becomes of it."""
        return bool(self.share)


class Slot(SQLModel, table=True):
    """One planning run: the present moment, or a local hour of one zone on one date.

    `at` is the instant that bounds what is taken; `bookmark` the last signer that was planned. An
    immediate slot has no zone, hour (-1) or date; a daily one no weekday (-1).
    """

    __table_args__ = (
        UniqueConstraint("cadence", "zone_tag", "hour", "weekday", "local_date"),
        partial("ix_slot_open", "id", where="planned_at IS NULL"),
    )

    id: int | None = number()
    cadence: Cadence = word(Cadence)
    zone_tag: bytes | None = Field(default=None, sa_type=LargeBinary)
    hour: int = -1
    weekday: int = -1
    local_date: date | None = None
    at: datetime
    bookmark: int = Field(default=0, sa_type=BIG)
    planned_at: datetime | None = None


class Digest(SQLModel, table=True):
    """The content of a mail, composed once; `message` holds its bytes with slots to be filled.

    `base_url` is where the links in its slots lead. `campaigns` are those that a welcome speaks of,
    which has no entries: it is no delivery of anything. `discreet`: it does not tell what it is about.
    """

    id: int | None = number()
    key: bytes = Field(sa_type=LargeBinary, unique=True)
    kind: MailKind = word(MailKind)
    language: str
    message: bytes = Field(sa_type=LargeBinary)
    base_url: str | None = None
    campaigns: list[int] | None = Field(default=None, sa_type=JSON)
    discreet: bool = False
    composed_at: datetime


class DigestEntry(SQLModel, table=True):
    """One revision in a digest, and the notice that brought it there."""

    __tablename__ = "digest_entry"

    digest_id: int = refers("digest.id", primary_key=True)
    position: int = Field(primary_key=True)
    notice_id: int = refers("notice.id", index=True)
    revision_id: int = refers("revision.id")
    language: str


class Mail(SQLModel, table=True):
    """One digest or service message to one signer; every mail passes here twice, so rows are small.

    `worker_id` is the claim; `connection` and `position` say where it started. `alone` marks a mail
    in doubt after a crash, `crashes` counts those it met while alone, `rebuffs` how often the relay
    refused it at MAIL while others passed. `evidence` is what a refusal says of the address.
    """

    __table_args__ = (
        partial(
            "ix_mail_due",  # holds what is asked of unclaimed mails, so that no row has to be read
            "lane",
            "due_at",
            "id",
            "state",
            "domain_tag",
            where="due_at IS NOT NULL AND worker_id IS NULL",
        ),
        partial("ix_mail_claimed", "worker_id", where="worker_id IS NOT NULL"),
        Index("ix_mail_signer", "signer_id"),
        Index("ix_mail_digest", "digest_id", "id"),
        partial("ix_mail_refused", "changed_at", "digest_id", where="state = 'refused'"),
    )

    id: int | None = number()
    kind: MailKind = word(MailKind)
    digest_id: int = refers("digest.id")
    signer_id: int = refers("signer.id")
    lane: Lane = word(Lane)
    state: MailState = word(MailState)
    reason: str | None = None
    evidence: str | None = None
    reply: str | None = None
    domain_tag: bytes = Field(sa_type=LargeBinary)
    planned_at: datetime
    due_at: datetime | None
    changed_at: datetime
    attempts: int = 0
    worker_id: int | None = refers("worker.id", default=None)
    connection: int | None = None
    position: int | None = None
    alone: bool = False
    crashes: int = 0
    rebuffs: int = 0
    retried: bool = False


class Snapshot(SQLModel, table=True):
    """Every slot value of a mail, sealed when it is planned, so that a repeat has the same bytes.

    Apart from the mail: marks touch that row only, and this one is gone when the mail is old. A
    service mail has its values in `sealed`. Those of a digest follow from what the others hold: the
    sealed address and name as they were, the day of signing, the key that its tokens are made with,
    and the mail's `planned_at`, which is its Date.
    """

    mail_id: int = refers("mail.id", primary_key=True)
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    address_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    name_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    signed_on: date | None = None
    token_key: int | None = None


class Tally(SQLModel, table=True):
    """How many mails were sent to one group of domains on one day (UTC); kept where there is a cap."""

    day: date = Field(primary_key=True)
    domain_tag: bytes = Field(sa_type=LargeBinary, primary_key=True)
    sent: int = 0


class Delivery(SQLModel, table=True):
    """Where one signer stands with one notice. `due_now` overrules the cadence: it was due once."""

    __table_args__ = (
        partial("ix_delivery_waiting", "signer_id", where="state = 'waiting'"),
        partial("ix_delivery_due_now", "signer_id", where="due_now"),
        partial("ix_delivery_mail", "mail_id", where="mail_id IS NOT NULL"),
        Index("ix_delivery_subscription", "subscription_id"),
        {"sqlite_with_rowid": False},
    )

    notice_id: int = refers("notice.id", primary_key=True)
    signer_id: int = refers("signer.id", primary_key=True)
    subscription_id: int = refers("subscription.id")
    state: DeliveryState = word(DeliveryState)
    reason: Withheld | None = word(Withheld, default=None, nullable=True)
    mail_id: int | None = refers("mail.id", default=None)
    due_now: bool = False


class Worker(SQLModel, table=True):
    """A process that sends; its id is the epoch of its claims. `problem`: what keeps it from sending."""

    id: int | None = number()
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None
    problem: str | None = None
