"""What is served over HTTP passes every validator, and every parser reads the same in all formats."""

from collections.abc import Mapping

import lxml.html
import pytest
from lxml import etree

from tests.feeds.atom_rules import ATOM, Atom
from tests.feeds.json_rules import JSON, JsonFeed
from tests.feeds.parsers import Facts
from tests.feeds.rss_rules import RSS, Rss
from tests.feeds.site import BASE, FILED, HUB, MANY, stems
from tests.feeds.test_parsers import READINGS, expected
from tests.feeds.words import repeated
from tests.web.serving import client
from tests.world import World

Documents = Mapping[str, bytes]


def of_format(served: Documents, suffix: str) -> dict[str, bytes]:
    """Return the documents of one format, without what it is called."""
    ending = f".{suffix}"
    return {u.removesuffix(ending): raw for u, raw in served.items() if u.endswith(ending)}


def complaints(found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return what is left to complain about."""
    return {url: said for url, said in found.items() if said}


def test_atom_keeps_the_rfcs(served: Documents) -> None:
    found = of_format(served, "atom").items()

    assert complaints({url: ATOM.complaints(Atom(raw)) for url, raw in found}) == {}


def test_rss_keeps_the_profile(served: Documents) -> None:
    found = of_format(served, "rss").items()

    assert complaints({url: RSS.complaints(Rss(raw)) for url, raw in found}) == {}


def test_json_feed_keeps_its_specification(served: Documents) -> None:
    found = of_format(served, "json").items()

    assert complaints({url: JSON.complaints(JsonFeed(raw)) for url, raw in found}) == {}


@pytest.mark.parametrize("reading", READINGS)
def test_a_parser_reads_the_same_in_all_formats(served: Documents, reading: str) -> None:
    suffix, read = READINGS[reading]
    reference = READINGS["atoma, JSON Feed"][1]
    as_json = {url: reference(raw) for url, raw in of_format(served, "json").items()}

    differing = {
        url: [pair for pair in zip(entries, wanted, strict=True) if pair[0] != pair[1]]
        for url, raw in of_format(served, suffix).items()
        for entries, wanted in [(read(raw), expected(as_json[url], reading))]
    }

    assert {url: pairs for url, pairs in differing.items() if pairs} == {}


@pytest.mark.parametrize("slug", ["khan-sheikhoun", "attribute-responsibility"])
def test_no_two_entries_of_a_sample_campaign_were_updated_at_once(
    served: Documents, slug: str
) -> None:
    """The W3C's validator warns of that (DuplicateUpdated), as of a feed that is made anew each time."""
    stems = (f"/c/{slug}", f"/c/{slug}.ar", f"/c/{slug}.en")
    found = {stem: Atom(served[f"{stem}.atom"]).all("a:entry/a:updated") for stem in stems}

    assert [list(repeated(each.text for each in moments)) for moments in found.values()] == [[]] * 3


def test_an_entry_says_the_same_in_whichever_feed_it_appears(served: Documents) -> None:
    read = READINGS["atoma, Atom"][1]
    seen: dict[str, set[Facts]] = {}
    for url, raw in of_format(served, "atom").items():
        if "archive" not in url:
            for facts in read(raw):
                seen.setdefault(facts.id, set()).add(facts)

    assert [each for each in seen.values() if len(each) > 1] == []


def test_no_document_is_larger_than_readers_like(served: Documents) -> None:
    assert {url: len(raw) for url, raw in served.items() if len(raw) > 250_000} == {}


def test_no_feed_names_an_address_of_a_person(served: Documents) -> None:
    assert [url for url, raw in served.items() if b"@example.org" in raw or b"mailto:" in raw] == []


def test_the_event_date_is_the_first_line_of_the_text(served: Documents) -> None:
    dated = [
        (item["_feedsvc"]["occurred_on"], first_line(item["content_html"]))
        for url in ("/c/busy.json", "/c/halab.json")
        for item in JsonFeed(served[url]).items
        if "_feedsvc" in item
    ]

    assert set(dated) == {("2026-02", "February 2026"), ("2017-12-07", "7 ديسمبر 2017")}


def first_line(html: str) -> str:
    """Return the first paragraph of a text."""
    return str(lxml.html.fragment_fromstring(html, create_parent=True).xpath("string((.//p)[1])"))


def test_a_campaigns_feed_has_its_launch(served: Documents) -> None:
    quiet = JsonFeed(served["/c/quiet.json"]).items

    assert [item["title"] for item in quiet] == ["Save the quiet"]


def test_entries_of_the_site_name_their_campaign_in_every_format(served: Documents) -> None:
    atom, rss = Atom(served["/updates.atom"]), Rss(served["/updates.rss"])
    shown = JsonFeed(served["/updates.json"]).items

    sources = [atom.text("a:source/a:title", each) for each in atom.all("a:entry")]
    assert [rss.text("source", item) for item in rss.items] == sources
    assert [item["tags"] for item in shown] == [[source] for source in sources]
    assert all(sources)


def test_a_closed_campaign_says_that_no_more_will_come(served: Documents) -> None:
    closed = {url for url, raw in served.items() if b'"expired": true' in raw}

    assert closed >= {"/c/over.json", "/c/over.en.json"}
    assert "/c/busy.json" not in closed


def test_pictures_and_hub_are_in_every_head_of_every_format(served: Documents) -> None:
    heads = {url: raw for url, raw in served.items() if "/archive/" not in url}
    atoms = [Atom(raw) for raw in of_format(heads, "atom").values()]
    rsss = [Rss(raw) for raw in of_format(heads, "rss").values()]
    jsons = [JsonFeed(raw).read for raw in of_format(heads, "json").values()]

    assert {len(each.all("a:icon")) * len(each.all("a:logo")) for each in atoms} == {1}
    assert {len(each.all("channel/image")) for each in rsss} == {1}
    assert all({"icon", "favicon"} <= set(each) for each in jsons)
    hubs = [each.links("hub") for each in atoms] + [each.links("hub") for each in rsss]
    hubs += [[hub["url"] for hub in each["hubs"]] for each in jsons]
    assert [found for found in hubs if found != [HUB]] == []


def test_files_are_enclosures_with_their_true_length_and_type(served: Documents) -> None:
    read = READINGS["atoma, JSON Feed"][1]
    papers = next(f for f in read(served["/c/filed.json"]) if f.title == "Papers")
    shown = JsonFeed(served["/c/filed.json"]).items

    assert papers.file is not None
    assert (papers.file.length, papers.file.media_type) == (
        len(FILED["resolution.pdf"]),
        "application/pdf",
    )
    assert sorted(len(item.get("attachments", [])) for item in shown) == [0, 2]


def test_what_was_withdrawn_is_a_stub_an_announcement_and_a_tombstone(served: Documents) -> None:
    atom = Atom(served["/c/busy.atom"])
    stones = [str(each.get("ref")) for each in atom.all("at:deleted-entry")]
    titles = {atom.text("a:id", e): atom.text("a:title", e) for e in atom.all("a:entry")}

    assert len(stones) == 1
    assert "ithdrawn" in titles[stones[0]]
    assert sum("ithdrawn" in title for title in titles.values()) >= 2


def test_the_words_of_what_was_withdrawn_are_in_no_document(served: Documents) -> None:
    words = "All about About to be withdrawn"

    assert [url for url, raw in served.items() if words.encode() in raw] == []


def test_the_newest_word_of_a_withdrawn_campaign_is_that_its_feed_has_ended(
    served: Documents,
) -> None:
    newest = JsonFeed(served["/c/taken.json"]).items[0]

    assert "ended" in newest["title"]


def test_the_site_has_all_there_is(served: Documents) -> None:
    assert len(JsonFeed(served["/c/busy.json"]).items) == 50
    assert MANY > 50


def test_the_list_of_feeds_is_well_formed_and_lists_what_answers(whole: World) -> None:
    with client(whole) as http:
        root = etree.fromstring(http.get("/feeds.opml").content)
        feeds = [each for each in root.iter("outline") if each.get("xmlUrl")]
        paths = [str(each.get("xmlUrl")).removeprefix(BASE) for each in feeds]
        answers = {path: http.get(path).status_code for path in paths}

    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert all(each.get("type") == "rss" and each.get("text") for each in feeds)
    assert set(answers.values()) == {200}
    assert len(set(paths)) == len(paths) >= 12


def test_the_list_of_feeds_names_each_language_of_each_campaign(whole: World) -> None:
    with client(whole) as http:
        listed = stems(http)

    assert {"/c/halab", "/c/halab.ar", "/c/halab.en", "/updates", "/updates.ar"} <= set(listed)
