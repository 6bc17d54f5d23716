"""Atom, against RFC 4287, RFC 5005 and RFC 6721."""

from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from feedsvc.domain.feeds import Author, Deletion, Feed, atom
from feedsvc.domain.feeds.specimen import SPECIMEN
from tests.domain.feeds.arrange import HOSTILE_TITLES, NOON, PDF, SOURCE, ZIP, entry, feed, urls
from tests.domain.feeds.reading import as_atom

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))


@pytest.mark.parametrize(
    "written",
    [
        SPECIMEN,
        feed(),
        feed(entry(1, html="")),
        feed(*(entry(n, title=title) for n, title in enumerate(HOSTILE_TITLES))),
    ],
    ids=["specimen", "empty", "no text", "hostile"],
)
def test_it_is_valid_by_the_schema_of_rfc_4287(written: Feed) -> None:
    assert SCHEMA.validate(etree.fromstring(atom(written))), SCHEMA.error_log


def test_the_schema_refuses_what_is_invalid() -> None:
    broken = atom(feed(entry(1))).replace(b'type="html"', b'type="CDATA"')

    assert not SCHEMA.validate(etree.fromstring(broken))


def test_only_tombstones_and_history_are_foreign() -> None:
    spaces = {name.split("}")[0][1:] for name in _names(atom(SPECIMEN))}

    assert spaces == {
        "http://www.w3.org/2005/Atom",
        "http://purl.org/atompub/tombstones/1.0",
        "http://purl.org/syndication/history/1.0",
    }


def _names(document: bytes) -> set[str]:
    return {str(each.tag) for each in etree.fromstring(document).iter(etree.Element)}


def test_the_feed_has_author_and_one_self_and_one_page() -> None:
    written = feed(entry(1))

    assert as_atom(written, "/a:feed/a:author/a:name") == ["The organisation"]
    assert as_atom(written, "/a:feed/a:link[@rel='self']/@href") == [written.urls.atom]
    assert as_atom(written, "/a:feed/a:link[@rel='alternate']/@href") == [written.home_url]
    assert as_atom(written, "/a:feed/a:link[@rel='alternate']/@type") == ["text/html"]


def test_an_entry_has_one_alternate_and_html_content() -> None:
    written = feed(entry(1, enclosures=(PDF, ZIP), summary="a < b"))

    assert as_atom(written, "//a:entry/a:link[@rel='alternate']/@href") == [entry(1).url]
    assert as_atom(written, "//a:entry/a:link[@rel='alternate']/@type") == ["text/html"]
    assert as_atom(written, "//a:entry/a:link[not(@rel)]") == []
    assert as_atom(written, "//a:content/@type") == ["html"]
    assert as_atom(written, "//a:summary[not(@type)]") == ["a < b"]


def test_titles_have_no_type() -> None:
    assert as_atom(SPECIMEN, "//a:title/@type") == []


def test_all_enclosures_are_there_with_length_and_type() -> None:
    path = "//a:entry/a:link[@rel='enclosure']/@"
    written = feed(entry(1, enclosures=(PDF, ZIP)))

    assert as_atom(written, path + "href") == [PDF.url, ZIP.url]
    assert as_atom(written, path + "length") == ["1234", "5678"]
    assert as_atom(written, path + "type") == ["application/pdf", "application/zip"]
    assert as_atom(written, path + "title") == ["One"]


def test_feed_and_entries_say_their_language() -> None:
    written = feed(entry(2), entry(1, language="ar"))

    assert as_atom(written, "/a:feed/@xml:lang") == ["en"]
    assert as_atom(written, "//a:entry/@xml:lang") == ["en", "ar"]


def test_an_entry_names_its_author_only_when_it_is_another() -> None:
    other = Author(name="Somebody", url="https://f.example/somebody")
    written = feed(entry(2, authors=(other,)), entry(1, authors=feed().authors))

    assert as_atom(written, "//a:entry/a:author/a:name") == ["Somebody"]
    assert as_atom(written, "//a:entry/a:author/a:uri") == ["https://f.example/somebody"]


def test_an_entry_in_a_feed_of_everything_names_its_campaign() -> None:
    written = feed(entry(1, source=SOURCE))

    assert as_atom(written, "//a:source/a:id") == [SOURCE.id]
    assert as_atom(written, "//a:source/a:title") == ["Khan Sheikhoun"]
    assert as_atom(written, "//a:source/a:link[@rel='self']/@href") == [SOURCE.urls.atom]
    assert as_atom(written, "//a:entry/a:category/@term") == ["Khan Sheikhoun"]


def test_a_withdrawn_entry_leaves_one_tombstone() -> None:
    gone = Deletion(ref=entry(1).id, when=NOON + timedelta(days=1), comment="Withdrawn & gone")
    written = feed(deletions=(gone, gone))

    assert as_atom(written, "//at:deleted-entry/@ref") == [entry(1).id]
    assert as_atom(written, "//at:deleted-entry/@when") == ["2017-12-08T12:00:00+00:00"]
    assert as_atom(written, "//at:comment") == ["Withdrawn & gone"]


def test_the_newest_document_links_the_archive_before_it() -> None:
    written = feed(previous=urls("c/khan-sheikhoun/archive/3"))

    links = as_atom(written, "/a:feed/a:link[@rel='prev-archive']/@href")
    assert links == ["https://f.example/c/khan-sheikhoun/archive/3.atom"]
    assert as_atom(written, "//fh:archive") == []


def test_an_archive_says_so_and_links_both_ways() -> None:
    written = feed(current=urls("now"), previous=urls("before"), next=urls("after"))

    assert as_atom(written, "/a:feed/fh:archive") == [""]
    assert [as_atom(written, f"//a:link[@rel='{rel}']/@href")[0] for rel in written.neighbours] == [
        "https://f.example/before.atom",
        "https://f.example/after.atom",
        "https://f.example/now.atom",
    ]


def test_hubs_icon_and_logo_are_there() -> None:
    written = feed(
        hubs=("https://hub.example/",), favicon="https://f/i.png", logo="https://f/l.png"
    )

    assert as_atom(written, "//a:link[@rel='hub']/@href") == ["https://hub.example/"]
    assert as_atom(written, "//a:icon") == ["https://f/i.png"]
    assert as_atom(written, "//a:logo") == ["https://f/l.png"]


def test_a_stylesheet_is_named_before_the_root() -> None:
    document = atom(feed(css_url="https://f.example/a.css?b&c"))

    assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<?xml-stylesheet ")
    assert b'<?xml-stylesheet type="text/css" href="https://f.example/a.css?b&amp;c"?>' in document


def test_there_is_no_cdata() -> None:
    assert b"CDATA" not in atom(SPECIMEN)
