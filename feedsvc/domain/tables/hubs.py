"""Who outside hears that feeds have moved: hubs and caches, and the subscribers of our own hub."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel

from feedsvc.domain.tables.kinds import number, word


class Listener(SQLModel, table=True):
    """Who is told when feeds move: a hub, by its URL, or the cache in front of us.

    `due_at`: not spoken to before; whoever speaks to it puts it off meanwhile. It is failing from the
    first thing it did not take until it takes one; a hub that fails for long is `left_out` of feeds.
    """

    name: str = Field(primary_key=True)
    due_at: datetime
    attempts: int = 0
    failing_since: datetime | None = None
    problem: str = ""
    left_out: bool = False


class Told(SQLModel, table=True):
    """Up to which version a listener was told of the feeds of one scope (0: the site)."""

    listener: str = Field(primary_key=True)
    scope: int = Field(primary_key=True)
    version: int = 0
    attempts: int = 0
    due_at: datetime


class HubMode(StrEnum):
    """What a subscriber asks of our hub."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


class HubRequest(SQLModel, table=True):
    """A request to our hub that its callback has not confirmed yet; it changes nothing before.

    `tag` is the keyed hash of topic and callback, `host_tag` of the callback's host. One that
    was not confirmed stays for a while, `failed_at`, so that nobody lets us call a host without end.
    """

    __tablename__ = "hub_request"
    __table_args__ = (Index("ix_hub_request_host", "host_tag"), Index("ix_hub_request_tag", "tag"))

    id: int | None = number()
    mode: HubMode = word(HubMode)
    tag: bytes = Field(sa_type=LargeBinary)
    host_tag: bytes = Field(sa_type=LargeBinary)
    topic: str
    scope: int
    language: str = ""
    suffix: str
    callback_sealed: bytes = Field(sa_type=LargeBinary)
    secret_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    lease_seconds: int
    received_at: datetime
    attempts: int = 0
    due_at: datetime
    failed_at: datetime | None = None


class HubSubscription(SQLModel, table=True):
    """A subscriber's wish to be sent one topic whenever it changes, until `expires_at`.

    `version` is the one it has, of the topic's scope; `digest` is the SHA-256 of what it was sent.
    `due_at`: nothing is sent before; whoever sends puts it off meanwhile.
    """

    __tablename__ = "hub_subscription"
    __table_args__ = (
        Index("ix_hub_subscription_scope", "scope", "version"),
        Index("ix_hub_subscription_host", "host_tag"),
    )

    id: int | None = number()
    tag: bytes = Field(sa_type=LargeBinary, unique=True)
    host_tag: bytes = Field(sa_type=LargeBinary)
    topic: str
    scope: int
    language: str = ""
    suffix: str
    callback_sealed: bytes = Field(sa_type=LargeBinary)
    secret_sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime
    expires_at: datetime = Field(index=True)
    version: int
    digest: bytes | None = Field(default=None, sa_type=LargeBinary)
    attempts: int = 0
    due_at: datetime
    failing_since: datetime | None = None
