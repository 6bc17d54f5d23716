import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from feedsvc.domain.markup import first_words, to_html, to_text
from feedsvc.errors import Invalid

ALLOWED = "p|br|hr|h[2-6]|ul|ol|li|blockquote|strong|em|a|code|pre"
FORBIDDEN = "script|style|iframe|form|img|object|svg|h1"
PIECES = [
    *("[", "]", "(", ")", "![", "](", "<", ">", "*", "**", "_", "`", "```\n", "\\", '"', "&", ";"),
    *(
        "\n",
        "\n\n",
        " ",
        "    ",
        "- ",
        "> ",
        "1. ",
        "# ",
        "---\n",
        "&#12;",
        "&amp;",
        "&nbsp;",
        "\u00a0",
    ),
    *(
        "https://",
        "http://h.example/",
        "//h.example",
        "mailto:",
        "javascript:",
        ":",
        "/",
        "%5B",
        "?a=1&b=2",
    ),
    *(
        "a",
        "B c",
        "ع",
        "“x”",
        "11.11.11",
        "[r]: https://r.example\n",
        "<b>",
        "<script>",
        "é.example",
    ),
]


def links(markup: str) -> list[str]:
    return [
        str(anchor.attrib["href"]) for anchor in html.fromstring(f"<div>{markup}</div>").iter("a")
    ]


def test_html_in_the_source_stays_text() -> None:
    assert to_html("<script>alert(1)</script>") == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"


def test_headings_leave_the_largest_to_the_page() -> None:
    assert to_html("# A\n\n###### B") == "<h2>A</h2>\n<h6>B</h6>\n"
    assert to_html("# A", top=3) == "<h3>A</h3>\n"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "/c/x",
        "//h/x",
        "ftp://h/x",
        "https:///x",
        "#a",
        "https://[x",
        "https://h:99999/",
        "https://1.2.3.999/",
    ],
)
def test_only_whole_links_of_good_schemes_are_made(url: str) -> None:
    assert not links(to_html(f"[words](<{url}>)"))
    assert "words" in to_text(f"[words](<{url}>)")


def test_a_relative_link_is_made_whole_with_the_base_url() -> None:
    assert links(to_html("[a](/c/x) [b](y)", "https://h.example/c/z")) == [
        "https://h.example/c/x",
        "https://h.example/c/y",
    ]


def test_a_bare_url_is_a_link_without_the_full_stop_behind_it() -> None:
    found = links(to_html("See https://h.example/x?a=1&b=2. (Or https://h.example/y)"))
    assert found == ["https://h.example/x?a=1&b=2", "https://h.example/y"]


def test_an_address_may_be_linked_for_mail() -> None:
    assert links(to_html("[us](mailto:us@h.example)")) == ["mailto:us@h.example"]
    assert to_text("[us](mailto:us@h.example)") == "us\nmailto:us@h.example"


def test_an_image_inside_a_link_leaves_the_link() -> None:
    made = to_html("[![Map](https://h.example/map.png)](https://h.example/)")
    assert links(made) == ["https://h.example/"]
    assert ">Map</a>" in made


def test_an_image_becomes_a_link_since_a_remote_image_tells_who_reads() -> None:
    made = to_html("![The map](https://h.example/map.png)")
    assert "<img" not in made
    assert '<a href="https://h.example/map.png" rel="noreferrer">The map</a>' in made


def test_no_break_spaces_dashes_and_curly_quotes_stand_as_they_are() -> None:
    words = "30,000\u00a0people – “it’s time”"
    assert words in to_html(words)
    assert words in to_text(words)


def test_a_name_of_numbers_and_dots_is_no_list() -> None:
    assert to_html("11.11.11") == "<p>11.11.11</p>\n"
    assert to_text("11.11.11") == "11.11.11"


@pytest.mark.parametrize("entity", ["&#12;", "&#x202e;", "&#xfdd0;", "&#x1b;", "&#xd800;", "&#0;"])
def test_an_entity_smuggles_no_forbidden_character_in(entity: str) -> None:
    for made in (to_html(f"a{entity}b"), to_text(f"a{entity}b"), first_words(f"a{entity}b")):
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202e\ufdd0\ud800]", made)


def test_the_text_has_each_url_on_a_line_of_its_own() -> None:
    text = to_text("Read [the report](https://a.example/r) and [the letter](https://b.example).")
    assert text.split("\n") == [
        "Read the report and the letter.",
        "the report:",
        "https://a.example/r",
        "the letter:",
        "https://b.example",
    ]


def test_a_single_link_needs_no_label_in_the_text() -> None:
    text = to_text("Read [the report](https://a.example/r).")
    assert text == "Read the report.\nhttps://a.example/r"


def test_the_text_shows_headings_lists_quotes_and_code() -> None:
    source = "# Ask\n\n1. one\n2. two\n   - deep\n\n> said\n\n```\nx = 1\n```\n\n---\n\na\\\nb\nc"
    assert to_text(source) == (
        "Ask\n===\n\n1. one\n2. two\n\n   - deep\n\n> said\n\n    x = 1\n\n* * *\n\na\nb c"
    )


def test_the_first_words_leave_out_headings() -> None:
    source = "# Title\n\nOne **two** [three](https://h.example), four.\n\n- five six"
    assert first_words(source, 4) == "One two three, four…"
    assert first_words(source, 40) == "One two three, four. five six"


def test_a_script_without_spaces_is_cut_as_well() -> None:
    assert len(first_words("字" * 5_000, 10)) == 161


def test_a_text_over_the_limit_is_not_parsed() -> None:
    with pytest.raises(Invalid, match="more than 40000 bytes"):
        to_html("x" * 40_001)


@pytest.mark.parametrize(
    "unit", ["[", ">", "*a", "- ", "![", "<", "[a](", "http://", "[a](<b", "`a"]
)
def test_no_text_within_the_limit_takes_long(unit: str) -> None:
    source = (unit * 40_000)[:40_000]
    started = time.process_time()
    to_html(source)
    to_text(source)
    assert time.process_time() - started < 15  # a quadratic parser takes minutes


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_whatever_is_written_the_html_is_safe_and_links_where_the_text_does(source: str) -> None:
    made = to_html(source)
    assert not re.search(rf"<(?!/?(?:{ALLOWED})\b)", made)
    assert not re.search(rf"<({FORBIDDEN})\b", made)
    etree.fromstring(f"<div>{made.replace('<br>', '<br/>').replace('<hr>', '<hr/>')}</div>")
    rows = [row.strip(" >") for row in to_text(source).split("\n")]
    assert all(any(row.endswith(url) for row in rows) for url in links(made))
