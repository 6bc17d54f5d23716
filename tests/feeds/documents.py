"""Feeds of every kind as values: what the checkers and the second parser are shown."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from feedsvc.domain.feeds import Deletion, Entry, Event, Feed
from feedsvc.domain.feeds.specimen import SPECIMEN
from tests.domain.feeds.arrange import (
    HOSTILE_TITLES,
    NOON,
    PDF,
    SOURCE,
    ZIP,
    entry,
    feed,
    urls,
)

LATER = NOON + timedelta(days=99)
MANY = 500


def _many() -> Feed:
    """Five hundred updates, each of them long enough for the head to be cut."""
    text = "<p>" + "word " * 400 + "</p>"
    return feed(*(entry(number, html=text) for number in range(MANY)), updated=LATER)


def _hostile() -> Feed:
    titled = (
        entry(number, title=title, summary=title, categories=(title,))
        for number, title in enumerate(HOSTILE_TITLES)
    )
    return feed(*titled, title=HOSTILE_TITLES[0], description="1 < 2 & 3", updated=LATER)


def _arabic() -> Feed:
    event = Event(occurred_on="2017-12-07", precision="day", words="٧ ديسمبر ٢٠١٧")
    return feed(
        entry(1, title="خبر", html="<p>نص</p>", language="ar", event=event),
        entry(2, title="STJ خبر", html="<p>نص</p>", language="ar", summary="نص"),
        entry(3, language="en"),
        title="STJ سوريون",
        language="ar",
        updated=LATER,
    )


def _amended() -> Feed:
    return feed(entry(1, updated=LATER - timedelta(days=1)), entry(2), entry(3), updated=LATER)


def _withdrawn() -> Feed:
    """A stub under the old id, a new entry that says so, and the tombstone."""
    when = LATER - timedelta(days=1)
    stub = entry(1, title="Withdrawn: Update 1", html="<p>Withdrawn.</p>", updated=when)
    said = entry(9, title="Withdrawn: Update 1", published=when, updated=when)
    gone = Deletion(ref=stub.id, when=when + timedelta(seconds=1), comment="Withdrawn & gone")
    return feed(stub, said, entry(2), deletions=(gone,), updated=LATER)


def _archive() -> Feed:
    around = {"current": urls("now"), "previous": urls("before"), "next": urls("after")}
    return feed(*(entry(number) for number in range(50)), updated=LATER, **around)


def _furnished() -> Feed:
    filed = (
        entry(1, enclosures=(PDF, ZIP), image="https://f.example/1.png"),
        entry(2, enclosures=(ZIP,)),
    )
    pictures = {name: f"https://f.example/{name}.png" for name in ("icon", "favicon", "logo")}
    hubs = ("https://hub.example/", "https://hub.example/?two=2&three")
    return feed(*filed, hubs=hubs, css_url="https://f.example/feed.css", updated=LATER, **pictures)


def _everything() -> Feed:
    """The feed of the site: each entry names the campaign feed that has it, too."""
    source = replace(SOURCE, updated=NOON, title="Relief & <Reconciliation>")
    return feed(
        entry(1, source=source, categories=("news",)), entry(2, source=source), updated=LATER
    )


FEEDS: dict[str, Feed] = {
    "specimen": SPECIMEN,
    "empty": feed(updated=LATER),
    "one": feed(entry(1), updated=LATER),
    "many": _many(),
    "hostile": _hostile(),
    "arabic": _arabic(),
    "amended": _amended(),
    "withdrawn": _withdrawn(),
    "archive": _archive(),
    "furnished": _furnished(),
    "everything": _everything(),
    "closed": feed(entry(1), expired=True, updated=LATER),
}


def each_entry() -> Iterator[Entry]:
    """Go through every entry of every feed."""
    for each in FEEDS.values():
        yield from each.entries
