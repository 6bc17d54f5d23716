"""What is sealed opens with its own key, as what it is, and with nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain.sealing import Keys, Sealed, fresh_keys
from feedsvc.errors import Misconfigured

KEYS = fresh_keys()
texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts, st.sampled_from(list(Sealed)))
def test_a_sealed_value_opens_as_it_was(value: str, what: Sealed) -> None:
    assert KEYS.unseal(KEYS.seal(value, what), what) == value


def test_the_same_value_is_sealed_differently_each_time() -> None:
    assert KEYS.seal("anna@example.org", Sealed.ADDRESS) != KEYS.seal(
        "anna@example.org", Sealed.ADDRESS
    )


def test_a_value_does_not_open_as_something_else() -> None:
    sealed = KEYS.seal("Anna", Sealed.NAME)
    with pytest.raises(Misconfigured, match="does not open"):
        KEYS.unseal(sealed, Sealed.ADDRESS)


@given(st.integers(1, 40), st.integers(1, 255))
def test_a_changed_value_does_not_open(place: int, flip: int) -> None:
    sealed = bytearray(KEYS.seal("anna@example.org", Sealed.ADDRESS))
    sealed[place] ^= flip
    with pytest.raises(Misconfigured):
        KEYS.unseal(bytes(sealed), Sealed.ADDRESS)


def test_a_key_that_is_gone_is_named() -> None:
    sealed = KEYS.seal("Anna", Sealed.NAME)
    other = replace(fresh_keys(), seals={2: bytes(32)}, current=2)
    with pytest.raises(Misconfigured, match="key 1"):
        other.unseal(sealed, Sealed.NAME)


def test_after_a_rotation_the_old_key_still_opens() -> None:
    sealed = KEYS.seal("Anna", Sealed.NAME)
    rotated = replace(KEYS, seals={**KEYS.seals, 2: bytes(32)}, current=2)
    assert rotated.unseal(sealed, Sealed.NAME) == "Anna"
    assert rotated.seal("Anna", Sealed.NAME)[0] == 2


def test_an_address_is_found_however_its_letters_are_written() -> None:
    assert KEYS.address_index("Anna@Example.org") == KEYS.address_index("anna@example.org")


def test_hashes_depend_on_the_key_and_on_what_is_hashed() -> None:
    other = fresh_keys()
    assert KEYS.hash("UTC", "zone") != other.hash("UTC", "zone")
    assert KEYS.hash("UTC", "zone") != KEYS.hash("UTC", "name")


def test_marks_know_a_key_again_and_hold_none() -> None:
    same = Keys(KEYS.index, KEYS.seals, KEYS.tokens, KEYS.current)
    assert same.marks() == KEYS.marks()
    secrets = {KEYS.index, *KEYS.seals.values(), *KEYS.tokens.values()}
    assert not secrets & set(KEYS.marks().values())
