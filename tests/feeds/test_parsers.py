"""Parsers of three authors read the same entries from all three formats, and what we put in (F2)."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from feedsvc.domain.feeds import FORMATS, Feed
from feedsvc.domain.feeds.presentation import presented
from tests.feeds import parsers
from tests.feeds.documents import FEEDS
from tests.feeds.parsers import Facts

READINGS: dict[str, tuple[str, parsers.Parser]] = {
    "feedparser, Atom": ("atom", parsers.by_feedparser),
    "feedparser, RSS": ("rss", parsers.by_feedparser),
    "fastfeedparser, Atom": ("atom", parsers.by_fastfeedparser),
    "fastfeedparser, RSS": ("rss", parsers.by_fastfeedparser),
    "fastfeedparser, JSON Feed": ("json", parsers.by_fastfeedparser),
    "atoma, Atom": ("atom", parsers.by_atoma_as_atom),
    "atoma, RSS": ("rss", parsers.by_atoma_as_rss),
    "atoma, JSON Feed": ("json", parsers.by_atoma_as_json),
}
# What a parser does not look for; nothing is misread.
UNREAD: dict[str, Callable[[Facts], Facts]] = {
    "fastfeedparser, Atom": lambda facts: replace(facts, file=None),
    "atoma, RSS": lambda facts: replace(facts, updated=None),
}


def expected(entries: Iterable[Facts], reading: str) -> list[Facts]:
    """Return the facts without those that a parser does not look for."""
    unread = UNREAD.get(reading)
    return [unread(each) for each in entries] if unread else list(entries)


def put_in(feed: Feed) -> list[Facts]:
    """Say what we put in, as it is presented."""
    return [parsers.of_ours(entry, entry.title) for entry in presented(feed).entries]


@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.parametrize("reading", READINGS)
def test_a_parser_reads_what_we_put_in(reading: str, name: str) -> None:
    suffix, read = READINGS[reading]

    assert read(FORMATS[suffix].render(FEEDS[name])) == expected(put_in(FEEDS[name]), reading)
