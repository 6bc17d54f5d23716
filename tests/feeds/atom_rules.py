"""Atom: the schema of RFC 4287, the prose of RFC 4287, RFC 5005 and RFC 6721, and FEEDS.

Named as the RFC and section, or as FEEDS does.
"""

from collections.abc import Iterator
from pathlib import Path

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
    is_tag,
    repeated,
)
from tests.feeds.xml import Xml

ATOM: Rulebook["Atom"] = Rulebook()
SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parents[1] / "domain/feeds/atom.rng"))
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
RELATIONS = {
    *("self", "alternate", "enclosure", "via", "related", "hub"),
    *("prev-archive", "next-archive", "current"),
}
FOREIGN = {NAMES["at"], NAMES["fh"]}


class Atom(Xml):
    """An Atom document, read."""

    def links(self, relation: str, start: etree._Element | None = None) -> list[str]:
        """Return where the links of a relation lead."""
        return [str(each.get("href")) for each in self.all(f"a:link[@rel='{relation}']", start)]

    @property
    def archive(self) -> bool:
        """Whether it says that it is an archive."""
        return bool(self.all("fh:archive"))


@ATOM.rule("RFC 4287, B")
def _(it: Atom) -> Iterator[str]:
    if not SCHEMA.validate(it.root):
        yield str(SCHEMA.error_log)


ATOM.rule("F12")(Atom.badly_written)
ATOM.rule("F11")(Atom.unspeakable)


@ATOM.rule("A1")
def _(it: Atom) -> Iterator[str]:
    for each in it.root.iter("*"):
        name = etree.QName(each)
        if name.namespace != NAMES["a"] and name.namespace not in FOREIGN:
            yield f"<{name.localname}> of {name.namespace}"
        keys = map(str, each.keys())
        yield from (f"{key}=" for key in keys if key.startswith("{") and key != LANG)


@ATOM.rule("RFC 4287, 3.1.1")
def _(it: Atom) -> Iterator[str]:
    """Text is plain (F10): no type, which means text."""
    for each in it.all("//a:title | //a:subtitle | //a:summary | //a:rights"):
        if each.get("type") is not None or len(each):
            yield f"{etree.QName(each).localname} of type {each.get('type')}"


@ATOM.rule("RFC 4287, 3.2")
def _(it: Atom) -> Iterator[str]:
    for each in it.all("//a:author | //a:contributor"):
        if not it.text("a:name", each).strip():
            yield "a person without a name"
        if it.all("a:uri", each) and not is_absolute(it.text("a:uri", each)):
            yield f"a person's address is {it.text('a:uri', each)!r}"


@ATOM.rule("F18")
def _(it: Atom) -> Iterator[str]:
    yield from (f"an <email>: {each.text}" for each in it.all("//a:email"))
    for each in it.all("//a:author/* | //a:title | //a:subtitle | //a:generator | //at:by/*"):
        yield from emails(each.text or "")


@ATOM.rule("RFC 4287, 3.3")
def _(it: Atom) -> Iterator[str]:
    for each in it.all("//a:updated | //a:published"):
        if not is_instant(each.text or ""):
            yield f"{each.text!r} is no instant in UTC and whole seconds"


@ATOM.rule("RFC 4287, 4.1.1 author")
def _(it: Atom) -> Iterator[str]:
    lacking = it.all("a:entry[not(a:author) and not(a:source/a:author)]")
    if not it.all("a:author") and (lacking or not it.all("a:entry")):
        yield "neither the feed nor each entry has an author"


@ATOM.rule("RFC 4287, 4.1.1 link")
def _(it: Atom) -> Iterator[str]:
    """Of one relation, type and language at most one; exactly one self and one page (A2)."""
    shown = [(e.get("rel"), e.get("type"), e.get("hreflang")) for e in it.all("a:link")]
    yield from (f"twice {each}" for each in repeated(shown) if each[0] != "hub")
    for relation in ("self", "alternate"):
        if len(it.all(f"a:link[@rel='{relation}' and @type!='']")) != 1:
            yield f"not exactly one {relation}"
    pages = it.all("a:link[@rel='alternate']")
    yield from (f"alternate is {e.get('type')}" for e in pages if e.get("type") != "text/html")
    if [e.get("type") for e in it.all("a:link[@rel='self']")] != ["application/atom+xml"]:
        yield "self is not of Atom's type"


