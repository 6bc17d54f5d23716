"""Markdown, as authors write it, to the HTML and the plain text that we send out.

Both come from the same tokens, so that they say the same and link to the same places. HTML in the
source stays text; images become links, since a remote image tells its host who reads (MAIL M13).
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from itertools import pairwise
from typing import Final
from urllib.parse import urljoin, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from feedsvc.domain.text import scrub
from feedsvc.errors import Invalid

LIMIT_BYTES: Final = 40_000

_TAGS: Final = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote"),
    *("strong", "em", "a", "code", "pre"),
}
_ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES: Final = {"https", "http", "mailto"}
_BARE_URL: Final = re.compile(r"https?://[^\s<>\"“”«»]+[^\s<>\"“”«».,;:!?'’)\]}*_…،؛؟]")
_SMALLEST_HEADING: Final = 6
_WORD_LIMIT: Final = 16

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False})

# Reading one text takes milliseconds, and the same fifty are shown again whenever a feed moves.
_TEXTS_KEPT: Final = 512


@lru_cache(maxsize=_TEXTS_KEPT)
def to_html(markdown: str, base_url: str = "", *, top: int = 2) -> str:
    """Return safe HTML with absolute links only, its largest heading `<h{top}>`.

    A relative link is resolved against `base_url`; without one only its words are left.
    """
    tokens = _parse(markdown, base_url)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + top - 1, _SMALLEST_HEADING)}"
    safe = _safe(scrub(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})))
    # XML knows no &nbsp;, and a text that holds the words "&nbsp;" has them as &amp;nbsp;.
    return safe.replace("&nbsp;", "\u00a0")


def to_text(markdown: str, base_url: str = "") -> str:
    """Return plain text with every URL of the HTML on a line of its own (MAIL M10)."""
    blocks = _Blocks(_parse(markdown, base_url))
    return scrub("\n\n".join(blocks.until("")))


@lru_cache(maxsize=_TEXTS_KEPT)
def first_words(markdown: str, count: int = 40) -> str:
    """Return the first words, on one line, without headings and URLs: a summary for want of one."""
    tokens = _parse(markdown, "")
    paragraphs = (
        _words(token)
        for before, token in pairwise(tokens)
        if token.type == "inline" and before.type == "paragraph_open"
    )
    words = scrub(" ".join(paragraphs)).split()
    text = " ".join(words[:count])
    # Some scripts put no spaces between words.
    if len(words) > count or len(text) > count * _WORD_LIMIT:
        text = text[: count * _WORD_LIMIT].rstrip(" .,;:،؛") + "…"
    return text


def _parse(markdown: str, base_url: str) -> list[Token]:
    if len(markdown.encode(errors="replace")) > LIMIT_BYTES:
        raise Invalid(
            "body",
            f"has more than {LIMIT_BYTES} bytes.",
            remedy="Shorten it, and link to the rest.",
        )
    tokens = _MARKDOWN.parse(markdown)
    for token in tokens:
        if token.children is not None:
            token.children = list(_linked(token.children, base_url))
    return tokens


def _linked(tokens: Sequence[Token], base_url: str) -> Iterator[Token]:
    """Give the inline tokens with images as links, bare URLs as links, and only good links."""
    inside = False
    good = False
    for token in tokens:
        if token.type == "link_open":
            inside, url = True, _absolute(str(token.attrs.get("href", "")), base_url)
            good = bool(url)
            token.attrs["href"] = url
        if token.type in {"link_open", "link_close"}:
            if good:
                yield token
            inside = inside and token.type == "link_open"
        elif token.type == "image":
            url = "" if inside else _absolute(str(token.attrs.get("src", "")), base_url)
            yield from _link(url, token.content or url)
        elif token.type == "text" and not inside:
            yield from _bare(token.content)
        else:
            yield token


def _bare(content: str) -> Iterator[Token]:
    place = 0
    for found in _BARE_URL.finditer(content):
        yield _text(content[place : found.start()])
        yield from _link(_absolute(found[0], ""), found[0])
        place = found.end()
    yield _text(content[place:])


def _link(url: str, words: str) -> Iterator[Token]:
    if url:
        yield Token("link_open", "a", 1, attrs={"href": url})
    yield _text(words)
    if url:
        yield Token("link_close", "a", -1)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _absolute(url: str, base_url: str) -> str:
    """Return the URL as it may go out, or nothing."""
    try:
        whole = scrub(urljoin(base_url, url))
        parts = urlsplit(whole)
    except ValueError:
        return ""
    good = parts.scheme == "mailto" or (parts.scheme in _SCHEMES and parts.hostname)
    # The cleaner knows more bad URLs than these; what it would drop must not stand in the text.
    return whole if good and "href=" in _safe(f'<a href="{escape(whole)}">') else ""


def _safe(html: str) -> str:
    return nh3.clean(
        html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="noreferrer"
    )


class _Blocks:
    """Writes block after block of plain text, reading the tokens once."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = iter(tokens)

    def until(self, end: str) -> Iterator[str]:
        """Give the blocks up to the token that closes this one."""
        for token in self._tokens:
            if token.type == end:
                return
            yield from self._block(token)

    def _block(self, token: Token) -> Iterator[str]:
        match token.type:
            case "inline":
                yield "\n".join([_words(token), *_urls(token)])
            case "heading_open":
                yield self._heading(token)
            case "bullet_list_open":
                yield self._list(None)
            case "ordered_list_open":
                yield self._list(int(token.attrs.get("start", 1)))
            case "blockquote_open":
                yield _prefixed("\n\n".join(self.until("blockquote_close")), "> ", "> ")
            case "fence" | "code_block":
                yield _prefixed(token.content.rstrip("\n"), "    ", "    ")
            case "hr":
                yield "* * *"

    def _heading(self, token: Token) -> str:
        words, *urls = "\n".join(self.until("heading_close")).split("\n")
        rule = ("=" if token.tag == "h1" else "-") * max(3, min(len(words), 70))
        return "\n".join([words, rule, *urls])

    def _list(self, number: int | None) -> str:
        kind = "bullet" if number is None else "ordered"
        items: list[str] = []
        for token in self._tokens:
            if token.type == f"{kind}_list_close":
                break
            mark = "- " if number is None else f"{number + len(items)}. "
            text = "\n\n".join(self.until("list_item_close"))
            items.append(_prefixed(text, mark, " " * len(mark)))
        return "\n".join(items)


def _words(token: Token) -> str:
    """Return the words of a paragraph; a link that is its own label stands among the URLs."""
    out: list[str] = []
    for child in token.children or ():
        if child.type == "hardbreak":
            out.append("\n")
        elif child.type == "softbreak":
            out.append(" ")
        else:
            out.append(child.content)
    return "".join(out)


def _urls(token: Token) -> Iterator[str]:
    """Give the URLs of a paragraph, each on its line; of several each after its label."""
    links = list(_labels(token.children or ()))
    for label, url in links:
        if len(links) > 1 and label and label != url:
            yield f"{label}:"
        yield url


def _labels(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    label, url = "", ""
    for token in tokens:
        if token.type == "link_open":
            label, url = "", str(token.attrs["href"])
        elif token.type == "link_close":
            yield label, url
        else:
            label += token.content


def _prefixed(text: str, first: str, rest: str) -> str:
    rows = text.split("\n")
    return "\n".join(
        ((first if not number else rest) + row).rstrip() for number, row in enumerate(rows)
    )
