"""A sign-up is refused at the door when no mail could reach it, with the field's name."""

from typing import Any

import pytest
from pydantic import ValidationError

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