@ATOM.rule("RFC 4287, 4.1.1 id")
def _(it: Atom) -> Iterator[str]:
    yield from (f"twice {each}" for each in repeated(e.text for e in it.all("a:entry/a:id")))


@ATOM.rule("RFC 4287, 4.1.1 order")
def _(it: Atom) -> Iterator[str]:
    """What is said of the feed comes before its entries."""
    names = [etree.QName(each).localname for each in it.root.iterchildren("*")]
    if sorted(names, key="entry".__eq__) != names:
        yield f"after an entry: {names}"


@ATOM.rule("RFC 4287, 4.1.1.1")
def _(it: Atom) -> Iterator[str]:
    for each in it.all("a:entry/a:title | a:entry/a:content | a:entry/a:summary | a:title"):
        if not (each.text or "").strip():
            yield f"an empty {etree.QName(each).localname}"


@ATOM.rule("RFC 4287, 4.1.2")
def _(it: Atom) -> Iterator[str]:
    """An entry has one page and one text, here (A3)."""
    for each in it.all("a:entry"):
        name = it.text("a:id", each)
        if [e.get("type") for e in it.all("a:link[@rel='alternate']", each)] != ["text/html"]:
            yield f"{name}: not exactly one alternate of type text/html"
        if it.all("a:link[not(@rel)]", each):
            yield f"{name}: a link without relation"
        if [(e.get("type"), e.get("src")) for e in it.all("a:content", each)] != [("html", None)]:
            yield f"{name}: not exactly one content of type html"


@ATOM.rule("RFC 4287, 4.1.3")
def _(it: Atom) -> Iterator[str]:
    """HTML is text here, escaped, with nothing in it that readers must take out (F9)."""
    for each in it.all("//a:content"):
        if len(each):
            yield "HTML with child elements"
        yield from faults(each.text or "")


@ATOM.rule("RFC 4287, 4.2.2")
def _(it: Atom) -> Iterator[str]:
    for each in it.all("//a:category"):
        if not str(each.get("term", "")).strip():
            yield "a category without a term"
    for entry in it.all("a:entry"):
        terms = (e.get("term") for e in it.all("a:category", entry))
        yield from (f"category {term} twice" for term in repeated(terms))


@ATOM.rule("RFC 4287, 4.2.5")
def _(it: Atom) -> Iterator[str]:
    for each in it.all("a:icon | a:logo"):
        if not is_absolute(each.text or ""):
            yield f"a picture at {each.text!r}"


@ATOM.rule("RFC 4287, 4.2.6")
def _(it: Atom) -> Iterator[str]:
    """An id is an IRI; ours are tag: URIs (F3), but for a feed in which nothing was published."""
    for each in it.all("//a:id"):
        alone = each.getparent() is it.root and not it.all("a:entry")
        if not is_tag(each.text or "") and not (alone and is_absolute(each.text or "")):
            yield f"id {each.text!r}"


@ATOM.rule("RFC 4287, 4.2.7")
def _(it: Atom) -> Iterator[str]:
    for each in it.all("//a:link"):
        if not is_absolute(str(each.get("href"))):
            yield f"a link to {each.get('href')!r}"
        if each.get("type") is not None and not is_media_type(str(each.get("type"))):
            yield f"a link of type {each.get('type')!r}"
        if each.get("rel") not in RELATIONS:
            yield f"a link that is {each.get('rel')!r}"
        if each.get("hreflang") is not None and not is_language(str(each.get("hreflang"))):
            yield f"a link in {each.get('hreflang')!r}"


@ATOM.rule("RFC 4287, 4.2.7.6")
def _(it: Atom) -> Iterator[str]:
    """A file says how long it is, and of what type (F15)."""
    for each in it.all("//a:link[@rel='enclosure']"):
        if not str(each.get("length", "")).isdecimal() or each.get("type") is None:
            yield f"{each.get('href')} without length or type"
    for entry in it.all("a:entry"):
        yield from (f"{url} twice" for url in repeated(it.links("enclosure", entry)))


