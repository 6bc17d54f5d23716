"""The sections of the file but for the relay's: site, doors, database, digests, feeds, limits."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from feedsvc.config.kinds import (
    Authority,
    BaseUrl,
    Hour,
    Language,
    Positive,
    Section,
    Zone,
    outside,
)

SELF = "self"


class Site(Section):
    """Who is speaking, and where it is read."""

    name: str = "Campaign updates"
    base_url: BaseUrl = "http://127.0.0.1:8000"
    tag_authority: Authority = ""
    default_language: Language = "en"
    time_zone: Zone = "UTC"
    postal_address: str = ""

    @property
    def host(self) -> str:
        """The host name of the site, without a port."""
        return urlsplit(self.base_url).hostname or "localhost"


class Http(Section):
    """Where the service listens, and whom it believes."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    trusted_proxies: tuple[str, ...] = ()
    embed_origins: tuple[str, ...] = ()


class DatabaseSettings(Section):
    """Where the truth is kept."""

    url: str = "sqlite:///data/feedsvc.db"
    pool: Positive = 8

    @field_validator("url")
    @classmethod
    def _known(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("must start with sqlite:/// or postgresql://")
        return value


class KeySettings(Section):
    """The file that opens what is sealed."""

    file: Path = Path("data/feedsvc.keys")


class DigestSettings(Section):
    """When mail goes out."""

    settle_seconds: Annotated[int, Field(ge=0)] = 600
    daily_hour: Hour = 8
    weekly_day: Annotated[int, Field(ge=0, le=6)] = 0
    chunk: Annotated[int, Field(ge=1, le=50_000)] = 700
    welcome: bool = False


class Bounces(Section):
    """The door for reports of mails that did not arrive."""

    lmtp: str = ""


class FeedSettings(Section):
    """How much a feed holds, how long it may be kept, and who is told when it has changed."""

    entries: Annotated[int, Field(ge=5, le=50)] = 50
    max_age_seconds: Annotated[int, Field(ge=60, le=18_000)] = 1_800
    hub: str | tuple[str, ...] = ""
    hub_callbacks: Literal["https", "http", "any"] = "https"
    purge_url: str = Field(default="", repr=False)

    @field_validator("hub")
    @classmethod
    def _hubs(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for hub in (value,) if isinstance(value, str) else value:
            if hub not in {"", SELF}:
                outside(hub, plain=False)
        return value

    @field_validator("purge_url")
    @classmethod
    def _purged(cls, value: str) -> str:
        return outside(value, plain=True) if value else value

    @property
    def outside_hubs(self) -> tuple[str, ...]:
        """The hubs of others that are told, each once."""
        hubs = (self.hub,) if isinstance(self.hub, str) else self.hub
        return tuple(dict.fromkeys(hub for hub in hubs if hub not in {"", SELF}))

    @property
    def own_hub(self) -> bool:
        """Whether we are a hub ourselves."""
        return self.hub == SELF or (not isinstance(self.hub, str) and SELF in self.hub)


class Limits(Section):
    """What is refused at the door."""

    json_bytes: Positive = 256 * 1024
    json_depth: Positive = 32
    confirm_mails_per_month: Positive = 3
    confirm_mails_per_hour: Positive = 5_000
    sign_ups_per_network: Positive = 5
    passcode: str = Field(default="", repr=False)
    feed_bodies_per_hour: Annotated[int, Field(ge=0)] = 12
