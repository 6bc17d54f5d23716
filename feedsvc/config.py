"""Every setting, read from a TOML file and `FEEDSVC_<SECTION>__<KEY>`, and checked before anything starts."""

import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from feedsvc.errors import Misconfigured

PREFIX = "FEEDSVC_"
TEST_PREFIX = "FEEDSVC_TEST_"
DEFAULT_FILE = Path("config.toml")
RELAY_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
WARM_UP = (50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 40_000, 70_000, 100_000)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SELF = "self"
_AUTHORITY = re.compile(r"[A-Za-z0-9.@_-]+,[0-9]{4}(?:-[0-9]{2}){0,2}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.path:
        raise ValueError("must be like https://updates.example.org, without a path")
    return value


def _outside(value: str, *, plain: bool) -> str:
    """Check a URL that we speak to; http is for this machine, unless `plain` will do."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
        raise ValueError('must be like https://hub.example.org/ (or "self", for our own hub)')
    if not plain and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("must be https; http is for this machine only")
    if not plain and parts.username is not None:
        raise ValueError("must not hold a user or a password: feeds name it")
    if any(sign in value for sign in "<>\"' ") or not value.isascii() or not value.isprintable():
        raise ValueError("must be plain ASCII")
    return value


def _authority(value: str) -> str:
    """Check the authority of tag: URIs (RFC 4151, 2.1): it goes into ids that never change."""
    if value and not _AUTHORITY.fullmatch(value):
        raise ValueError("must be like updates.example.org,2026")
    return value


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError("must be a language code like en or pt-BR")
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be a time zone like Europe/London")
    return value


BaseUrl = Annotated[str, AfterValidator(lambda value: _base_url(value.rstrip("/")))]
Zone = Annotated[str, AfterValidator(_zone)]
Hour = Annotated[int, Field(ge=0, le=23)]
Positive = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """A table of the file; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Site(Section):
    """Who is speaking, and where it is read."""

    name: str = "Campaign updates"
    base_url: BaseUrl = "http://127.0.0.1:8000"
    tag_authority: Annotated[str, AfterValidator(_authority)] = ""
    default_language: Annotated[str, AfterValidator(_language)] = "en"
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


class Relay(BaseModel):
    """The address of the relay, taken apart."""

    model_config = ConfigDict(frozen=True)

    host: str
    port: int
    security: Literal["smtp", "smtps", "smtp+starttls"]

    @property
    def loopback(self) -> bool:
        """Whether what is said to it never leaves this machine."""
        return self.host in LOOPBACK


class MailSettings(Section):
    """The relay, the sender's name, and how fast to go."""

    relay: str = "smtp://127.0.0.1:1025"
    relay_user: str = ""
    relay_password: str = Field(default="", repr=False)
    relay_password_file: Path | None = None
    relay_auth: Literal["password", "xoauth2"] = "password"
    relay_token_file: Path | None = None
    from_address: str = "updates@localhost"
    from_name: str = ""
    reply_to: str = ""
    bounce_domain: str = ""
    connections: Annotated[int, Field(ge=1, le=200)] = 4
    rate_per_second: Annotated[float, Field(ge=0)] = 0
    daily_cap: Annotated[int, Field(ge=0)] = 0
    warm_up_from: date | None = None
    warm_up: tuple[Positive, ...] = WARM_UP
    canary_percent: Annotated[float, Field(ge=0, le=100)] = 1
    unknown_wait_seconds: Annotated[int, Field(ge=0)] = 900
    dkim: Literal["service", "relay", "off"] = "off"
    dkim_selector: str = ""
    dkim_key_file: Path | None = None
    dkim_domain: str = ""

    @field_validator("relay")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in RELAY_PORTS or not parts.hostname:
            raise ValueError("must be smtp://, smtps:// or smtp+starttls:// with host:port")
        return value

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.relay_at.security == "smtp" and not self.relay_at.loopback:
            raise ValueError(
                "relay: smtp:// is for this machine only; use smtps:// or smtp+starttls://"
            )
        return self

    @model_validator(mode="after")
    def _known_to_the_relay(self) -> Self:
        if self.relay_auth == "xoauth2":
            if not self.relay_user or self.relay_token_file is None:
                raise ValueError('relay_auth = "xoauth2" needs relay_user and relay_token_file')
            if self.relay_password or self.relay_password_file:
                raise ValueError('relay_auth = "xoauth2" takes no password')
        elif self.relay_token_file is not None:
            raise ValueError('relay_token_file is for relay_auth = "xoauth2"')
        return self

    @model_validator(mode="after")
    def _able_to_sign(self) -> Self:
        if self.dkim == "service" and not (self.dkim_selector and self.dkim_key_file):
            raise ValueError('dkim = "service" needs dkim_selector and dkim_key_file')
        return self

    @property
    def relay_at(self) -> Relay:
        """Host, port and security of the relay."""
        parts = urlsplit(self.relay)
        host, port = parts.hostname or "", parts.port or RELAY_PORTS[parts.scheme]
        return Relay.model_validate({"host": host, "port": port, "security": parts.scheme})

    @property
    def password(self) -> str:
        """The relay's password, from its file when one is named."""
        if self.relay_password_file is None:
            return self.relay_password
        return _secret("mail.relay_password_file", self.relay_password_file)

    @property
    def token(self) -> str:
        """The token for XOAUTH2, read anew each time: it expires, and another program renews it."""
        if self.relay_token_file is None:
            return ""
        token = _secret("mail.relay_token_file", self.relay_token_file)
        if not token.isascii() or not token.isprintable() or not token:
            raise Misconfigured(
                f"mail.relay_token_file: there is no token in {self.relay_token_file}."
            )
        return token

    @property
    def dkim_signed_by(self) -> str:
        """The domain that answers for our mails (DKIM)."""
        return self.dkim_domain or self.from_address.rpartition("@")[2]

    @property
    def bounces_at(self) -> str:
        """The domain that takes reports of mails that did not arrive."""
        return self.bounce_domain or self.from_address.rpartition("@")[2]


class DigestSettings(Section):
    """When mail goes out."""

    settle_seconds: Annotated[int, Field(ge=0)] = 600
    daily_hour: Hour = 8
    weekly_day: Annotated[int, Field(ge=0, le=6)] = 0
    chunk: Annotated[int, Field(ge=1, le=50_000)] = 2_000


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
                _outside(hub, plain=False)
        return value

    @field_validator("purge_url")
    @classmethod
    def _purged(cls, value: str) -> str:
        return _outside(value, plain=True) if value else value

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
    feed_bodies_per_hour: Annotated[int, Field(ge=0)] = 12


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    site: Site = Site()
    http: Http = Http()
    database: DatabaseSettings = DatabaseSettings()
    keys: KeySettings = KeySettings()
    mail: MailSettings = MailSettings()
    digest: DigestSettings = DigestSettings()
    bounces: Bounces = Bounces()
    feeds: FeedSettings = FeedSettings()
    limits: Limits = Limits()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the library names it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the library names it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file."""
        file = settings_cls.model_config.get("toml_file")
        sources = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls)) if file else sources


def read(file: Path | None = None, **sections: Mapping[str, Any]) -> Settings:
    """Read the settings from `file` (default: config.toml here, if there is one).

    `sections` override both file and environment, key by key.
    Raises Misconfigured, which names every wrong key and the remedy.
    """
    path = _found(file)
    _no_stray_variables(os.environ)

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        settings = FromFile(**sections)  # type: ignore[arg-type]  # checked by the model itself
    except ValidationError as error:
        raise Misconfigured(_in_words(error, path), remedy=_REMEDY) from error
    except SettingsError as error:
        problem = f"An environment variable of {PREFIX} cannot be read: {error}."
        raise Misconfigured(problem, remedy='Write lists like ["a", "b"].') from error
    except ValueError as error:
        raise Misconfigured(f"{path} is not valid TOML: {error}.", remedy=_REMEDY) from error
    return _obeyed(settings)


NOT_YET = ("bounces.lmtp",)
"""Settings of the contract that nothing obeys yet: better refused than ignored."""


def _obeyed(settings: Settings) -> Settings:
    """Refuse what this version would ignore."""
    asked = [name for name in NOT_YET if _value(settings, name)]
    if asked:
        raise Misconfigured(
            f"{', '.join(asked)}: this version cannot do that yet.", remedy="Leave it out for now."
        )
    return settings


def _value(settings: Settings, name: str) -> object:
    section, _, key = name.partition(".")
    return getattr(getattr(settings, section), key)


_REMEDY = "config.toml in the repository lists every setting with its default."


def variables() -> set[str]:
    """The names of all environment variables that the settings know."""
    return {
        f"{PREFIX}{section}__{key}".upper()
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        for key in field.annotation.model_fields
    }


def _found(file: Path | None) -> Path | None:
    if file is None:
        return DEFAULT_FILE if DEFAULT_FILE.exists() else None
    if not file.is_file():
        raise Misconfigured(f"There is no file {file}.", remedy="Run `feedsvc init` to write one.")
    return file


def _no_stray_variables(environment: Mapping[str, str]) -> None:
    known = variables()
    for name in environment:
        upper = name.upper()
        if upper.startswith(PREFIX) and not upper.startswith(TEST_PREFIX) and upper not in known:
            raise Misconfigured(f"The environment variable {name} is no setting.", remedy=_REMEDY)


def _in_words(error: ValidationError, path: Path | None) -> str:
    where = f"in {path} or the environment" if path else "in the environment"
    return "\n".join(
        f"{'.'.join(str(part) for part in problem['loc'])} ({where}): {_problem(problem)}."
        for problem in error.errors()
    )


def _problem(problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return "there is no such setting"
    return str(problem["msg"]).removeprefix("Value error, ")


def _secret(name: str, file: Path) -> str:
    try:
        return file.read_text("utf-8").strip()
    except OSError as error:
        raise Misconfigured(f"{name}: cannot read {file} ({error.strerror}).") from error
