"""How many entries the newest document holds."""

from feedsvc.domain.feeds import FORMATS, Feed, head
from tests.domain.feeds.arrange import entry, feed


def of_size(count: int, size: int) -> Feed:
    return feed(*(entry(number, html="x" * size) for number in range(count)))


def test_it_holds_the_newest_fifty() -> None:
    kept = head(of_size(60, 10)).entries

    assert [each.title for each in kept] == [f"Update {number}" for number in range(59, 9, -1)]


def test_it_stays_under_the_size_in_every_format() -> None:
    cut = head(of_size(60, 10_000))

    assert max(len(each.render(cut)) for each in FORMATS.values()) <= 250_000
    assert len(cut.entries) == 23


def test_it_holds_five_whatever_they_weigh() -> None:
    assert len(head(of_size(60, 100_000)).entries) == 5


def test_a_short_feed_is_whole() -> None:
    assert len(head(of_size(3, 100_000)).entries) == 3
    assert head(feed()).entries == ()
