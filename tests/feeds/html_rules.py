"""What the HTML of an entry may hold (FEEDS F9, F14; the W3C's SecurityRisk, ContainsRelRef …)."""

from collections.abc import Iterator

import lxml.html
from lxml import etree

from tests.feeds.words import is_absolute

ALLOWED = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "div"),
    *("strong", "em", "a", "code", "pre", "bdi"),
}
ATTRIBUTES = {"href", "title", "rel", "dir", "lang", "start"}
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur", "ckb", "yi", "ps", "sd", "ug", "dv"}


def parts(html: str) -> etree._Element:
    """Read HTML as a browser does, into one element around it."""
    body: etree._Element = lxml.html.fragment_fromstring(html, create_parent="body")
    return body


def faults(html: str) -> Iterator[str]:
    """Say what must not be there, and what leads nowhere."""
    if "<!--" in html or "<?" in html:
        yield f"holds a comment or the like: {html[:60]!r}"
    for node in parts(html).iterdescendants("*"):
        if node.tag not in ALLOWED:
            yield f"holds <{node.tag}>"
        for name, value in (map(str, pair) for pair in node.items()):
            if name not in ATTRIBUTES:
                yield f"holds {name}= in <{node.tag}>"
            if name == "href" and not is_absolute(value, ("http", "https", "mailto")):
                yield f"leads to {value!r}"


def misdirected(html: str, language: str) -> Iterator[str]:
    """Say whether a right-to-left text fails to say so on its outer element (FEEDS F14)."""
    code, *more = language.split("-")
    if code not in RIGHT_TO_LEFT or "Latn" in more:
        return
    outer = list(parts(html))
    if len(outer) != 1 or outer[0].get("dir") not in {"rtl", "auto"}:
        yield f"{language} without dir on the outer element: {html[:60]!r}"
