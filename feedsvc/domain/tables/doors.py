"""What is asked at the doors: sign-ups that wait, links that were mailed, limits, imports."""

from datetime import datetime

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from feedsvc.domain.tables.kinds import BIG, number, partial, refers

ONCE = {"sqlite_autoincrement": True}
"""For rows that mailed links name and that are deleted: SQLite would give their numbers out again."""


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
        ONCE,
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

    `campaign_id` is set when it goes out because somebody signed again what counts already; `due_at`
    is the turn of the network that asked. `used_at`: somebody acted by it, and so reads that mail.
    `address_index` counts how often an address was sent one; a link opens for that address only.
    """

    __tablename__ = "fresh_link"
    __table_args__ = (
        partial("ix_fresh_link_waiting", "id", where="mailed_at IS NULL"),
        Index("ix_fresh_link_address", "address_index", "due_at"),
        ONCE,
    )

    id: int | None = number()
    signer_id: int = refers("signer.id", index=True)
    address_index: bytes | None = Field(default=None, sa_type=LargeBinary)
    campaign_id: int | None = refers("campaign.id", default=None)
    created_at: datetime
    due_at: datetime
    mailed_at: datetime | None = None
    expires_at: datetime | None = None
    used_at: datetime | None = None

    def use(self, now: datetime) -> None:
        """Note that somebody acted by it; the first time is the one that counts."""
        self.used_at = self.used_at or now


class AddressChange(SQLModel, table=True):
    """A wish to be written to elsewhere; it is done when both addresses have agreed.

    `former_index` is kept once it is done: what the person says later holds for the old address too.
    """

    __tablename__ = "address_change"
    __table_args__ = (
        partial("ix_address_change_waiting", "id", where="mailed_at IS NULL"),
        partial("ix_address_change_address", "address_index", where="address_index IS NOT NULL"),
        partial("ix_address_change_former", "former_index", where="former_index IS NOT NULL"),
        ONCE,
    )

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
    former_index: bytes | None = Field(default=None, sa_type=LargeBinary)


class Bucket(SQLModel, table=True):
    """How much came lately from one network, or from everywhere: full until `full_until`.

    `tag` is a keyed hash, kept for a day at most.
    """

    tag: bytes = Field(primary_key=True, sa_type=LargeBinary)
    full_until: datetime


class ImportRun(SQLModel, table=True):
    """How far the import of a file has come, so that it goes on where it was interrupted.

    `file` is the keyed hash of its content and of what was said of it; `lines` and `bytes_read` have been
    worked off, `refused_bytes` of the file of refused lines belong to them; of the people behind them
    the first `stored` are in, in the order of a window. `asked_until` is the turn of the last person
    who is to be asked.
    """

    __tablename__ = "import_run"
    __table_args__ = (UniqueConstraint("file", "campaign_id"),)

    id: int | None = number()
    file: bytes = Field(sa_type=LargeBinary)
    campaign_id: int = refers("campaign.id")
    lines: int = 0
    bytes_read: int = Field(default=0, sa_type=BIG)
    stored: int = 0
    counts: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    refused_bytes: int = Field(default=0, sa_type=BIG)
    asked_until: datetime | None = None
    started_at: datetime
    ended_at: datetime | None = None
