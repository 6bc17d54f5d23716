"""What holds for all three formats together."""

import locale
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from feedparser import FeedParserDict
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain.feeds import FORMATS, Feed, atom, fingerprint, json, rss
from feedsvc.domain.feeds.specimen import SPECIMEN
from tests.domain.feeds.arrange import HOSTILE_TITLES, NOON, PDF, ZIP, entry, feed
from tests.domain.feeds.reading import as_atom, as_json, as_rss, parsed, texts


def facts_of_parsed(item: FeedParserDict) -> tuple[object, ...]:
    """Return what users see as one entry: id, title, link, dates, first enclosure."""
    enclosures = [(each.href, each.type, int(each.length)) for each in item.enclosures]
    dates = (instant(item.published), instant(item.updated))
    return item.id, item.title, item.link, *dates, enclosures[:1]


def facts_of_json(item: dict[str, Any]) -> tuple[object, ...]:
    files = [(f["url"], f["mime_type"], f["size_in_bytes"]) for f in item.get("attachments", [])]
    dates = (instant(item["date_published"]), instant(item["date_modified"]))
    return item["id"], item["title"], item["url"], *dates, files[:1]


def instant(written: str) -> datetime:
    return datetime.fromisoformat(written) if written[4] == "-" else parsedate_to_datetime(written)


def many(count: int) -> Feed:
    return feed(*(entry(number) for number in range(count)))


@pytest.fixture
def another_locale() -> Iterator[None]:
    before = locale.setlocale(locale.LC_ALL)
    names = ("ar_SY.UTF-8", "de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8")
    for name in names:
        try:
            locale.setlocale(locale.LC_ALL, name)
            break
        except locale.Error:
            continue
    yield
    locale.setlocale(locale.LC_ALL, before)


@pytest.mark.parametrize("count", [0, 1, 60])
def test_feedparser_reads_every_entry_without_complaint(count: int) -> None:
    written = many(count)

    assert [len(parsed(document).entries) for document in (atom(written), rss(written))] == [
        count,
        count,
    ]


def test_entries_are_the_same_in_every_format() -> None:
    amended = entry(2, updated=NOON + timedelta(days=9), enclosures=(PDF, ZIP))
    written = feed(entry(1, title=HOSTILE_TITLES[0]), amended, entry(3))

    from_json = [facts_of_json(item) for item in as_json(written)["items"]]

    assert [facts_of_parsed(item) for item in parsed(atom(written)).entries] == from_json
    assert [facts_of_parsed(item) for item in parsed(rss(written)).entries] == from_json


def test_entries_are_sorted_by_updated_newest_first() -> None:
    amended = entry(1, updated=NOON + timedelta(days=9))

    items = as_json(feed(entry(2), amended, entry(3)))["items"]

    assert [item["title"] for item in items] == ["Update 1", "Update 3", "Update 2"]


def test_an_id_appears_once_with_its_newest_text() -> None:
    newer = entry(1, title="New", updated=NOON + timedelta(days=9))
    written = feed(entry(1, title="Old"), newer)

    assert as_atom(written, "//a:entry/a:title") == ["New"]
    assert as_rss(written, "//item/title") == ["New"]
    assert [item["title"] for item in as_json(written)["items"]] == ["New"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_order_in_which_entries_are_given_changes_nothing(suffix: str) -> None:
    same_instant = tuple(replace(entry(number), updated=NOON) for number in range(9))
    render = FORMATS[suffix].render

    assert render(feed(*same_instant)) == render(feed(*reversed(same_instant)))


@pytest.mark.parametrize("suffix", FORMATS)
def test_two_renderings_give_the_same_bytes(suffix: str) -> None:
    render = FORMATS[suffix].render

    assert render(SPECIMEN) == render(SPECIMEN)


@pytest.mark.usefixtures("another_locale")
def test_the_locale_of_the_process_changes_nothing() -> None:
    assert b"Thu, 07 Dec 2017 13:00:00 +0000" in rss(feed(entry(1)))


def test_rendering_leaves_the_locale_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(locale, "setlocale", refuse)

    assert rss(SPECIMEN)
    assert atom(SPECIMEN)


def test_threads_rendering_at_once_give_the_same_bytes() -> None:
    written = many(20)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(rss, [written] * 40))) == 1


