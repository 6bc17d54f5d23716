import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain.text import line, prose, scrub
from feedsvc.errors import Invalid

ILLEGAL_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@pytest.mark.parametrize(
    "name",
    [
        "11.11.11",
        "Relief & Reconciliation International AISBL",
        "ASML/Syria",
        "Syrian American Medical Society – SAMS",
        "30,000\u00a0people",
        "“Justice”, it’s said",
        "سوريون من أجل الحقيقة والعدالة",
        "<b> & ]]> \\n %s {{ x }}",
        "a \u2067سوريا\u2069 b",
    ],
)
def test_a_line_is_kept_as_it_was_given(name: str) -> None:
    assert line(name, "title") == name


@pytest.mark.parametrize(
    "character",
    [
        *"\x00\x07\t\n\x0b\x0c\r\x1b\x1f\x7f",
        *"\u2028\u2029\u202a\u202e\u2066\u2069",
        *"\ud800\udfff\ufdd0\ufdef\ufffe\uffff\U0001fffe\U0010ffff",
    ],
)
def test_a_line_refuses_what_would_break_a_header_a_feed_or_a_page(character: str) -> None:
    with pytest.raises(Invalid, match=rf"title: holds U\+{ord(character):04X} .* at position 3"):
        line(f"ab{character}c", "title")


@pytest.mark.parametrize("value", ["", " ", "\u00a0", "\u200b\u200f", "\x81"])
def test_a_line_with_nothing_to_see_is_empty(value: str) -> None:
    with pytest.raises(Invalid, match="title: is empty"):
        line(value, "title")


def test_a_line_has_at_most_as_many_characters_as_were_allowed() -> None:
    assert line("é" * 200, "title")
    with pytest.raises(Invalid, match="has 201 characters; at most 200 are taken"):
        line("é" * 201, "title")


def test_letters_and_their_accents_are_composed() -> None:
    assert line("Trocaire\u0301", "name") == "Trocair\u00e9"


def test_controls_of_windows_1252_become_the_characters_that_were_meant() -> None:
    assert line("\x93Hi\x94\x85 \x8d", "title") == "“Hi”…"


def test_prose_has_one_kind_of_newline() -> None:
    assert prose("a\r\nb\rc\nd\u2028e\u2029f\tg\n\n", "body") == "a\nb\nc\nd\ne\n\nf\tg"


def test_prose_keeps_the_indent_of_its_first_line() -> None:
    assert prose("\n    code\n", "body") == "    code"


def test_prose_says_in_which_line_the_character_is() -> None:
    with pytest.raises(Invalid, match=r"body: holds U\+0000 .* in line 2 at position 3"):
        prose("ab\ncd\x00", "body")


def test_prose_refuses_an_isolate_that_is_not_closed_on_its_line() -> None:
    with pytest.raises(Invalid, match=r"holds U\+2067 .* in line 2 at position 1"):
        prose("a\n\u2067b\n\u2069", "body")


def test_prose_is_measured_in_bytes() -> None:
    assert prose("ع" * 20_000, "body")
    with pytest.raises(Invalid, match="has 40002 bytes; at most 40000 are taken"):
        prose("ع" * 20_001, "body")


@given(st.text(st.characters(codec=None)))
def test_whatever_is_taken_can_stand_in_xml_and_is_taken_again_unchanged(value: str) -> None:
    for check in (line, prose):
        try:
            taken = check(value, "title")
        except Invalid:
            continue
        assert not ILLEGAL_IN_XML.search(taken)
        assert not any("\x80" <= character <= "\x9f" for character in taken)
        assert unicodedata.is_normalized("NFC", taken)
        assert check(taken, "title") == taken


@given(st.text(st.characters(codec=None)))
def test_scrubbing_leaves_nothing_that_is_illegal_in_xml(value: str) -> None:
    assert not ILLEGAL_IN_XML.search(scrub(value))
