"""How an entry reads, in every format alike."""

import pytest

from feedsvc.domain.feeds import Event
from tests.domain.feeds.arrange import SOURCE, entry, feed
from tests.domain.feeds.reading import as_json

MARK = "\u200f"
ARABIC = "سوريايون من أجل الحقيقة والعدالة"


@pytest.mark.parametrize(
    ("language", "title", "marked"),
    [
        ("ar", f"STJ {ARABIC}", True),
        ("ar", f"7 STJ {ARABIC}", True),
        ("he", "BBC", True),
        ("ar", ARABIC, False),
        ("ar", f"2017: {ARABIC}", False),
        ("ar", "11.11.11", False),
        ("ar-Latn", "marhaba", False),
        ("en", "STJ", False),
    ],
)
def test_a_right_to_left_title_that_starts_with_latin_is_marked(
    language: str, title: str, *, marked: bool
) -> None:
    item = as_json(feed(entry(1, title=title, language=language)))["items"][0]

    assert item["title"] == (MARK + title if marked else title)


def test_a_title_is_marked_once() -> None:
    item = as_json(feed(entry(1, title=f"{MARK}STJ {ARABIC}", language="ar")))["items"][0]

    assert item["title"] == f"{MARK}STJ {ARABIC}"


def test_the_title_of_the_feed_is_marked_too() -> None:
    assert as_json(feed(title="STJ", language="ar"))["title"] == f"{MARK}STJ"


@pytest.mark.parametrize(
    ("of_feed", "of_entry", "html"),
    [
        ("en", "en", "<p>x</p>"),
        ("en", "ar", '<div dir="rtl" lang="ar"><p>x</p></div>'),
        ("ar", "ar", '<div dir="rtl" lang="ar"><p>x</p></div>'),
        ("ar", "en", '<div dir="ltr" lang="en"><p>x</p></div>'),
    ],
)
def test_the_text_says_its_direction_where_a_reader_could_err(
    of_feed: str, of_entry: str, html: str
) -> None:
    written = feed(entry(1, html="<p>x</p>", language=of_entry), language=of_feed)

    assert as_json(written)["items"][0]["content_html"] == html


def test_the_event_date_is_the_first_line_of_the_text() -> None:
    event = Event(occurred_on="2017-12-07", precision="day", words="7 December 2017 & <after>")
    item = as_json(feed(entry(1, html="<p>x</p>", event=event)))["items"][0]

    assert item["content_html"] == "<p>7 December 2017 &amp; &lt;after&gt;</p>\n<p>x</p>"


def test_the_event_date_stands_inside_the_direction_of_the_text() -> None:
    event = Event(occurred_on="2017", precision="year", words="٢٠١٧")
    item = as_json(feed(entry(1, html="<p>x</p>", event=event, language="ar")))["items"][0]

    assert item["content_html"] == '<div dir="rtl" lang="ar"><p>٢٠١٧</p>\n<p>x</p></div>'


def test_a_category_is_named_once() -> None:
    written = feed(entry(1, source=SOURCE, categories=("news", "", SOURCE.title, "news")))

    assert as_json(written)["items"][0]["tags"] == ["news", SOURCE.title]


@pytest.mark.parametrize(
    ("summary", "html"), [("A & b", "<p>A &amp; b</p>"), ("", "<p>Only this</p>")]
)
def test_an_entry_without_a_text_says_what_it_has(summary: str, html: str) -> None:
    item = as_json(feed(entry(1, html="", title="Only this", summary=summary)))["items"][0]

    assert item["content_html"] == html