@ATOM.rule("RFC 4287, 4.2.11")
def _(it: Atom) -> Iterator[str]:
    """A source says what is needed to find it (F21)."""
    for each in it.all("//a:source"):
        if not all(it.text(f"a:{name}", each) for name in ("id", "title", "updated")):
            yield "a source without id, title or updated"
        if not it.links("self", each):
            yield "a source without its feed"


@ATOM.rule("RFC 4287, 4.2.15")
def _(it: Atom) -> Iterator[str]:
    """Nothing is updated before it was published (F5), nor the feed before its entries (F16)."""
    own = it.text("a:updated")
    for each in it.all("a:entry"):
        published, updated = it.text("a:published", each), it.text("a:updated", each)
        if not published <= updated <= own:
            yield f"{it.text('a:id', each)}: {published}, {updated}, feed {own}"
    yield from (f"a tombstone of {w}, feed {own}" for _, w in _deleted(it) if w > own)


@ATOM.rule("F6")
def _(it: Atom) -> Iterator[str]:
    moments = [each.text or "" for each in it.all("a:entry/a:updated")]
    if moments != sorted(moments, reverse=True):
        yield f"not newest first: {moments}"


@ATOM.rule("F13")
def _(it: Atom) -> Iterator[str]:
    for each in [it.root, *it.all("a:entry | //a:source")]:
        if not is_language(str(each.get(LANG, ""))):
            yield f"{etree.QName(each).localname} in {each.get(LANG)!r}"


@ATOM.rule("F14")
def _(it: Atom) -> Iterator[str]:
    for each in it.all("a:entry"):
        yield from misdirected(it.text("a:content", each), str(each.get(LANG)))


@ATOM.rule("RFC 5005, 4 archive")
def _(it: Atom) -> Iterator[str]:
    if len(it.all("//fh:archive")) != len(it.all("fh:archive")) or len(it.all("fh:archive")) > 1:
        yield "fh:archive stands elsewhere, or twice"
    if it.all("//fh:complete"):
        yield "an archived feed that calls itself complete"
    if it.archive and len(it.links("current")) != 1:
        yield "an archive without exactly one current"
    if it.archive and it.links("current") == it.links("self"):
        yield "an archive that is its own subscription document"


@ATOM.rule("RFC 5005, 4 head")
def _(it: Atom) -> Iterator[str]:
    """What people subscribe to is no archive and has nothing after it."""
    if not it.archive and (it.links("next-archive") or it.links("current")):
        yield "a subscription document with a next archive or a current"


@ATOM.rule("RFC 5005, 4 links")
def _(it: Atom) -> Iterator[str]:
    around = ("prev-archive", "next-archive", "self")
    yield from (f"{url} twice" for url in repeated(u for r in around for u in it.links(r)))
    inside = it.all("a:entry//a:link")
    yield from (f"{e.get('rel')} in an entry" for e in inside if e.get("rel") in around[:2])


@ATOM.rule("RFC 6721, 3")
def _(it: Atom) -> Iterator[str]:
    if len(it.all("//at:deleted-entry")) != len(it.all("at:deleted-entry")):
        yield "a tombstone that is not the feed's"
    for ref, when in _deleted(it):
        if not is_tag(ref) or not is_instant(when):
            yield f"a tombstone of {ref!r}, {when!r}"
    yield from (f"twice {each}" for each in repeated(_deleted(it)))
    for each in it.all("at:deleted-entry"):
        children = [etree.QName(child).localname for child in each]
        if not set(children) <= {"by", "comment", "link", "source"} or list(repeated(children)):
            yield f"a tombstone with {children}"


@ATOM.rule("RFC 6721, 4")
def _(it: Atom) -> Iterator[str]:
    """A tombstone is no older than what is under the stone (D2)."""
    stubs = {it.text("a:id", each): it.text("a:updated", each) for each in it.all("a:entry")}
    for ref, when in _deleted(it):
        if when < stubs.get(ref, when):
            yield f"{ref} was deleted {when}, updated {stubs[ref]}"


def _deleted(it: Atom) -> list[tuple[str, str]]:
    return [(str(e.get("ref")), str(e.get("when"))) for e in it.all("at:deleted-entry")]
