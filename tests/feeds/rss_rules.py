"""RSS: version 2.0, the best practices profile of its Advisory Board, and FEEDS.

Named as the profile's own anchors are (rssboard.org/rss-profile#…), or as FEEDS does.
"""

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from lxml import etree

from tests.domain.feeds.reading import NAMES
from tests.feeds.html_rules import faults, misdirected
from tests.feeds.rules import Rulebook
from tests.feeds.words import (
    emails,
    is_absolute,
    is_instant,
    is_language,
    is_media_type,
    is_rfc_822,
    is_tag,
    repeated,
)
from tests.feeds.xml import Xml

RSS: Rulebook["Rss"] = Rulebook()
CHANNEL = {
    *("title", "link", "description", "language", "lastBuildDate", "generator", "docs", "ttl"),
    *("image", "item", "category"),
}
ITEM = {
    *("title", "link", "description", "guid", "pubDate", "enclosure", "category", "source"),
}
FOREIGN = {
    "channel": {"a:link", "dc:creator", "fh:archive"},
    "item": {"content:encoded", "dc:creator", "dc:language", "a:updated"},
}
PREFIXES = {url: prefix for prefix, url in NAMES.items()}
# Plain text in the document as it is written, markup characters in it as references.
_PLAIN = re.compile(rb"<title>([^<]*)</title>")
_NAMED = re.compile(rb"&(?:amp|lt|gt);")


class Rss(Xml):
    """An RSS document, read."""

    def links(self, relation: str) -> list[str]:
        """Return where the channel's links of a relation lead."""
        return [str(each.get("href")) for each in self.all(f"channel/a:link[@rel='{relation}']")]

    @property
    def items(self) -> list[etree._Element]:
        """Its items."""
        return self.all("channel/item")

    @property
    def archive(self) -> bool:
        """Whether it says that it is an archive."""
        return bool(self.all("channel/fh:archive"))


def name(element: etree._Element) -> str:
    """Name an element with the usual prefix."""
    parts = etree.QName(element)
    prefix = PREFIXES.get(parts.namespace or "", parts.namespace)
    return f"{prefix}:{parts.localname}" if parts.namespace else parts.localname


RSS.rule("F12")(Rss.badly_written)
RSS.rule("F11")(Rss.unspeakable)


@RSS.rule("element-rss")
def _(it: Rss) -> Iterator[str]:
    if it.root.tag != "rss" or it.root.get("version") != "2.0" or len(it.root) != 1:
        yield "not rss 2.0 with one channel"


@RSS.rule("element-channel")
def _(it: Rss) -> Iterator[str]:
    names = [name(each) for each in it.all("channel/*")]
    yield from (f"no {each}" for each in ("title", "link", "description") if each not in names)
    allowed = CHANNEL | FOREIGN["channel"]
    yield from (f"<{each}>" for each in names if each not in allowed)
    once = (each for each in names if each not in {"item", "category", "a:link", "dc:creator"})
    yield from (f"{each} twice" for each in repeated(once))
    if sorted(names, key="item".__eq__) != names:
        yield "something of the channel after an item"


@RSS.rule("element-channel-title")
def _(it: Rss) -> Iterator[str]:
    if not it.text("channel/title").strip() or not it.text("channel/description").strip():
        yield "empty"


@RSS.rule("element-channel-link")
def _(it: Rss) -> Iterator[str]:
    """A channel links to its page, not to itself (A4)."""
    if it.text("channel/link") in {"", *it.links("self")}:
        yield "no page"


@RSS.rule("element-channel-language")
def _(it: Rss) -> Iterator[str]:
    if not is_language(it.text("channel/language")):
        yield repr(it.text("channel/language"))


@RSS.rule("element-channel-lastbuilddate")
def _(it: Rss) -> Iterator[str]:
    """The greatest of what changed (F16)."""
    if not is_rfc_822(it.text("channel/lastBuildDate")):
        yield repr(it.text("channel/lastBuildDate"))
        return
    own = parsedate_to_datetime(it.text("channel/lastBuildDate")).isoformat()
    yield from (f"{e.text} after {own}" for e in it.all("//a:updated") if (e.text or "") > own)


