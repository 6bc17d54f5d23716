"""Every feed passes every validator without a word."""

import pytest

from feedsvc.domain.feeds import atom, json, rss
from tests.feeds.atom_rules import ATOM, Atom
from tests.feeds.documents import FEEDS
from tests.feeds.json_rules import JSON, JsonFeed
from tests.feeds.rss_rules import RSS, Rss


@pytest.mark.parametrize("name", FEEDS)
def test_atom_keeps_the_rfcs(name: str) -> None:
    assert ATOM.complaints(Atom(atom(FEEDS[name]))) == []


@pytest.mark.parametrize("name", FEEDS)
def test_rss_keeps_the_profile(name: str) -> None:
    assert RSS.complaints(Rss(rss(FEEDS[name]))) == []


@pytest.mark.parametrize("name", FEEDS)
def test_json_feed_keeps_its_specification(name: str) -> None:
    assert JSON.complaints(JsonFeed(json(FEEDS[name]))) == []
