"""A sign-up is refused at the door when no mail could reach it, with the field's name."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from feedsvc.domain import signup
from feedsvc.domain.signup import SignForm, address
from feedsvc.domain.tables.people import Cadence
from feedsvc.errors import Invalid

FORM: dict[str, Any] = {"email": "anna@example.org", "name": "Anna"}


@pytest.mark.parametrize(
    "email",
    [
        "",
        "anna",
        "anna@",
        "@example.org",
        "anna@example",
        "anna@exa mple.org",
        "anna@example.org\r\nBcc: all@example.org",
        "anna@example.org, bea@example.org",
        "Anna <anna@example.org>",
        "an\x00na@example.org",
        "a" * 65 + "@example.org",
        "ä" * 33 + "@example.org",
    ],
)
def test_an_address_that_no_mail_can_reach_is_refused(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        SignForm.model_validate(FORM | {"email": email})
    assert refused.value.field == "email"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" anna@example.org ", "anna@example.org"),
        ("Anna@EXAMPLE.org", "Anna@example.org"),
        ("anna@bücher.example.org", "anna@xn--bcher-kva.example.org"),
        ("سلمى@example.org", "سلمى@example.org"),
    ],
)
def test_an_address_is_kept_as_given_with_its_domain_in_ascii(given: str, kept: str) -> None:
    assert address(given) == kept


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "A\nB"), ("name", "\ufdd0name\ufdd1"), ("time_zone", "Mars/Base")],
)
def test_a_poisoned_field_is_refused_by_name(field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        SignForm.model_validate(FORM | {field: value})
    assert refused.value.field == field


def test_what_the_form_does_not_know_is_refused() -> None:
    with pytest.raises(ValidationError):
        SignForm.model_validate(FORM | {"admin": "yes"})


def test_updates_are_for_those_who_ask_and_come_at_once() -> None:
    form = SignForm.model_validate(FORM)
    assert (form.updates, form.cadence, form.time_zone) == (False, Cadence.IMMEDIATE, None)


PARTS = st.sampled_from(
    ["anna", "A.b", "a..b", ".a", "x+y", "Postmaster", "a" * 64, "b" * 65, "é", "", "a b", '"a"']
)
DOMAINS = st.sampled_from(
    [
        "example.org",
        "EXAMPLE.org",
        "exam_ple.org",
        "a-.org",
        "-a.org",
        "xn--bcher-kva.org",
        "localhost",
        "bücher.org",
        "a..org",
        "org",
        "example.org.",
        "1.2",
        "[127.0.0.1]",
        "a.test",
        "a.local",
        "a--b.org",
        f"{'d' * 63}.org",
        f"{'d' * 64}.org",
        ".".join(["d" * 60] * 4) + ".org",
    ]
)


@given(
    st.tuples(PARTS | st.text(max_size=8), DOMAINS | st.text(max_size=8)).map("@".join)
    | st.from_regex(r"[A-Za-z0-9.!+_-]{1,70}@[A-Za-z0-9.-]{1,80}", fullmatch=True)
    | st.text(max_size=12)
)
def test_an_address_in_plain_ascii_is_checked_as_thoroughly_as_any(value: str) -> None:
    def of(check: Callable[[str], str]) -> str:
        try:
            return check(value)
        except Invalid as error:
            return f"refused: {error}"

    assert of(address) == of(signup.checked)
