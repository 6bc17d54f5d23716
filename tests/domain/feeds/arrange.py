"""A feed and an entry to change in the one thing that a test is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from feedsvc.domain.feeds import Author, Enclosure, Entry, Feed, Source, Urls

NOON = datetime(2017, 12, 7, 12, tzinfo=UTC)

# Each is read as plain text by a person; each has broken a feed somewhere.
HOSTILE_TITLES = (
    "Relief & Reconciliation",
    "AT&T",
    "A &amp; B",
    "&lt;b&gt;not bold&lt;/b&gt;",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "</title><title>two",
    "1 < 2",
    "2 > 1",
    "1<2>3",
    "a <- b",
    "<!-- no comment -->",
    "<![CDATA[no data]]>",
    "]]>",
    "&nbsp;",
    "&#38;",
    "&bogus;",
    "&",
    "Kill -9 && restart",
    'She said "never" & left',
    "It's 5 o'clock",
    "\u201cCurly\u201d \u2013 and \u2026",
    "7\u00a0December 2017",
    "11.11.11",
    "100 %",
    "{{ braces }} ${x} %s",
    "\u0633\u0648\u0631\u064a\u0648\u0646 \u0645\u0646 \u0623\u062c\u0644",
    "STJ \u0633\u0648\u0631\u064a\u0648\u0646",
    "\U0001f54a\ufe0f peace",
    "e\u0301t\u00e9 \u4e2d\u6587 \ufdfd",
)

PDF = Enclosure(
    url="https://f.example/1.pdf", media_type="application/pdf", length=1234, title="One"
)
ZIP = Enclosure(url="https://f.example/2.zip", media_type="application/zip", length=5678)


def urls(name: str) -> Urls:
    """Return the addresses of a feed."""
    base = f"https://f.example/{name}"
    return Urls(atom=f"{base}.atom", rss=f"{base}.rss", json=f"{base}.json")


SOURCE = Source(
    id="tag:f.example,2017:c/1",
    title="Khan Sheikhoun",
    language="en",
    url="https://f.example/c/khan-sheikhoun",
    urls=urls("c/khan-sheikhoun"),
)


def entry(number: int = 1, **changes: Any) -> Entry:  # any field of it
    """Return an entry; those with a higher number are newer."""
    when = NOON + timedelta(hours=number)
    plain = Entry(
        id=f"tag:f.example,2017:u/{number}/en",
        url=f"https://f.example/c/khan-sheikhoun/{number}",
        title=f"Update {number}",
        language="en",
        html=f"<p>Text {number}</p>",
        published=when,
        updated=when,
    )
    return replace(plain, **changes)


def feed(*entries: Entry, **changes: Any) -> Feed:  # any field of it
    """Return a feed of these entries."""
    plain = Feed(
        id="tag:f.example,2017:c/1",
        urls=urls("c/khan-sheikhoun"),
        home_url="https://f.example/c/khan-sheikhoun",
        title="Khan Sheikhoun",
        description="A petition",
        language="en",
        updated=NOON,
        authors=(Author(name="The organisation", url="https://f.example/"),),
        max_age_seconds=1800,
        entries=entries,
    )
    return replace(plain, **changes)
