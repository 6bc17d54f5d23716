"""A feed and an entry to change in the one thing that a test is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from feedsvc.domain.feeds import Author, Enclosure, Entry, Feed, Source, Urls

NOON = datetime(2017, 12, 7, 12, tzinfo=UTC)

# Each is read as plain text by a person; each has broken a feed somewhere.
HOSTILE_TITLES = (
    # markup and what looks like it
    "Relief & Reconciliation",
    "AT&T",
    "A &amp; B",
    "&amp;amp;",
    "&lt;b&gt;not bold&lt;/b&gt;",
    "<b>bold</b>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title><title>two",
    "</channel></rss>",
    "1 < 2",
    "2 > 1",
    "1<2>3",
    "a <- b",
    "->",
    "<!-- no comment -->",
    "-->",
    "<![CDATA[no data]]>",
    "]]>",
    "<?xml version='1.0'?>",
    "<?php echo 1 ?>",
    "<!DOCTYPE html>",
    # references
    "&nbsp;",
    "&#38;",
    "&#x26;",
    "&#0;",
    "&bogus;",
    "&copy 2017",
    "&",
    "&&",
    "Kill -9 && restart",
    # quotes, spaces and signs
    'She said "never" & left',
    "It's 5 o'clock",
    "\u201cCurly\u201d \u2013 and \u2026",
    "7\u00a0December 2017",
    "thin\u2009and\u202fnarrow",
    "zero\u200bwidth\u200djoin\u2060ed\ufeff",
    "soft\u00adhyphen",
    "11.11.11",
    "100 %",
    "%s %d %(x)s %00",
    "\\n \\ \\u0041",
    # what other programs would run
    "{{ braces }} ${x} %s",
    "{{7*7}} {% raw %} <%= 7*7 %> #{7*7}",
    "=1+1",
    "+49 30 1234",
    "-2+3",
    "@SUM(1)",
    '=HYPERLINK("https://f.example","here")',
    "'; DROP TABLE update; --",
    "javascript:alert(1)",
    "../../etc/passwd",
    "true",
    "null",
    "2017-12-07",
    # scripts and what joins
    "\u0633\u0648\u0631\u064a\u0648\u0646 \u0645\u0646 \u0623\u062c\u0644",
    "STJ \u0633\u0648\u0631\u064a\u0648\u0646",
    "\u0633\u0648\u0631\u064a\u0648\u0646 (STJ) 2017 & \u0645\u0646",
    "\u05e9\u05dc\u05d5\u05dd <b>",
    "\u2068isolated \u0633\u0648\u0631\u064a\u0629\u2069 text",
    "mark\u200e left\u200f right",
    "\U0001f54a\ufe0f peace",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1f8\U0001f1fe \U0001f44d\U0001f3fd",
    "Z\u0351\u036b\u0343\u032a\u0302\u0348a\u0321\u030algo",
    "e\u0301t\u00e9 \u4e2d\u6587 \ufdfd",
    "\U00010348 \U0001d54f \u1e9e",
    "\ue000 private",
    "long " * 39 + "title",
    "\u0644" * 200,
)

# A title that stands on no line of its own, or turns a line round: the door refuses it.
REFUSED_TITLES = (
    "two\nlines",
    "two\r\nlines",
    "a\ttab",
    "line\u2028separator",
    "paragraph\u2029separator",
    "nul\x00",
    "bell\x07",
    "escape\x1b[31m",
    "vertical\x0btab",
    "delete\x7f",
    "over\u202eride",
    "em\u202abedded",
    "popped\u202c",
    "half \ud800 a character",
    "none\ufffe",
    "none\uffff",
    "none \ufdd0",
    "none \U0001ffff",
    "\u2067never closed",
    "never opened\u2069",
    "",
    "   ",
    "\u200b\u200d",
    "\u00ad",
    "x" * 201,
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
