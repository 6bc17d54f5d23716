"""Signatures: an independent verifier believes what was signed, and nothing else."""

import re
from datetime import UTC, datetime

import dkim
import pytest
from dkim.canonicalization import Relaxed
from hypothesis import example, given
from hypothesis import strategies as st

from feedsvc.domain.mime import Header, Message, Raw, Signer, Skeleton, compose, slot
from feedsvc.domain.mime.dkim import canonical, strings
from feedsvc.errors import Invalid
from tests.keys import other_pem, rsa_pem

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SIGNER = Signer(rsa_pem(), "feedsvc", "example.org")
HEADERS = (
    Header("From", Raw("Updates <news@example.org>")),
    Header("To", Raw("<anna@example.org>")),
    Header("Subject", Raw("News")),
    Header("Date", Raw("Mon, 02 Mar 2026 09:00:00 +0000")),
    Header("Message-ID", Raw("<1@example.org>")),
    Header("Reply-To", Raw("<news@example.org>")),
    Header("List-Id", Raw("River"), Raw("<c1.updates.example.org>")),
    Header("List-Unsubscribe", Raw("<https://updates.example.org/u/token>")),
    Header("List-Unsubscribe-Post", Raw("List-Unsubscribe=One-Click")),
    Header("Feedback-ID", Raw("c1:digest:feedsvc")),
    Header("Auto-Submitted", Raw("auto-generated")),
)
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\ufdd0\ufdd1"), max_size=300)


def mail(*headers: Header, text: str = "Hello", html: str = "<p>Hello</p>") -> bytes:
    return Skeleton(compose(Message(headers or HEADERS, text, html))).splice({})


def believed(message: bytes, record: str = SIGNER.record) -> bool:
    """Whether the verifier believes it; the DNS holds `record`."""

    def answer(name: bytes, timeout: int = 5) -> bytes:
        assert (name, timeout) == (f"{SIGNER.name}.".encode(), 5)
        return record.encode()

    return bool(dkim.verify(message, dnsfunc=answer))


def signature(message: bytes) -> dict[str, str]:
    """The tags of the signature, without blanks."""
    field = re.match(rb"DKIM-Signature:((?:[^\r]|\r\n )*)", message)
    assert field
    tags = re.sub(r"\s", "", field[1].decode()).split(";")
    return dict(tag.split("=", 1) for tag in tags)


def test_a_signed_mail_is_believed() -> None:
    assert believed(SIGNER.sign(mail(), AT))


def test_the_signature_stands_in_front_and_the_mail_is_as_it_was() -> None:
    signed = SIGNER.sign(mail(), AT)
    assert signed.startswith(b"DKIM-Signature: v=1;")
    assert signed.endswith(b"\r\n" + mail())


def test_the_same_mail_is_signed_with_the_same_bytes() -> None:
    again = Signer(rsa_pem(), "feedsvc", "example.org")
    assert SIGNER.sign(mail(), AT) == again.sign(mail(), AT)


def test_the_tags_are_those_of_the_big_mailboxes() -> None:
    tags = signature(SIGNER.sign(mail(), AT))
    assert (tags["a"], tags["c"], tags["d"], tags["s"], tags["t"]) == (
        "rsa-sha256",
        "relaxed/relaxed",
        "example.org",
        "feedsvc",
        str(int(AT.timestamp())),
    )
    assert "l" not in tags


def test_all_that_one_click_needs_is_signed_and_from_twice() -> None:
    assert signature(SIGNER.sign(mail(), AT))["h"] == (
        "From:From:To:Subject:Date:Message-ID:Reply-To:MIME-Version:Content-Type:"
        "List-Id:List-Unsubscribe:List-Unsubscribe-Post:Feedback-ID"
    )


def test_a_service_mail_has_no_list_headers_to_sign() -> None:
    plain = [header for header in HEADERS if not header.name.startswith(("List-", "Feedback"))]
    signed = SIGNER.sign(mail(*plain), AT)
    assert "List" not in signature(signed)["h"]
    assert believed(signed)


