"""Texts in one language, as they stand in files: of campaigns, updates and letters."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from pydantic import ConfigDict, Field

from feedsvc.domain import filetypes

EXACT: Final = ConfigDict(extra="forbid")
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class NamedFile:
    """A file beside a text: its name, what it shows in words, and the SHA-256 of its content."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    name: Annotated[str, Field(pattern=filetypes.NAME, max_length=filetypes.NAME_LIMIT)]
    text: str
    digest: _Digest


@dataclass(frozen=True)
class FileContent:
    """What a file holds; `read` fetches the bytes when they are wanted, for there may be many."""

    digest: str
    media_type: str
    length: int
    read: Callable[[], bytes] = field(compare=False)


@dataclass(frozen=True)
class Text:
    """A campaign or an update in one language; the body is Markdown. Only updates have files."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    language: str
    title: str
    body: str = ""
    summary: str = ""
    mail_subject: str = ""
    files: tuple[NamedFile, ...] = ()


@dataclass(frozen=True)
class Addressee:
    """Whom a letter is addressed to."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    name: str
    office: str = ""


@dataclass(frozen=True)
class LetterText:
    """A letter in one language."""

    __pydantic_config__: ClassVar[ConfigDict] = EXACT

    language: str
    addressees: tuple[Addressee, ...]
    body: str
    salutation: str = ""
    closing: str = ""
