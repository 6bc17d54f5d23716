"""Messages: what is composed and spliced is read back as it was written, by another's parser."""

import email.message
import email.policy
import re
import time
from collections.abc import Callable, Mapping
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feedsvc.domain.mime import (
    Header,
    Mailbox,
    Message,
    Part,
    Phrase,
    Raw,
    Skeleton,
    Text,
    ascii_domain,
    compose,
    needs_smtputf8,
    slot,
)
from feedsvc.errors import Invalid

TOKEN = "mfzwizltoq2gk3tunb2gkzlomfzwizltoq2gk3t"
VALUES = {
    "name": "Anna Berg",
    "address": "anna@example.org",
    "date": "Thu, 07 Dec 2017 12:00:00 +0000",
    "id": "d7.s42",
    "token": TOKEN,
    "title": "The vote is tomorrow",
}
HEADERS = (
    Header("From", Mailbox("Peace — Ειρήνη", "news@example.org")),
    Header("To", Mailbox(slot("name"), slot("address"))),
    Header("Subject", Text(slot("title"))),
    Header("Date", Raw(slot("date"))),
    Header("Message-ID", Raw(f"<{slot('id')}@example.org>")),
    Header("List-Id", Phrase("Relief & Reconciliation"), Raw("<c42.updates.example.org>")),
    Header("List-Unsubscribe", Raw(f"<https://example.org/u/{slot('token')}>")),
    Header("List-Unsubscribe-Post", Raw("List-Unsubscribe=One-Click")),
)
SCRIPTS = [
    "محمد عبد الله",
    "Ğöze Çelik",
    "日本国憲法第九条",
    "Ольга",
    "👩‍👩‍👧‍👦 family",
    "שלום",
    "é" * 90,
]
NASTY = [
    ".", "..", "From ", "From me\nFrom you\n", "\n.\n", "a \n b\t\n", "=", "=\n", "==3D", "=_x",
    "x" * 500, " " * 200, "." * 300, "From " * 60, "<b>&amp;'\"", '"; DROP', "a\r\nb\rc", "=?utf-8?q?x?=", '\\"', "\x00\x0b\x7f",
]  # fmt: skip

_ANY = st.text(
    st.characters(codec="utf-8", exclude_characters="\ufdd0\ufdd1"), max_size=300
) | st.sampled_from(NASTY + SCRIPTS)
_UNFIT = "\x85\u2028\u2029\ufdd0\ufdd1"
_LINE = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=_UNFIT), max_size=300
) | st.sampled_from([*SCRIPTS, "=?utf-8?q?x?=", 'a "b" \\c', "J. Smith, MP", "x" * 300, " a  b "])
_BODY = st.lists(st.tuples(_ANY, _ANY), max_size=4).map(
    lambda pairs: [*((t, i % 2 == 1) for pair in pairs for i, t in enumerate(pair)), ("\n", False)]
)


def _compose(
    *headers: Header, text: str = "Hello", html: str = "<p>Hello</p>", **values: str
) -> email.message.EmailMessage:
    stored = compose(Message(headers or HEADERS, text, html))
    return _parsed(Skeleton(stored).splice(VALUES | values))


def _parsed(mail: bytes) -> email.message.EmailMessage:
    found = email.message_from_bytes(mail, policy=email.policy.default)
    assert isinstance(found, email.message.EmailMessage)
    return found


def _value(part: Part, **values: str) -> str:
    """Read back a header: unfolded and decoded."""
    raw = _raw("Subject", Header("Subject", part), **values)
    return str(make_header(decode_header(raw.replace("\r\n", "").removeprefix(" "))))


def _raw(field: str, /, *headers: Header, **values: str) -> str:
    mail = Skeleton(compose(Message(headers, "Hello", "Hello"))).splice(VALUES | values)
    found = re.search(rf"^{field}:((?:.*\r\n )*.*)\r\n", mail.decode(), re.MULTILINE)
    assert found
    return found[1]