@pytest.mark.parametrize(
    ("original", "forged"),
    [
        (b"From: Updates", b"From: Upstarts"),
        (b"To: <anna@", b"To: <anne@"),
        (b"Subject: News", b"Subject: Olds"),
        (b"Reply-To: <news@", b"Reply-To: <nows@"),
        (b"/u/token>", b"/u/tokem>"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        (b"Feedback-ID: c1", b"Feedback-ID: c2"),
        (b"multipart/alternative", b"multipart/mixed"),
        (b"c1.updates", b"c2.updates"),
        (b"Hello\r\n", b"Hullo\r\n"),
        (b"--\r\n", b"--\r\nmore\r\n"),
        (b"t=1772442000", b"t=1772442001"),
    ],
)
def test_what_was_changed_on_the_way_is_not_believed(original: bytes, forged: bytes) -> None:
    signed = SIGNER.sign(mail(), AT)
    assert original in signed
    assert not believed(signed.replace(original, forged, 1))


@pytest.mark.parametrize("name", [b"List-Unsubscribe", b"List-Unsubscribe-Post", b"From"])
def test_a_header_that_was_taken_out_is_missed(name: bytes) -> None:
    head, tail = re.split(rb"(?<=\r\n)" + name + rb": [^\r]*\r\n", SIGNER.sign(mail(), AT))
    assert not believed(head + tail)


def test_a_second_from_is_not_believed() -> None:
    assert not believed(b"From: <evil@example.com>\r\n" + SIGNER.sign(mail(), AT))
    signed = SIGNER.sign(mail(), AT).replace(b"To: ", b"From: <evil@example.com>\r\nTo: ", 1)
    assert not believed(signed)


def test_blanks_and_case_may_change_on_the_way() -> None:
    signed = SIGNER.sign(mail(), AT)
    assert believed(signed.replace(b"Subject: News", b"SUBJECT:   News  ").replace(b"; ", b";  "))


def test_another_key_in_the_dns_is_not_ours() -> None:
    other = Signer(rsa_pem(1024), "feedsvc", "example.org")
    assert not believed(SIGNER.sign(mail(), AT), other.record)


@given(_TEXT, _TEXT, _TEXT)
@example(" \t  a  \t b\n\n\n\n", "  <p>  a\tb</p>\n  \n", " \t")
@example("", "", "")
def test_a_body_needs_no_more_than_one_blank_for_several(text: str, html: str, name: str) -> None:
    message = Message(HEADERS, f"{text}{slot('name')}{text}", f"{html}{slot('name')}")
    body = Skeleton(compose(message)).splice({"name": name}).partition(b"\r\n\r\n")[2]
    assert canonical(body) == Relaxed.canonicalize_body(body)


@pytest.mark.parametrize("length", range(1, 60, 7))
def test_lines_of_a_signature_are_short(length: int) -> None:
    signer = Signer(rsa_pem(), "s" * length, f"{'d' * length}.example.org")
    field = signer.sign(mail(), AT).partition(b"\r\nFrom:")[0]
    assert max(map(len, field.split(b"\r\n"))) <= 78


def test_a_key_of_1024_bits_still_signs() -> None:
    signer = Signer(rsa_pem(1024), "feedsvc", "example.org")
    assert believed(signer.sign(mail(), AT), signer.record)


@pytest.mark.parametrize(
    ("pem", "selector", "domain", "field"),
    [
        (b"", "feedsvc", "example.org", "key"),
        (b"-----BEGIN PRIVATE KEY-----\n", "feedsvc", "example.org", "key"),
        (other_pem(), "feedsvc", "example.org", "key"),
        (rsa_pem(), "feed svc", "example.org", "selector"),
        (rsa_pem(), "", "example.org", "selector"),
        (rsa_pem(), "feedsvc", "exa mple.org", "domain"),
    ],
)
def test_what_cannot_sign_is_named(pem: bytes, selector: str, domain: str, field: str) -> None:
    with pytest.raises(Invalid) as told:
        Signer(pem, selector, domain)
    assert told.value.field == field


def test_a_domain_is_signed_for_in_a_labels() -> None:
    signer = Signer(rsa_pem(), "feedsvc", "bücher.example")
    assert signer.name == "feedsvc._domainkey.xn--bcher-kva.example"


def test_a_long_record_is_written_in_strings_of_255() -> None:
    pieces = re.findall(r'"([^"]*)"', strings(SIGNER.record))
    assert "".join(pieces) == SIGNER.record
    assert max(map(len, pieces)) <= 255