@RSS.rule("element-channel-ttl")
def _(it: Rss) -> Iterator[str]:
    """At most 720 minutes is waited by those who heed it; an archive does not change (A4)."""
    ttl = it.text("channel/ttl")
    if not ttl.isdecimal() or not 5 <= int(ttl) <= (1440 if it.archive else 720):
        yield repr(ttl)


@RSS.rule("element-channel-docs")
def _(it: Rss) -> Iterator[str]:
    if it.text("channel/docs") != "https://www.rssboard.org/rss-specification":
        yield repr(it.text("channel/docs"))


@RSS.rule("element-channel-generator")
def _(it: Rss) -> Iterator[str]:
    if it.text("channel/generator") != "feedsvc":
        yield repr(it.text("channel/generator"))


@RSS.rule("element-channel-image")
def _(it: Rss) -> Iterator[str]:
    """Its title and link are the channel's (F17)."""
    for image in it.all("channel/image"):
        for each in ("title", "link"):
            if it.text(each, image) != it.text(f"channel/{each}"):
                yield f"{each} is {it.text(each, image)!r}"
        if [name(each) for each in image] != ["url", "title", "link"]:
            yield "not url, title and link"
        if not is_absolute(it.text("url", image)):
            yield f"at {it.text('url', image)!r}"


@RSS.rule("A7")
def _(it: Rss) -> Iterator[str]:
    unwanted = ("skipHours", "skipDays", "textInput", "rating", "cloud")
    yield from (each for each in unwanted if it.all(f"//{each}"))


@RSS.rule("F18")
def _(it: Rss) -> Iterator[str]:
    """No address of a person; the creator is a name."""
    persons = ("managingEditor", "webMaster", "author")
    yield from (each for each in persons if it.all(f"//{each}"))
    for each in it.all("//dc:creator | //title | channel/description | //source | //category"):
        yield from emails(each.text or "")


@RSS.rule("element-channel-item")
def _(it: Rss) -> Iterator[str]:
    allowed = ITEM | FOREIGN["item"]
    for item in it.items:
        names = [name(each) for each in item]
        yield from (f"<{each}>" for each in names if each not in allowed)
        once = (each for each in names if each not in {"category", "dc:creator"})
        yield from (f"{each} twice" for each in repeated(once))
        needed = ("title", "link", "guid", "pubDate", "description", "dc:creator", "dc:language")
        yield from (f"an item without {each}" for each in needed if each not in names)


@RSS.rule("element-channel-item-title")
def _(it: Rss) -> Iterator[str]:
    yield from ("empty" for item in it.items if not it.text("title", item).strip())


@RSS.rule("element-channel-item-description")
def _(it: Rss) -> Iterator[str]:
    """HTML, escaped, with nothing in it that readers must take out (F9)."""
    for each in it.all("//item/description | //item/content:encoded"):
        if not (each.text or "").strip() or len(each):
            yield f"{name(each)} is empty, or not escaped"
        else:
            yield from faults(each.text or "")


@RSS.rule("element-channel-item-enclosure")
def _(it: Rss) -> Iterator[str]:
    """At most one, complete (F15)."""
    for item in it.items:
        found = it.all("enclosure", item)
        yield from ("several in an item" for _ in found[1:])
        for each in found:
            if set(each.keys()) != {"url", "length", "type"}:
                yield "not url, length and type"
            length, media_type = str(each.get("length")), str(each.get("type"))
            if not length.isdecimal() or int(length) == 0 or not is_media_type(media_type):
                yield f"length {each.get('length')}, type {each.get('type')}"


@RSS.rule("element-channel-item-guid")
def _(it: Rss) -> Iterator[str]:
    guids = it.all("//item/guid")
    for each in guids:
        if each.get("isPermaLink") != "false" or not is_tag(each.text or ""):
            yield f"{each.text!r}, isPermaLink {each.get('isPermaLink')}"
    yield from (f"{each} twice" for each in repeated(each.text for each in guids))


