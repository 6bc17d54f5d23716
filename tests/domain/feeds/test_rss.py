"""RSS, against RSS 2.0 and the profile of its Advisory Board."""

from datetime import timedelta

from feedsvc.domain.feeds import Author, rss
from feedsvc.domain.feeds.specimen import SPECIMEN
from tests.domain.feeds.arrange import NOON, PDF, SOURCE, ZIP, entry, feed, urls
from tests.domain.feeds.reading import as_rss, parsed


def test_the_channel_has_what_the_profile_asks() -> None:
    written = feed(updated=NOON)

    assert as_rss(written, "/rss/channel/title") == ["Khan Sheikhoun"]
    assert as_rss(written, "/rss/channel/link") == [written.home_url]
    assert as_rss(written, "/rss/channel/description") == ["A petition"]
    assert as_rss(written, "/rss/channel/language") == ["en"]
    assert as_rss(written, "/rss/channel/lastBuildDate") == ["Thu, 07 Dec 2017 12:00:00 +0000"]
    assert as_rss(written, "/rss/channel/ttl") == ["30"]
    assert as_rss(written, "/rss/channel/docs") == ["https://www.rssboard.org/rss-specification"]
    assert as_rss(written, "/rss/channel/generator") == ["feedsvc"]


def test_the_channel_links_itself_and_its_hubs() -> None:
    written = feed(hubs=("https://hub.example/", "https://hub2.example/"))

    assert as_rss(written, "/rss/channel/a:link[@rel='self']/@href") == [written.urls.rss]
    assert as_rss(written, "/rss/channel/a:link[@rel='self']/@type") == ["application/rss+xml"]
    assert as_rss(written, "/rss/channel/a:link[@rel='hub']/@href") == list(written.hubs)


def test_a_channel_without_description_takes_its_title() -> None:
    assert as_rss(feed(description=""), "/rss/channel/description") == ["Khan Sheikhoun"]


def test_an_item_has_what_the_profile_asks() -> None:
    written = feed(entry(1, updated=NOON + timedelta(days=1)))

    assert as_rss(written, "//item/link") == [entry(1).url]
    assert as_rss(written, "//item/guid") == [entry(1).id]
    assert as_rss(written, "//item/guid/@isPermaLink") == ["false"]
    assert as_rss(written, "//item/pubDate") == ["Thu, 07 Dec 2017 13:00:00 +0000"]
    assert as_rss(written, "//item/a:updated") == ["2017-12-08T12:00:00+00:00"]
    assert as_rss(written, "//item/dc:language") == ["en"]
    assert as_rss(written, "//item/author") == []


def test_the_creator_is_the_author_of_the_entry_or_of_the_feed() -> None:
    written = feed(entry(2, authors=(Author(name="Somebody"),)), entry(1))

    assert as_rss(written, "//item/dc:creator") == ["Somebody", "The organisation"]


def test_without_summary_the_description_is_the_text() -> None:
    written = feed(entry(1))

    assert as_rss(written, "//item/description") == ["<p>Text 1</p>"]
    assert as_rss(written, "//item/content:encoded") == []


def test_with_summary_the_description_is_the_summary_as_html() -> None:
    written = feed(entry(1, summary="1 < 2 & so"))

    assert as_rss(written, "//item/description") == ["1 &lt; 2 &amp; so"]
    assert as_rss(written, "//item/content:encoded") == ["<p>Text 1</p>"]


def test_markup_characters_in_titles_are_numeric_references() -> None:
    document = rss(feed(entry(1, title="a & <b> &amp;"), title="A & B", logo="https://f/l.png"))

    assert b"<title>a &#x26; &#x3C;b&#x3E; &#x26;amp;</title>" in document
    assert document.count(b"<title>A &#x26; B</title>") == 2


def test_an_item_has_its_first_enclosure_only() -> None:
    written = feed(entry(1, enclosures=(PDF, ZIP)))

    assert as_rss(written, "//enclosure/@url") == [PDF.url]
    assert as_rss(written, "//enclosure/@length") == ["1234"]
    assert as_rss(written, "//enclosure/@type") == ["application/pdf"]


def test_an_item_in_a_feed_of_everything_names_its_campaign() -> None:
    written = feed(entry(1, source=SOURCE, categories=("news", "Khan Sheikhoun")))

    assert as_rss(written, "//item/source") == ["Khan Sheikhoun"]
    assert as_rss(written, "//item/source/@url") == [SOURCE.urls.rss]
    assert as_rss(written, "//item/category") == ["news", "Khan Sheikhoun"]


def test_the_image_repeats_title_and_link_of_the_channel() -> None:
    written = feed(icon="https://f.example/icon.png")

    assert as_rss(written, "//image/*") == [
        "https://f.example/icon.png",
        written.title,
        written.home_url,
    ]


def test_an_archive_says_so_and_links_both_ways() -> None:
    written = feed(current=urls("now"), previous=urls("before"), next=urls("after"))

    assert as_rss(written, "/rss/channel/fh:archive") == [""]
    assert as_rss(written, "/rss/channel/a:link[@rel='prev-archive']/@href") == [
        "https://f.example/before.rss"
    ]
    assert as_rss(written, "/rss/channel/a:link[@rel='next-archive']/@href") == [
        "https://f.example/after.rss"
    ]
    assert as_rss(written, "/rss/channel/a:link[@rel='current']/@href") == [
        "https://f.example/now.rss"
    ]


def test_elements_that_feedgen_writes_wrongly_are_absent() -> None:
    unwanted = ("skipHours", "skipDays", "textInput", "rating", "cloud", "managingEditor")

    assert [name for name in unwanted if as_rss(SPECIMEN, f"//{name}")] == []


def test_feedparser_takes_the_page_for_the_link_of_the_channel() -> None:
    assert parsed(rss(feed())).feed.link == feed().home_url
