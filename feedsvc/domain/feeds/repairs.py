"""The feedgen extension: what feedgen gets wrong or does not know.

feedgen loses the rel and type of links in entries, so these are written here and never there. It
writes Atom elements without a namespace under a literal xmlns, hence the bare names.
"""

from html import escape

from lxml import etree

from feedsvc.domain.feeds.document import Entry, Feed, Source
from feedsvc.domain.feeds.presentation import instant

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def namespaces(feed: Feed, kind: str) -> dict[str, str]:
    """Return the namespaces that the document will use and feedgen does not declare."""
    declared = {"dc": DC} if kind == "rss" else {}
    if feed.current:
        declared["fh"] = HISTORY
    if feed.deletions and kind == "atom":
        declared["at"] = TOMBSTONES
    return declared


class FeedRepairs:
    """Adds stylesheet, archive marks, tombstones, hubs and authors to the document."""

    feed: Feed
    declared: dict[str, str]

    def extend_ns(self) -> dict[str, str]:
        """Return the namespaces to declare on the root."""
        return self.declared

    def extend_atom(self, root: etree._Element) -> etree._Element:
        """Finish the head of an Atom feed; the entries come after it."""
        self._style(root)
        self._mark_archive(root)
        for deletion in self.feed.deletions:
            tombstone = _add(root, f"{{{TOMBSTONES}}}deleted-entry", ref=deletion.ref)
            tombstone.set("when", instant(deletion.when))
            if deletion.comment:
                _add(tombstone, f"{{{TOMBSTONES}}}comment", deletion.comment)
        return root

    def extend_rss(self, root: etree._Element) -> etree._Element:
        """Finish the head of an RSS channel; the items come after it."""
        channel, feed = root[0], self.feed
        self._style(root)
        self._mark_archive(channel)
        for hub in feed.hubs:
            _add(channel, f"{{{ATOM}}}link", rel="hub", href=hub)
        for relation, urls in feed.neighbours.items():
            _add(channel, f"{{{ATOM}}}link", rel=relation, href=urls.rss)
        for author in feed.authors:
            _add(channel, f"{{{DC}}}creator", author.name)
        return root

    def _style(self, root: etree._Element) -> None:
        """Let a person who opens the feed in a browser see something readable."""
        if self.feed.css_url:
            sheet = f'type="text/css" href="{escape(self.feed.css_url)}"'
            root.addprevious(etree.ProcessingInstruction("xml-stylesheet", sheet))

    def _mark_archive(self, head: etree._Element) -> None:
        if self.feed.current:
            _add(head, f"{{{HISTORY}}}archive")


class EntryRepairs:
    """Adds language, links, authors and source to an entry."""

    entry: Entry
    feed: Feed

    def extend_atom(self, node: etree._Element) -> etree._Element:
        """Finish an Atom entry."""
        entry = self.entry
        node.set(LANG, entry.language)
        _add(node, "link", rel="alternate", type="text/html", href=entry.url)
        for file in entry.enclosures:
            link = _add(node, "link", rel="enclosure", type=file.media_type, href=file.url)
            link.set("length", str(file.length))
            if file.title:
                link.set("title", file.title)
        for author in entry.authors:
            _add_person(node, author.name, author.url)
        if entry.source:
            _add_source(node, entry.source)
        return node

    def extend_rss(self, item: etree._Element) -> etree._Element:
        """Finish an RSS item; RSS's own author would need an e-mail address."""
        for author in self.entry.authors or self.feed.authors:
            _add(item, f"{{{DC}}}creator", author.name)
        _add(item, f"{{{DC}}}language", self.entry.language)
        _add(item, f"{{{ATOM}}}updated", instant(self.entry.updated))
        return item


def _add_source(node: etree._Element, source: Source) -> None:
    """Name the feed that the entry comes from (RFC 4287, 4.2.11)."""
    copy = _add(node, "source")
    copy.set(LANG, source.language)
    _add(copy, "id", source.id)
    _add(copy, "title", source.title)
    if source.updated:
        _add(copy, "updated", instant(source.updated))
    _add(copy, "link", rel="self", type="application/atom+xml", href=source.urls.atom)
    _add(copy, "link", rel="alternate", type="text/html", href=source.url)


def _add_person(node: etree._Element, name: str, url: str) -> None:
    author = _add(node, "author")
    _add(author, "name", name)
    if url:
        _add(author, "uri", url)


def _add(parent: etree._Element, name: str, text: str = "", **marks: str) -> etree._Element:
    node = etree.SubElement(parent, name, marks)
    node.text = text or None
    return node
