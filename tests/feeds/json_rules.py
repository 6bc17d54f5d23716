"""JSON Feed 1.1: a schema after its text, the rules that no schema can say, and FEEDS.

Named as the fields of the specification (jsonfeed.org/version/1.1), or as FEEDS does.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.feeds.html_rules import faults, misdirected
from tests.feeds.rules import Rulebook
from tests.feeds.words import (
    emails,
    illegal,
    is_absolute,
    is_instant,
    is_language,
    is_media_type,
    is_tag,
    repeated,
)

JSON: Rulebook["JsonFeed"] = Rulebook()
SCHEMA = Draft202012Validator(
    json.loads(Path(__file__).with_name("jsonfeed.schema.json").read_text())
)


class JsonFeed:
    """A JSON Feed, read."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.read: dict[str, Any] = json.loads(raw)

    @property
    def items(self) -> list[dict[str, Any]]:
        """Its items."""
        found: list[dict[str, Any]] = self.read.get("items", [])
        return found

    def people(self) -> Iterator[dict[str, str]]:
        """Go through all authors."""
        for each in (self.read, *self.items):
            yield from each.get("authors", [])

    def links(self) -> Iterator[str]:
        """Go through all URLs but those in HTML."""
        for name in ("home_page_url", "feed_url", "next_url", "icon", "favicon"):
            if name in self.read:
                yield str(self.read[name])
        for item in self.items:
            yield from (str(item[name]) for name in ("url", "image") if name in item)
            yield from (str(each.get("url")) for each in item.get("attachments", []))
        yield from (str(hub.get("url")) for hub in self.read.get("hubs", []))
        yield from (person["url"] for person in self.people() if "url" in person)


@JSON.rule("schema")
def _(it: JsonFeed) -> Iterator[str]:
    for error in SCHEMA.iter_errors(it.read):
        yield f"{error.json_path}: {error.message[:200]}"


@JSON.rule("version")
def _(it: JsonFeed) -> Iterator[str]:
    """The version stands at the very top (J1)."""
    if next(iter(it.read), None) != "version":
        yield "not first"


@JSON.rule("F11")
def _(it: JsonFeed) -> Iterator[str]:
    yield from (repr(found) for text in _strings(it.read) for found in illegal(text))


@JSON.rule("names")
def _(it: JsonFeed) -> Iterator[str]:
    """No name stands twice in an object (RFC 8259, 4)."""
    for pairs in _objects(it.raw):
        yield from (f"{name} twice" for name in repeated(name for name, _ in pairs))


@JSON.rule("urls")
def _(it: JsonFeed) -> Iterator[str]:
    """URLs are absolute, the two that the web needs are there."""
    yield from (repr(url) for url in it.links() if not is_absolute(url))


@JSON.rule("feed_url")
def _(it: JsonFeed) -> Iterator[str]:
    for each in ("home_page_url", "feed_url", "language", "authors"):
        if not it.read.get(each):
            yield f"no {each}"


@JSON.rule("next_url")
def _(it: JsonFeed) -> Iterator[str]:
    """It must not lead to itself, or readers go round for ever (J3)."""
    if it.read.get("next_url") in {it.read.get("feed_url"), ""}:
        yield "leads to itself"


@JSON.rule("language")
def _(it: JsonFeed) -> Iterator[str]:
    for each in (it.read, *it.items):
        if not is_language(str(each.get("language", ""))):
            yield repr(each.get("language"))


@JSON.rule("items id")
def _(it: JsonFeed) -> Iterator[str]:
    """Strings that are never the same (J2, F3, F4)."""
    ids = [item.get("id") for item in it.items]
    yield from (f"{each!r}" for each in ids if not isinstance(each, str) or not is_tag(each))
    yield from (f"{each} twice" for each in repeated(ids))


@JSON.rule("items title")
def _(it: JsonFeed) -> Iterator[str]:
    yield from ("empty" for each in (it.read, *it.items) if not str(each.get("title", "")).strip())


@JSON.rule("items content_html")
def _(it: JsonFeed) -> Iterator[str]:
    """Only what is safe, and absolute links (F9)."""
    for item in it.items:
        html = str(item.get("content_html", ""))
        if html.strip():
            yield from faults(html)
        else:
            yield "empty"


@JSON.rule("items date")
def _(it: JsonFeed) -> Iterator[str]:
    """RFC 3339, nothing modified before it was published (F5)."""
    for item in it.items:
        published, modified = (item.get(f"date_{each}") for each in ("published", "modified"))
        if not is_instant(str(published)) or not is_instant(str(modified)):
            yield f"{published}, {modified}"
        elif str(modified) < str(published):
            yield f"{modified} before {published}"


@JSON.rule("items tags")
def _(it: JsonFeed) -> Iterator[str]:
    for item in it.items:
        tags = item.get("tags", [])
        yield from (f"{each!r} twice" for each in repeated(tags))
        yield from ("empty" for each in tags if not each.strip())


@JSON.rule("attachments")
def _(it: JsonFeed) -> Iterator[str]:
    """What people download has a type and a true length (F15)."""
    for item in it.items:
        for each in item.get("attachments", []):
            if not is_media_type(str(each.get("mime_type"))) or "size_in_bytes" not in each:
                yield f"{each}"
        yield from (f"{u} twice" for u in repeated(e["url"] for e in item.get("attachments", [])))


@JSON.rule("hubs")
def _(it: JsonFeed) -> Iterator[str]:
    yield from (f"{each}" for each in it.read.get("hubs", []) if each.get("type") != "WebSub")


@JSON.rule("extensions")
def _(it: JsonFeed) -> Iterator[str]:
    """An extension is an object whose name begins with _ and holds no dot."""
    for each in (it.read, *it.items):
        for name, value in each.items():
            if name.startswith("_") and (not isinstance(value, dict) or "." in name):
                yield name


@JSON.rule("F6")
def _(it: JsonFeed) -> Iterator[str]:
    moments = [str(item.get("date_modified")) for item in it.items]
    if moments != sorted(moments, reverse=True):
        yield f"not newest first: {moments}"


@JSON.rule("F14")
def _(it: JsonFeed) -> Iterator[str]:
    for item in it.items:
        yield from misdirected(str(item.get("content_html")), str(item.get("language")))


@JSON.rule("F18")
def _(it: JsonFeed) -> Iterator[str]:
    for each in (it.read, *it.items):
        texts = (str(each.get(name, "")) for name in ("title", "description"))
        yield from (found for text in texts for found in emails(text))
    for person in it.people():
        yield from emails(" ".join(map(str, person.values())))


def _strings(value: Any) -> Iterator[str]:
    """Go through all strings of a document."""
    if isinstance(value, str):
        yield value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _strings(part)


def _objects(raw: bytes) -> list[list[tuple[str, Any]]]:
    """List the objects of a document, each as the pairs that are written in it."""
    found: list[list[tuple[str, Any]]] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.append(pairs)
        return dict(pairs)

    json.loads(raw, object_pairs_hook=note)
    return found
