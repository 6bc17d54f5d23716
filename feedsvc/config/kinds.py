"""Values that several sections check alike."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from feedsvc.errors import Misconfigured

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_AUTHORITY = re.compile(r"[A-Za-z0-9.@_-]+,[0-9]{4}(?:-[0-9]{2}){0,2}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.path:
        raise ValueError("must be like https://updates.example.org, without a path")
    return value


def outside(value: str, *, plain: bool) -> str:
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
Authority = Annotated[str, AfterValidator(_authority)]
Language = Annotated[str, AfterValidator(_language)]
Zone = Annotated[str, AfterValidator(_zone)]
Hour = Annotated[int, Field(ge=0, le=23)]
Positive = Annotated[int, Field(gt=0)]


class Section(BaseModel):
    """A table of the file; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def secret(name: str, file: Path) -> str:
    """Read what a file of the operator keeps; raises Misconfigured, which names the setting."""
    try:
        return file.read_text("utf-8").strip()
    except OSError as error:
        raise Misconfigured(f"{name}: cannot read {file} ({error.strerror}).") from error
