"""Those who post: their keys, the requests they repeat, and what they did."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, LargeBinary
from sqlmodel import Field, SQLModel

from feedsvc.domain.tables.kinds import number, refers


class Scope(StrEnum):
    """What a staff key may do."""

    UPDATES_READ = "updates:read"
    UPDATES_WRITE = "updates:write"
    UPDATES_PUBLISH = "updates:publish"
    SIGNERS_READ = "signers:read"
    SIGNERS_WRITE = "signers:write"
    ADMIN = "admin"


class StaffKey(SQLModel, table=True):
    """An API token of one person or machine; only its hash is kept."""

    __tablename__ = "staff_key"

    id: int | None = number()
    name: str = Field(unique=True)
    secret_hash: bytes = Field(sa_type=LargeBinary, unique=True)
    scopes: list[str] = Field(sa_type=JSON)
    campaign_id: int | None = refers("campaign.id", default=None)
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Whether the key opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def may(self, scope: Scope) -> bool:
        """Whether the key reaches as far as `scope`; `admin` reaches everywhere."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


class Answer(SQLModel, table=True):
    """What was answered to a request, by its Idempotency-Key, so that a repeat hears the same."""

    staff_key_id: int = refers("staff_key.id", primary_key=True)
    path: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_hash: bytes = Field(sa_type=LargeBinary)
    status: int
    body: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(index=True)


class AuditLine(SQLModel, table=True):
    """Who did what and when; each line carries the hash of the one before."""

    __tablename__ = "audit_line"

    id: int | None = number()
    at: datetime
    who: str
    what: str
    about: str
    detail: str = ""
    hash: bytes = Field(sa_type=LargeBinary)
