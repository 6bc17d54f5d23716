"""A token says what it was made to say, for one purpose, and cannot be made by others."""

import base64
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain import tokens
from feedsvc.domain.sealing import fresh_keys
from feedsvc.domain.tokens import Purpose, Token

KEYS = fresh_keys()
all_tokens = st.builds(
    Token, st.sampled_from(list(Purpose)), st.integers(0, 2**48 - 1), st.integers(0, 2**40 - 1)
)


@given(all_tokens)
def test_a_token_reads_as_it_was_written(token: Token) -> None:
    assert tokens.read(tokens.write(token, KEYS), KEYS, *Purpose) == token
    assert tokens.read_local_part(tokens.write_local_part(token, KEYS), KEYS, *Purpose) == token


@given(all_tokens)
def test_a_token_has_the_length_that_links_and_addresses_allow(token: Token) -> None:
    assert len(tokens.write(token, KEYS)) == 39
    assert len(tokens.write_local_part(token, KEYS)) == 47


@given(all_tokens, st.sampled_from(list(Purpose)))
def test_a_token_is_good_for_its_purpose_only(token: Token, purpose: Purpose) -> None:
    read = tokens.read(tokens.write(token, KEYS), KEYS, purpose)
    assert (read is not None) == (purpose is token.purpose)


@given(all_tokens, st.integers(0, tokens.LENGTH - 1), st.integers(1, 255))
def test_a_changed_token_is_not_ours(token: Token, place: int, flip: int) -> None:
    raw = bytearray(tokens._bytes(token, KEYS))  # noqa: SLF001  to change it where it counts
    raw[place] ^= flip
    written = base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
    assert tokens.read(written, KEYS, *Purpose) is None


@given(st.text())
def test_anything_else_is_no_token_and_no_error(text: str) -> None:
    assert tokens.read(text, KEYS, *Purpose) is None
    assert tokens.read_local_part(text, KEYS, *Purpose) is None


def test_an_address_that_lost_its_case_is_read() -> None:
    token = Token(Purpose.BOUNCE, 7, 8)
    assert tokens.read_local_part(tokens.write_local_part(token, KEYS).upper(), KEYS, *Purpose)


def test_a_token_lives_as_long_as_its_key() -> None:
    token = Token(Purpose.LEAVE_ALL, 7)
    written = tokens.write(token, KEYS)
    rotated = replace(KEYS, seals={2: bytes(32)}, tokens={**KEYS.tokens, 2: bytes(32)}, current=2)
    assert tokens.read(written, rotated, Purpose.LEAVE_ALL) == token
    assert tokens.read(written, fresh_keys(), Purpose.LEAVE_ALL) is None


def test_a_message_id_is_the_same_for_the_same_mail_and_for_no_other() -> None:
    ids = [
        tokens.message_id(KEYS, *parts, host="example.org") for parts in [(1, 2), (1, 2), (2, 1)]
    ]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].endswith("@example.org>")