def test_the_zone_of_an_instant_changes_nothing() -> None:
    sydney = (NOON + timedelta(hours=1)).astimezone(timezone(timedelta(hours=11)))

    assert rss(feed(entry(1, published=sydney, updated=sydney))) == rss(feed(entry(1)))


def test_no_document_says_what_time_it_is() -> None:
    this_year = str(datetime.now(UTC).year).encode()

    assert not any(this_year in each.render(many(3)) for each in FORMATS.values())


@pytest.mark.parametrize("title", HOSTILE_TITLES)
def test_a_hostile_title_stays_plain_text(title: str) -> None:
    written = feed(entry(1, title=title), title=title)

    assert as_atom(written, "//a:title") == [title, title]
    assert as_rss(written, "//title") == [title, title]
    assert [as_json(written)["title"], as_json(written)["items"][0]["title"]] == [title, title]


@pytest.mark.parametrize("suffix", ["atom", "rss", "json"])
def test_what_xml_cannot_say_does_not_take_the_feed_down(suffix: str) -> None:
    poison = "a\x00b\x0bc\x1bd\x85e\ud800f\ufffeg\uffffh"
    written = feed(entry(1, title=poison, html=poison, summary=poison, language="??"))

    assert b"abcdefgh" in FORMATS[suffix].render(written)


def test_a_title_that_is_left_empty_becomes_the_link() -> None:
    written = feed(entry(1, title=" \x00\n"))

    assert as_json(written)["items"][0]["title"] == entry(1).url
    assert as_atom(written, "//a:entry/a:title") == [entry(1).url]


def test_a_title_stands_on_one_line() -> None:
    assert as_json(feed(entry(1, title=" a\r\n\tb ")))["items"][0]["title"] == "a b"


def test_no_email_address_or_advertisement_is_in_a_document() -> None:
    for each in FORMATS.values():
        document = each.render(SPECIMEN).lower()
        assert b"@" not in document
        assert b"feedgen" not in document


def test_a_change_of_renderer_changes_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint()

    monkeypatch.setattr("feedsvc.domain.feeds.atom_rss.GENERATOR", "another")

    assert fingerprint() != before


def speakable() -> st.SearchStrategy[str]:
    """Text as the input lets it through: no control characters, no noncharacters XML refuses."""
    letters = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
    return st.text(letters, min_size=1, max_size=60).filter(str.strip)


def on_one_line(title: str) -> str:
    return re.sub(" +", " ", title).strip()


@given(
    title=speakable(),
    summary=speakable(),
    language=st.sampled_from(["en", "ar", "zh-Hant", "en-AU", "ar-Latn", "he", "fa"]),
)
def test_any_text_survives_in_every_format(title: str, summary: str, language: str) -> None:
    written = feed(entry(1, title=title, summary=summary, language=language))
    item = as_json(written)["items"][0]

    assert item["title"].removeprefix("\u200f") == on_one_line(title).removeprefix("\u200f")
    assert (item["summary"], item["language"]) == (summary, language)
    assert as_atom(written, "//a:entry/a:title") == [item["title"]]
    assert as_rss(written, "//item/title") == [item["title"]]
    assert as_atom(written, "//a:entry/a:summary") == [summary]
    assert as_atom(written, "//a:entry/@xml:lang") == [language]
    assert as_rss(written, "//item/dc:language") == [language]


def test_json_and_xml_say_the_same_text() -> None:
    written = feed(entry(1, html="<p>1 &lt; 2 &amp; \u201cso\u201d</p>"))
    html = as_json(written)["items"][0]["content_html"]

    assert texts(atom(written), "//a:content") == [html]
    assert texts(rss(written), "//item/description") == [html]
    assert json(written).endswith(b"}\n")
