"""The relay, the sender's name, and how fast to go."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from feedsvc.config.kinds import LOOPBACK, Positive, Section, secret
from feedsvc.errors import Misconfigured

RELAY_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
WARM_UP = (50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 40_000, 70_000, 100_000)


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
    discreet_name: str = "Updates"
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
        return secret("mail.relay_password_file", self.relay_password_file)

    @property
    def token(self) -> str:
        """The token for XOAUTH2, read anew each time: it expires, and another program renews it."""
        if self.relay_token_file is None:
            return ""
        token = secret("mail.relay_token_file", self.relay_token_file)
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