def _read(mail: email.message.EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def _pieces(found: list[tuple[str, bool]]) -> tuple[str, dict[str, str]]:
    """A source text of which some pieces are slots, and the values of these."""
    named = {f"v{i}": text for i, (text, is_slot) in enumerate(found) if is_slot}
    source = "".join(
        slot(f"v{i}") if f"v{i}" in named else text for i, (text, _) in enumerate(found)
    )
    return source, named


def _joined(found: list[tuple[str, bool]]) -> str:
    """Line breaks are made alike in each piece by itself."""
    return "".join(re.sub("\r\n?", "\n", text) for text, _ in found)


@given(_BODY)
@example([("Dear ", False), (".", True), ("\n", False)])
@example([("From", False), (" ", True), ("\n.\n", False)])
def test_a_text_part_is_read_back_as_it_was_written(found: list[tuple[str, bool]]) -> None:
    source, values = _pieces(found)
    assert _read(_compose(text=source, **values), "plain") == _joined(found)


@pytest.mark.parametrize("text", ["a", "a\n", f"a{slot('empty')}"])
def test_a_part_ends_with_a_line_break(text: str) -> None:
    assert _read(_compose(text=text, empty=""), "plain") == "a\n"


@given(_BODY)
def test_an_html_part_is_read_back_with_its_values_escaped(found: list[tuple[str, bool]]) -> None:
    source, values = _pieces(found)
    escaped = [(_escaped(text) if is_slot else text, is_slot) for text, is_slot in found]
    assert _read(_compose(html=source, **values), "html") == _joined(escaped)


def _escaped(text: str) -> str:
    for char, entity in [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")]:
        text = text.replace(char, entity)
    return text.replace("'", "&#x27;")


@given(_BODY, _LINE, _LINE)
@example([("." * 300, False), ("." * 300, True), ("\n", False)], "", "")
def test_every_mail_is_seven_bit_lines_of_at_most_76(
    found: list[tuple[str, bool]], name: str, title: str
) -> None:
    source, values = _pieces(found)
    mail = Skeleton(compose(Message(HEADERS, source, source))).splice(
        VALUES | values | {"name": name, "title": title}
    )
    lines = mail.split(b"\r\n")
    assert not [
        line
        for line in lines
        if not re.fullmatch(rb"[\t -~]{0,76}", line) and not line.startswith(b"List-Unsubscribe: ")
    ]


@given(_BODY, _LINE, _LINE)
def test_no_line_begins_with_a_dot_or_from_or_ends_with_a_blank(
    found: list[tuple[str, bool]], name: str, title: str
) -> None:
    source, values = _pieces(found)
    mail = Skeleton(compose(Message(HEADERS, source, source))).splice(
        VALUES | values | {"name": name, "title": title}
    )
    assert not re.search(rb"^(?:\.|From )|[ \t]\r$", mail, re.MULTILINE)


@given(_BODY, _LINE, _LINE)
def test_a_mail_has_no_defects_and_two_parts_plain_first(
    found: list[tuple[str, bool]], name: str, title: str
) -> None:
    source, values = _pieces(found)
    mail = _compose(text=source, html=source, name=name, title=title, **values)
    assert [(part.get_content_type(), part.defects) for part in mail.walk()] == [
        ("multipart/alternative", []),
        ("text/plain", []),
        ("text/html", []),
    ]


@given(_LINE)
def test_a_subject_is_read_back_as_it_was_written(title: str) -> None:
    assert _value(Text(title)) == title


@given(_LINE)
def test_a_subject_in_a_slot_is_read_back_as_it_was_written(title: str) -> None:
    assert _value(Text(slot("title")), title=title) == title


@given(_LINE, _LINE, _LINE)
def test_a_slot_between_words_of_a_subject_joins_them_without_a_gap(
    before: str, title: str, after: str
) -> None:
    whole = before + title + after
    assert _value(Text(before + slot("title") + after), title=title) == whole


@given(_LINE)
@example("")
def test_a_name_is_read_back_as_it_was_written(name: str) -> None:
    assert _display_name(_raw("To", *HEADERS, name=name)) == name


@given(_LINE)
def test_a_slot_of_a_name_is_filled_with_what_would_stand_there(name: str) -> None:
    constant = _raw("To", Header("To", Mailbox(name, "anna@example.org")))
    assert _display_name(_raw("To", *HEADERS, name=name)) == _display_name(constant)


def _display_name(raw: str) -> str:
    """Read a phrase by RFC 5322 and 2047; the library joins encoded-words of a name with blanks."""
    phrase = raw.replace("\r\n", "").removesuffix("<anna@example.org>").strip(" ")
    if phrase.startswith('"'):
        return re.sub(r"\\(.)", r"\1", phrase[1:-1])
    return str(make_header(decode_header(phrase)))


@pytest.mark.parametrize(
    "name", ["Anna", "Anna Berg", "J. O'Neil", "محمد عبد الله", "11.11.11", ""]
)
def test_a_name_of_a_person_is_read_by_the_library(name: str) -> None:
    to = _compose(name=name)["to"]
    assert isinstance(to, AddressHeader)
    assert [(a.display_name, a.addr_spec) for a in to.addresses] == [(name, "anna@example.org")]


def test_a_part_without_slots_takes_base64_where_that_is_shorter() -> None:
    part = _compose(text="مرحبا بالعالم " * 20).get_body(("plain",))
    assert part
    assert part["content-transfer-encoding"] == "base64"


@pytest.mark.parametrize("text", ["Hello " * 20, "مرحبا " * 20 + slot("name")])
def test_a_part_with_slots_or_in_latin_is_quoted_printable(text: str) -> None:
    part = _compose(text=text).get_body(("plain",))
    assert part
    assert part["content-transfer-encoding"] == "quoted-printable"


def test_a_value_leaves_its_neighbours_bytes_alone() -> None:
    skeleton = Skeleton(compose(Message(HEADERS, f"a{slot('name')}b\n", "c")))
    first, second = (skeleton.splice(VALUES | {"name": n}) for n in ("Anna", "Ольга " * 40))
    assert (
        first.partition(b"\r\na=\r\n")[2].partition(b"\r\nb\r\n")[2]
        == (second.partition(b"\r\na=\r\n")[2].partition(b"\r\nb\r\n")[2])
    )


def test_list_unsubscribe_stays_whole_however_long() -> None:
    url = f"<https://{'long.' * 20}example.org/u/{TOKEN}>"
    header = Header("List-Unsubscribe", Raw(f"{url},"), Raw("<mailto:leave@example.org>"))
    assert _raw("List-Unsubscribe", header) == f" {url},\r\n <mailto:leave@example.org>"


def test_one_click_headers_are_written_as_rfc_8058_has_them() -> None:
    assert (_raw("List-Unsubscribe", *HEADERS), _raw("List-Unsubscribe-Post", *HEADERS)) == (
        f" <https://example.org/u/{TOKEN}>",
        " List-Unsubscribe=One-Click",
    )


def test_a_list_id_is_a_phrase_and_an_id() -> None:
    mail = _compose(Header("List-Id", Phrase("11.11.11"), Raw("<c42.updates.example.org>")))
    assert mail["list-id"] == '"11.11.11" <c42.updates.example.org>'


def test_the_same_message_makes_the_same_bytes() -> None:
    assert compose(Message(HEADERS, "a", "b")) == compose(Message(HEADERS, "a", "b"))


def test_another_body_makes_another_boundary() -> None:
    first, second = (_compose(text=text).get_boundary() for text in ("a", "b"))
    assert first != second


def test_a_skeleton_tells_what_it_wants() -> None:
    assert Skeleton(compose(Message(HEADERS, slot("news"), ""))).slots == {*VALUES, "news"}


@pytest.mark.parametrize("missing", VALUES)
def test_a_missing_value_is_named(missing: str) -> None:
    values: Mapping[str, str] = {k: v for k, v in VALUES.items() if k != missing}
    with pytest.raises(Invalid, match=f"^{missing}: "):
        Skeleton(compose(Message(HEADERS, "a", "b"))).splice(values)


@pytest.mark.parametrize("field", ["name", "title", "address", "id", "token", "date"])
@pytest.mark.parametrize("control", ["\r\nBcc: x", "\n", "\r", "\0", "\t", "\x1b", "\x7f", "\x85"])
def test_a_control_character_in_a_header_is_refused(field: str, control: str) -> None:
    with pytest.raises(Invalid, match=f"^{field}: "):
        _compose(**{field: VALUES[field] + control})


@pytest.mark.parametrize("field", ["name", "title", "address", "id", "news"])
def test_half_a_character_is_refused(field: str) -> None:
    with pytest.raises(Invalid, match=f"^{field}: "):
        _compose(text=slot("news"), **{"news": "", field: "\ud800"})


@pytest.mark.parametrize(
    "header",
    [
        Header("Subject", Text("a\r\nBcc: x")),
        Header("Subject", Text("half \ud800")),
        Header("Subject", Text("broken \ufdd0name")),
        Header("X-Note", Raw("é")),
        Header("X-Note", Raw("a\nb")),
        Header("X-Note", Raw("x" * 901)),
        Header("X-Note", *[Raw("x" * 900), Raw(slot("id"))], Phrase(slot("name"))),
        Header("X Note", Raw("a")),
        Header("To", Mailbox(f"Dear {slot('name')}", "a@example.org")),
        Header("To", Mailbox("Anna", "anna")),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(header: Header) -> None:
    with pytest.raises(Invalid):
        compose(Message([header], "a", "b"))


def test_a_body_with_half_a_character_is_refused() -> None:
    with pytest.raises(Invalid, match="half a character"):
        compose(Message(HEADERS, "\ud800", "b"))


@pytest.mark.parametrize("name", ["", "Name", "a b", "a\0", "a:b"])
def test_a_slot_has_a_plain_name(name: str) -> None:
    with pytest.raises(Invalid):
        slot(name)


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("anna@example.org", "anna@example.org"),
        ("anna+news@Example.ORG", "anna+news@Example.ORG"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@مثال.إختبار", "anna@xn--mgbh0fb.xn--kgbechtv"),
        ("ольга@пример.рф", "ольга@xn--e1afmkfd.xn--p1ai"),
        ('"anna berg"@example.org', '"anna berg"@example.org'),
    ],
)
def test_a_domain_is_written_in_a_labels(address: str, written: str) -> None:
    assert ascii_domain(address) == written


@pytest.mark.parametrize(
    "address",
    [
        "", "anna", "@example.org", "anna@", "a b@example.org", "a@b@example.org", "<a@example.org>",
        "a,b@example.org", ".a@example.org", "a..b@example.org", "a@-x.org", "a@x..org", "a@x.org>",
        '"a\r\nb"@example.org', '"a"b"@example.org', "a@exa mple.org", "a@ex\u200bämple.org\n",
        "a" * 65 + "@example.org", "a@" + "b" * 60 + ".c" * 100, "a\u2028@example.org",
        "a(comment)@example.org", "a@example.org\n", "a\xa0@example.org",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Invalid):
        ascii_domain(address)


def test_an_address_in_a_slot_is_written_with_its_domain_in_a_labels() -> None:
    assert _raw("To", *HEADERS, address="anna@bücher.example").endswith(
        "<anna@xn--bcher-kva.example>"
    )


@pytest.mark.parametrize(
    ("address", "needed"),
    [("anna@example.org", False), ("anna@bücher.example", False), ("ольга@example.org", True)],
)
def test_only_a_local_part_beyond_ascii_needs_smtputf8(address: str, *, needed: bool) -> None:
    assert needs_smtputf8(address) is needed


def test_splicing_is_at_least_ten_times_as_fast_as_the_library() -> None:
    text = f"Dear {slot('name')},\n" + "Something happened today. " * 160
    html = f"<p>Dear {slot('name')},</p>\n" + "<p>Something happened today.</p>\n" * 250
    skeleton = Skeleton(compose(Message(HEADERS, text, html)))
    mail = skeleton.splice(VALUES)
    ours = _fastest(lambda: skeleton.splice(VALUES))
    assert ours * 10 < _fastest(_parsed(mail).as_bytes)


def _fastest(act: Callable[[], bytes]) -> float:
    """CPU seconds of one call, the best of a few."""

    def once() -> float:
        begin = time.process_time()
        for _ in range(5):
            act()
        return time.process_time() - begin

    return min(once() for _ in range(5))
