"""Each rule of the checkers fails on a document that breaks it: a rule that never complains is none."""

from dataclasses import replace
from typing import Final

import pytest

from feedsvc.domain.feeds import atom, json, rss
from feedsvc.domain.feeds.specimen import SPECIMEN
from tests.feeds.atom_rules import ATOM, Atom
from tests.feeds.json_rules import JSON, JsonFeed
from tests.feeds.rss_rules import RSS, Rss

HEAD: Final = replace(SPECIMEN, current=None, next=None)
ARABIC_DIV: Final = '&lt;div dir="rtl" lang="ar"&gt;'

_OF_THE_FEED: Final = (
    "<author>\n    <name>Example</name>\n    <uri>https://feeds.example/</uri>\n  </author>"
)

# A rule, what stands in the document of a head, and what to write instead.
IN_ATOM: Final = [
    ("RFC 4287, B", "<generator>", "<generator>x</generator><generator>"),
    ("RFC 4287, B", "<updated>2017", "<updated>on 2017"),
    ("RFC 4287, B", '<content type="html"', '<content type="CDATA"'),
    ("F12", "<?xml version='1.0' encoding='UTF-8'?>\n", ""),
    ("F12", "<generator>feedsvc", "<generator><![CDATA[feedsvc]]>"),
    ("F12", "<feed ", "<!DOCTYPE feed>\n<feed "),
    ("F11", "Somebody", "Some\x85body"),
    ("A1", "<generator>", '<x xmlns="https://x.example/"/><generator>'),
    ("A1", "<generator>", '<generator xmlns:x="https://x.example/" x:y="z">'),
    ("RFC 4287, 3.1.1", "<title>Peace", '<title type="html">Peace'),
    ("RFC 4287, 3.1.1", "<summary>", '<summary type="text">'),
    ("RFC 4287, 3.2", "<name>Somebody", "<name> "),
    ("RFC 4287, 3.2", "<uri>https://feeds.example/somebody", "<uri>/somebody"),
    ("F18", "<uri>https://feeds.example/somebody</uri>", "<email>a@b.example</email>"),
    ("F18", "<name>Somebody", "<name>Somebody (a@b.example)"),
    ("RFC 4287, 3.3", "<published>2017-12-07T12:00:00+00:00", "<published>2017-12-07T12:00:00"),
    ("RFC 4287, 3.3", "<published>2017-12-07T12:00:00", "<published>2017-12-07T12:00:00.5"),
    ("RFC 4287, 3.3", "<published>2017-12-07T", "<published>2017-12-07t"),
    ("RFC 4287, 3.3", "<published>2017-12-07", "<published>2017-02-31"),
    ("RFC 4287, 4.1.1 author", _OF_THE_FEED, ""),
    ("RFC 4287, 4.1.1 link", 'rel="self" type="application/atom+xml"/>\n  <', "/>\n  <"),
    ("RFC 4287, 4.1.1 link", 'example/" rel="alternate"', 'example/" rel="related"'),
    ("RFC 4287, 4.1.1 link", 'rel="alternate" type="text/html"', 'rel="alternate" type="a/b"'),
    ("RFC 4287, 4.1.1 link", 'rel="prev-archive"', 'rel="self" type="application/atom+xml"'),
    ("RFC 4287, 4.1.1 id", "update/1/ar", "update/1/en"),
    ("RFC 4287, 4.1.1 order", "</feed>", "<rights>ours</rights></feed>"),
    ("RFC 4287, 4.1.1.1", "<title>Peace &amp; &lt;justice&gt;", "<title>\n"),
    ("RFC 4287, 4.1.1.1", "<summary>A &amp; B &lt; C", "<summary>"),
    ("RFC 4287, 4.1.2", 'html" href="https://feeds.example/c/one/1"', 'x" href="https://f.example/"'),
    ("RFC 4287, 4.1.2", '<link rel="enclosure"', "<link"),
    ("RFC 4287, 4.1.2", '<content type="html"', '<content type="html" src="https://f.example/"'),
    ("RFC 4287, 4.1.3", "&lt;p&gt;A text", "<p xmlns=''/>A text"),
    ("RFC 4287, 4.1.3", "&lt;p&gt;A text", "&lt;script&gt;1&lt;/script&gt;A text"),
    ("RFC 4287, 4.1.3", "&lt;p&gt;A text", "&lt;p onclick='1'&gt;A text"),
    ("RFC 4287, 4.1.3", "&lt;p&gt;A text", "&lt;p style='color: red'&gt;A text"),
    ("RFC 4287, 4.1.3", "&lt;p&gt;A text", "&lt;iframe&gt;&lt;/iframe&gt;A text"),
    ("RFC 4287, 4.1.3", "&lt;p&gt;A text", "&lt;img src='https://f.example/1.gif'&gt;A text"),
    ("RFC 4287, 4.1.3", "&lt;p&gt;A text", "&lt;!-- so --&gt;A text"),
    ("RFC 4287, 4.1.3", 'href="https://feeds.example/"&gt;', 'href="/c/one"&gt;'),
    ("RFC 4287, 4.1.3", 'href="https://feeds.example/"&gt;', 'href="javascript:alert(1)"&gt;'),
    ("RFC 4287, 4.2.2", 'term="news"', 'term=" "'),
    ("RFC 4287, 4.2.2", 'term="news"', 'term="One"'),
    ("RFC 4287, 4.2.5", "<icon>https://feeds.example", "<icon>"),
    ("RFC 4287, 4.2.6", "<id>tag:feeds.example,2017:update/1/en", "<id>1"),
    ("RFC 4287, 4.2.6", "<id>tag:feeds.example,2017:update/1/en", "<id>https://f.example/1"),
    ("RFC 4287, 4.2.7", 'href="https://hub.example/"', 'href="//hub.example/"'),
    ("RFC 4287, 4.2.7", 'href="https://hub.example/"', 'href="https://hub.example/a b"'),
    ("RFC 4287, 4.2.7", 'rel="hub"', 'rel="hubb"'),
    ("RFC 4287, 4.2.7", 'rel="hub"', 'rel="hub" hreflang="english"'),
    ("RFC 4287, 4.2.7", 'rel="hub"', 'rel="hub" type="HTML"'),
    ("RFC 4287, 4.2.7.6", ' length="1"', ""),
    ("RFC 4287, 4.2.7.6", ' length="1"', ' length="1 kB"'),
    ("RFC 4287, 4.2.7.6", "2.pdf", "1.pdf"),
    ("RFC 4287, 4.2.11", "<title>One</title>", ""),
    ("RFC 4287, 4.2.11", '<link rel="self"', '<link rel="related"'),
    ("RFC 4287, 4.2.15", "<published>2017", "<published>2018"),
    ("RFC 4287, 4.2.15", "<updated>2017", "<updated>2016"),
    ("RFC 4287, 4.2.15", 'when="2017', 'when="2018'),
    ("F6", "justice&gt;</title>\n    <updated>2017-12-07T12", "justice&gt;</title>\n    <updated>2018-12-07T12"),
    ("F13", ' xml:lang="ar"', ""),
    ("F13", ' xml:lang="ar"', ' xml:lang="arabic"'),
    ("F14", ARABIC_DIV, "&lt;div&gt;"),
    ("RFC 5005, 4 archive", "<generator>", '<a:archive xmlns:a="http://purl.org/syndication/history/1.0"/><generator>'),
    ("RFC 5005, 4 archive", "<generator>", '<a:complete xmlns:a="http://purl.org/syndication/history/1.0"/><generator>'),
    ("RFC 5005, 4 archive", "<summary>", '<a:archive xmlns:a="http://purl.org/syndication/history/1.0"/><summary>'),
    ("RFC 5005, 4 head", 'rel="prev-archive"', 'rel="next-archive"'),
    ("RFC 5005, 4 links", "updates/1.atom", "updates/2.atom"),
    ("RFC 5005, 4 links", '<link rel="self"', '<link rel="prev-archive"'),
    ("RFC 6721, 3", 'ref="tag:', 'ref="'),
    ("RFC 6721, 3", 'when="2017-12-07T', 'when="2017-12-07 '),
    ("RFC 6721, 3", "</at:comment>", "</at:comment><at:comment>x</at:comment>"),
    ("RFC 6721, 3", "<at:deleted", '<at:deleted-entry ref="tag:feeds.example,2017:update/0/en" when="2017-12-07T12:00:00+00:00"/><at:deleted'),
    ("RFC 6721, 4", 'update/0/en" when="2017', 'update/1/en" when="2016'),
]  # fmt: skip
IN_RSS: Final = [
    ("F12", "<?xml version='1.0' encoding='UTF-8'?>\n", ""),
    ("F12", "<generator>feedsvc", "<generator><![CDATA[feedsvc]]>"),
    ("F12", "<rss ", "<!DOCTYPE rss>\n<rss "),
    ("F11", "Somebody", "Some\x85body"),
    ("element-rss", ' version="2.0"', ' version="0.91"'),
    ("element-channel", "<description>All updates</description>", ""),
    ("element-channel", "<ttl>30</ttl>", "<ttl>30</ttl><pace>30</pace>"),
    ("element-channel", "<ttl>30</ttl>", "<ttl>30</ttl><ttl>30</ttl>"),
    ("element-channel", "</channel>", "<category>x</category></channel>"),
    ("element-channel-title", "<description>All updates", "<description>"),
    ("element-channel-link", "<link>https://feeds.example/<", "<link>https://feeds.example/updates/2.rss<"),
    ("element-channel-language", "<language>en", "<language>English"),
    ("element-channel-lastbuilddate", "<lastBuildDate>Thu, 07 Dec 2017", "<lastBuildDate>Wed, 06 Dec 2017"),
    ("element-channel-lastbuilddate", "<lastBuildDate>Thu, 07 Dec 2017", "<lastBuildDate>2017-12-07"),
    ("element-channel-ttl", "<ttl>30", "<ttl>1800"),
    ("element-channel-docs", "www.rssboard", "python-feedgen"),
    ("element-channel-generator", "<generator>feedsvc", "<generator>python-feedgen"),
    ("element-channel-image", "logo.png</url>\n      <title>", "logo.png</url>\n      <title>Logo of "),
    ("element-channel-image", "<url>https://feeds.example", "<url>"),
    ("element-channel-image", "<url>", "<width>88</width><url>"),
    ("A7", "<ttl>", "<skipHours/><ttl>"),
    ("A7", "<ttl>", "<textInput/><ttl>"),
    ("F18", "<ttl>", "<managingEditor>a@b.example</managingEditor><ttl>"),
    ("F18", "Somebody", "a@b.example (Somebody)"),
    ("element-channel-item", "<guid", "<author>x</author><guid"),
    ("element-channel-item", "<dc:language>ar</dc:language>", ""),
    ("element-channel-item", "<dc:language>ar", "<dc:language>ar</dc:language><dc:language>ar"),
    ("element-channel-item-title", "<title>Peace &#x26; &#x3C;justice&#x3E;", "<title>"),
    ("element-channel-item-description", "<description>A &amp;amp; B &amp;lt; C", "<description>"),
    ("element-channel-item-description", "&lt;p&gt;A text", "&lt;script&gt;1&lt;/script&gt;A text"),
    ("element-channel-item-description", "&lt;p&gt;A text", "&lt;form&gt;&lt;/form&gt;A text"),
    ("element-channel-item-description", 'href="https://feeds.example/"&gt;', 'href="../one"&gt;'),
    ("element-channel-item-enclosure", "<enclosure ", '<enclosure url="https://f.example/" length="1" type="a/b"/><enclosure '),
    ("element-channel-item-enclosure", ' length="1"', ""),
    ("element-channel-item-enclosure", ' length="1"', ' length="0"'),
    ("element-channel-item-enclosure", 'type="application/pdf"', 'type="pdf"'),
    ("element-channel-item-guid", ' isPermaLink="false"', ""),
    ("element-channel-item-guid", "update/1/ar", "update/1/en"),
    ("element-channel-item-guid", ">tag:feeds.example,2017:update/1/ar", ">1"),
    ("element-channel-item-source", ' url="https://feeds.example/c/one.rss"', ""),
    ("element-channel-item-category", "<category>news", "<category>One"),
    ("data-types-datetime", "<pubDate>Thu, 07 Dec 2017", "<pubDate>Thu, 07 Dec 17"),
    ("data-types-datetime", "<pubDate>Thu", "<pubDate>Fri"),
    ("data-types-datetime", "+0000</pubDate>", "GMT</pubDate>"),
    ("data-types-url", "<link>https://feeds.example/c/one/1", "<link>/c/one/1"),
    ("data-types-url", 'href="https://hub.example/"', 'href="hub"'),
    ("data-types-characterdata", "&#x26; everything", "&amp; everything"),
    ("data-types-characterdata", "justice&#x3E;", "justice&gt;"),
    ("namespace-elements-atom-link", 'rel="self" type="application/rss+xml"', 'rel="self"'),
    ("namespace-elements-atom-link", 'rel="hub" href="https://hub.example/"/>', 'rel="hub" href="https://hub.example/">hub</atom:link>'),
    ("namespace-elements-content-encoded", "<description>A &amp;amp; B &amp;lt; C</description>", ""),
    ("namespace-elements-dublin-creator", "Somebody", " "),
    ("A5", "<atom:updated>2017", "<atom:updated>2016"),
    ("A5", "<atom:updated>2017-12-07T12:00:00+00:00", "<atom:updated>Thu, 07 Dec 2017 12:00:00 +0000"),
    ("F6", "<atom:updated>2017", "<atom:updated>2016"),
    ("F13", "<dc:language>ar", "<dc:language>arabic"),
    ("F14", ARABIC_DIV, "&lt;div&gt;"),
    ("RFC 5005, 4", 'rel="prev-archive"', 'rel="next-archive"'),
    ("RFC 5005, 4", 'rel="prev-archive"', 'rel="current"'),
    ("RFC 5005, 4", "updates/1.rss", "updates/2.rss"),
    ("RFC 5005, 4", "<guid", '<a:archive xmlns:a="http://purl.org/syndication/history/1.0"/><guid'),
]  # fmt: skip
IN_JSON: Final = [
    ("schema", "version/1.1", "version/1"),
    ("schema", ' "title": "All & everything",\n', ""),
    ("schema", '"expired": true', '"expired": "yes"'),
    ("schema", '"description"', '"descripton"'),
    ("schema", '"url": "https://hub.example/"', '"link": "https://hub.example/"'),
    ("schema", '"content_html"', '"_html"'),
    ("schema", '"size_in_bytes": 1', '"size_in_bytes": "1"'),
    ("schema", '"id": "tag:feeds.example,2017:update/1/ar"', '"id": 1'),
    ("version", "{\n", '{\n "_x": {},'),
    ("F11", "Somebody", "Some\\u0000body"),
    ("names", '"expired": true,', '"expired": true, "expired": true,'),
    ("urls", '"https://feeds.example/icon.png"', '"/icon.png"'),
    ("urls", '"url": "https://feeds.example/c/one/1"', '"url": "one/1"'),
    ("feed_url", ' "home_page_url": "https://feeds.example/",\n', ""),
    ("next_url", "updates/1.json", "updates/2.json"),
    ("language", '"language": "ar"', '"language": "arabic"'),
    ("items id", "update/1/ar", "update/1/en"),
    ("items id", '"tag:feeds.example,2017:update/1/ar"', "1"),
    ("items title", '"title": "Peace & <justice>"', '"title": " "'),
    ("items content_html", "A text with", "<script>1</script>"),
    ("items content_html", "<p>A text with", "<p onload='1'>"),
    ("items content_html", 'href=\\"https://feeds.example/\\"', 'href=\\"#top\\"'),
    ("items date", '"date_published": "2017-12-07T12:00:00+00:00"', '"date_published": "2017-12-07"'),
    ("items date", '"date_published": "2017', '"date_published": "2018'),
    ("items date", ':00+00:00",\n      "date_modified"', ':00",\n      "date_modified"'),
    ("items tags", '"news"', '"One"'),
    ("items tags", '"news"', '""'),
    ("attachments", ',\n          "size_in_bytes": 1', ""),
    ("attachments", '"mime_type": "application/pdf"', '"mime_type": "pdf"'),
    ("attachments", "2.pdf", "1.pdf"),
    ("hubs", "WebSub", "websub"),
    ("extensions", '"_feedsvc": {', '"_feed.svc": {'),
    ("F6", '"date_modified": "2017', '"date_modified": "2016'),
    ("F14", ' dir=\\"rtl\\"', ""),
    ("F18", "Somebody", "a@b.example"),
]  # fmt: skip