@RSS.rule("element-channel-item-source")
def _(it: Rss) -> Iterator[str]:
    for each in it.all("//item/source"):
        if not is_absolute(str(each.get("url", ""))) or not (each.text or "").strip():
            yield f"{each.text!r} at {each.get('url')!r}"


@RSS.rule("element-channel-item-category")
def _(it: Rss) -> Iterator[str]:
    for item in it.items:
        found = [each.text or "" for each in it.all("category", item)]
        yield from (f"{each!r} twice" for each in repeated(found))
        yield from ("empty" for each in found if not each.strip())


@RSS.rule("data-types-datetime")
def _(it: Rss) -> Iterator[str]:
    """RFC 822 with four digits for the year and a numeric zone."""
    for each in it.all("//pubDate"):
        if not is_rfc_822(each.text or ""):
            yield repr(each.text)


@RSS.rule("data-types-url")
def _(it: Rss) -> Iterator[str]:
    """Every URL begins with its scheme."""
    written = [each.text or "" for each in it.all("//link")]
    written += [str(each.get("href")) for each in it.all("//a:link")]
    written += [str(each.get("url")) for each in it.all("//enclosure")]
    yield from (repr(url) for url in written if not is_absolute(url))


@RSS.rule("data-types-characterdata")
def _(it: Rss) -> Iterator[str]:
    """Markup characters in plain text are hexadecimal references (A6)."""
    for title in _PLAIN.findall(it.raw):
        if _NAMED.search(title):
            yield title.decode()


@RSS.rule("namespace-elements-atom-link")
def _(it: Rss) -> Iterator[str]:
    own = it.all("channel/a:link[@rel='self']")
    if [each.get("type") for each in own] != ["application/rss+xml"]:
        yield "not exactly one self of type application/rss+xml"
    yield from (f"<{name(each)}> has text" for each in it.all("//a:link") if each.text or len(each))


@RSS.rule("namespace-elements-content-encoded")
def _(it: Rss) -> Iterator[str]:
    """It stands after the description, which then is a summary."""
    for item in it.items:
        names = [name(each) for each in item]
        if "content:encoded" not in names:
            continue
        if "description" not in names[: names.index("content:encoded")]:
            yield "before the description"
        if it.text("description", item) == it.text("content:encoded", item):
            yield "the same as the description"


@RSS.rule("namespace-elements-dublin-creator")
def _(it: Rss) -> Iterator[str]:
    yield from ("empty" for each in it.all("//dc:creator") if not (each.text or "").strip())


@RSS.rule("A5")
def _(it: Rss) -> Iterator[str]:
    """When an item was updated, not before it was published (F5)."""
    for item in it.items:
        updated, published = it.text("a:updated", item), it.text("pubDate", item)
        if not is_instant(updated):
            yield repr(updated)
        elif is_rfc_822(published) and parsedate_to_datetime(published).isoformat() > updated:
            yield f"{updated} before {published}"


@RSS.rule("F6")
def _(it: Rss) -> Iterator[str]:
    moments = [it.text("a:updated", item) for item in it.items]
    if moments != sorted(moments, reverse=True):
        yield f"not newest first: {moments}"


@RSS.rule("F13")
def _(it: Rss) -> Iterator[str]:
    yield from (repr(e.text) for e in it.all("//dc:language") if not is_language(e.text or ""))


@RSS.rule("F14")
def _(it: Rss) -> Iterator[str]:
    for item in it.items:
        html = it.text("content:encoded", item) or it.text("description", item)
        yield from misdirected(html, it.text("dc:language", item))


@RSS.rule("RFC 5005, 4")
def _(it: Rss) -> Iterator[str]:
    """An archive says so and links what is current; what people subscribe to does neither."""
    if len(it.all("//fh:archive")) != len(it.all("channel/fh:archive")):
        yield "fh:archive stands elsewhere"
    if it.archive != (len(it.links("current")) == 1) or it.links("current") == it.links("self"):
        yield "an archive without current, or the like"
    if it.links("next-archive") and not it.archive:
        yield "a subscription document with a next archive"
    around = [url for each in ("prev-archive", "next-archive", "self") for url in it.links(each)]
    yield from (f"{url} twice" for url in repeated(around))
