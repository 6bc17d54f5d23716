"""A feed is given to those who ask for one, the page to everybody else."""

import pytest

from feedsvc.web.accepting import preferred_feed

MINIFLUX = (
    "application/xml, application/atom+xml, application/rss+xml, application/rdf+xml, "
    "application/feed+json, text/html, */*;q=0.9"
)
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "feed"),
    [
        ("", None),
        ("*/*", None),
        (FIREFOX, None),
        (MINIFLUX, "atom"),
        ("application/rss+xml", "rss"),
        ("application/feed+json, application/rss+xml;q=0.5", "json"),
        ("application/atom+xml, text/html", "atom"),
        ("application/atom+xml;q=0.9, text/html", None),
        ("application/atom+xml;q=0.9, text/html;q=0.9", "atom"),
        ("application/atom+xml;q=0, text/html;q=0", None),
        ("APPLICATION/ATOM+XML ; charset=utf-8 ; q=1", "atom"),
        ("application/atom+xml;q=0.5, */*", None),
        ("nonsense;;q=, /, application/rss+xml;q=2", "rss"),
    ],
)
def test_feed_wins_unless_html_is_liked_better(accept: str, feed: str | None) -> None:
    assert preferred_feed(accept) == feed
