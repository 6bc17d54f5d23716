"""A row is read as the form is: what is poisoned is refused by name."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain import text
from feedsvc.domain.importing.rows import Reading, Standing
from feedsvc.errors import Invalid

NOW = datetime(2026, 3, 2, tzinfo=UTC)
READING = Reading("en", "Europe/London", NOW)
ANNA = {"email": "anna@example.org"}


def test_what_a_row_leaves_open_is_the_sites() -> None:
    common = READING.row(ANNA).common
    assert (common.language, common.zone, common.cadence, common.standing) == (
        "en",
        "Europe/London",
        "immediate",
        "live",
    )


@pytest.mark.parametrize(
    ("field", "value", "where", "read"),
    [
        ("language", "pt_BR", "language", "pt-BR"),
        ("time_zone", "America/New_york", "zone", "America/New_York"),
        ("cadence", "Weekly ", "cadence", "weekly"),
        ("status", "Unsubscribed", "standing", Standing.LEFT),
        ("status", "cleaned", "standing", Standing.BOUNCED),
        ("letter_version", "2", "letter_version", 2),
    ],
)
def test_words_of_other_tools_are_understood(
    field: str, value: str, where: str, read: object
) -> None:
    assert getattr(READING.row(ANNA | {field: value}).common, where) == read


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "anna"),
        ("email", "an\udcfcna@example.org"),
        ("name", "x" * 201),
        ("name", "a\x00b"),
        ("name", "a\u202eb"),
        ("name", "\udcfc"),
        ("language", "klingon"),
        ("time_zone", "Mars/Base"),
        ("cadence", "hourly"),
        ("status", "maybe"),
        ("letter_version", "two"),
        ("signed_at", "soon"),
        ("consent_date", "2030-01-01"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        READING.row(ANNA | {"consent_source": "form", field: value})
    assert refused.value.field == field


def test_first_and_last_name_are_a_name() -> None:
    assert READING.row(ANNA | {"first_name": "Anna", "last_name": "Bé"}).name == "Anna Bé"


def test_a_consent_wants_a_source_and_a_date() -> None:
    half: list[dict[str, Any]] = [{"consent_source": "form"}, {"consent_date": "2025-01-01"}]
    assert [READING.row(ANNA | one).consent for one in half] == [None, None]
    assert READING.row(ANNA | half[0] | half[1]).consent is not None


def test_the_source_of_an_import_is_not_written_twice() -> None:
    said = ANNA | {"consent_source": "import: form", "consent_date": "2025-01-01"}
    consent = READING.row(said).consent
    assert consent
    assert consent.source == "import: form"


@given(st.text(min_size=1, max_size=70))
def test_a_name_is_what_the_form_makes_of_it(name: str) -> None:
    def of(read: Any) -> object:
        try:
            return read()
        except Invalid as error:
            return str(error)

    if name.strip():
        ours = of(lambda: READING.row(ANNA | {"name": name}).name)
        assert ours == of(lambda: text.line(name.strip(), "name", 200))
