"""The text of a launch entry (F19): the page, then the letter with its addressees, or who signed."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, TypedDict

from feedsvc.domain import languages
from feedsvc.domain.markup import to_html


class LetterWords(TypedDict):
    """One version of a letter in one language; `addressees` have a name and perhaps an office."""

    language: str
    addressees: list[dict[str, str]]
    salutation: str
    body: str
    closing: str


class Page(TypedDict):
    """What a campaign says of itself in one language; `body` and the letter's are Markdown."""

    title: str
    summary: str
    body: str
    letter: LetterWords | None
    signatories: list[str]


def launch_html(page: Page | dict[str, Any], language: str, base_url: str) -> str:
    """Return the whole campaign as safe HTML with absolute links."""
    parts = [to_html(page["body"], base_url).strip()]
    if page["letter"]:
        parts.append(_letter(page["letter"], language, base_url))
    if page["signatories"]:
        parts.append(_signatories(page["signatories"]))
    return "\n<hr>\n".join(filter(None, parts))


def _letter(letter: LetterWords, language: str, base_url: str) -> str:
    html = "\n".join(_lines(letter, base_url))
    if letter["language"] == language:
        return html
    way = languages.direction(letter["language"])
    return f'<div lang="{escape(letter["language"])}" dir="{way}">\n{html}\n</div>'


def _lines(letter: LetterWords, base_url: str) -> Iterator[str]:
    addressees = "".join(f"<li>{_addressee(each)}</li>" for each in letter["addressees"])
    yield f"<ul>{addressees}</ul>"
    if letter["salutation"]:
        yield f"<p>{_plain(letter['salutation'])}</p>"
    yield to_html(letter["body"], base_url).strip()
    if letter["closing"]:
        yield f"<p>{_plain(letter['closing'])}</p>"


def _addressee(addressee: dict[str, str]) -> str:
    name, office = addressee.get("name", ""), addressee.get("office", "")
    return f"{_name(name)}<br>{_plain(office)}" if office else _name(name)


def _signatories(names: Sequence[str]) -> str:
    """Number the names, as they are: `11.11.11` is one of them, and some change direction."""
    items = "\n".join(f"<li>{_name(name)}</li>" for name in names)
    return f"<ol>\n{items}\n</ol>"


def _name(name: str) -> str:
    return f"<bdi>{escape(name, quote=False)}</bdi>"


def _plain(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>")