def planted(document: bytes, sound: str, fault: str) -> bytes:
    """Return a document with a fault in it."""
    assert sound.encode() in document, sound
    return document.replace(sound.encode(), fault.encode(), 1)


@pytest.mark.parametrize(("rule", "sound", "fault"), IN_ATOM)
def test_a_fault_in_atom_is_found(rule: str, sound: str, fault: str) -> None:
    assert rule in ATOM.broken(Atom(planted(atom(HEAD), sound, fault)))


@pytest.mark.parametrize(("rule", "sound", "fault"), IN_RSS)
def test_a_fault_in_rss_is_found(rule: str, sound: str, fault: str) -> None:
    assert rule in RSS.broken(Rss(planted(rss(HEAD), sound, fault)))


@pytest.mark.parametrize(("rule", "sound", "fault"), IN_JSON)
def test_a_fault_in_json_feed_is_found(rule: str, sound: str, fault: str) -> None:
    assert rule in JSON.broken(JsonFeed(planted(json(HEAD), sound, fault)))


@pytest.mark.parametrize(
    ("sound", "fault"),
    [('rel="current"', 'rel="related"'), ("updates.atom", "updates/2.atom")],
    ids=["without current", "current is itself"],
)
def test_an_archive_that_cannot_be_walked_is_found(sound: str, fault: str) -> None:
    assert "RFC 5005, 4 archive" in ATOM.broken(Atom(planted(atom(SPECIMEN), sound, fault)))


def test_no_rule_goes_without_a_fault() -> None:
    planted_in = [{rule for rule, *_ in table} for table in (IN_ATOM, IN_RSS, IN_JSON)]

    assert planted_in == [ATOM.names, RSS.names, JSON.names]


def test_the_documents_that_faults_are_planted_in_are_sound() -> None:
    assert ATOM.complaints(Atom(atom(HEAD))) == []
    assert RSS.complaints(Rss(rss(HEAD))) == []
    assert JSON.complaints(JsonFeed(json(HEAD))) == []
