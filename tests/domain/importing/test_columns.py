"""The header names of the usual tools are understood; what is left is passed over by name."""

import pytest

from feedsvc.domain.importing.columns import Columns, told
from feedsvc.errors import Invalid

TOOLS = {
    "Mailchimp": (
        "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,TIMEZONE",
        {"email", "first_name", "last_name", "signed_at", "consent_date", "time_zone"},
    ),
    "listmonk": (
        "uuid,email,name,attributes,status,created_at,updated_at",
        {"email", "name", "status", "signed_at"},
    ),
    "Action Network": (
        "email,first_name,last_name,can2_subscription_status,language,state",
        {"email", "first_name", "last_name", "status", "language"},
    ),
    "CiviCRM": (
        "First Name,Last Name,Primary Email,Preferred Language,Created Date",
        {"first_name", "last_name", "email", "language", "signed_at"},
    ),
    "NationBuilder": (
        "nationbuilder_id,first_name,last_name,email,email1,created_at",
        {"first_name", "last_name", "email", "signed_at"},
    ),
    "Change.org": (
        "First Name,Last Name,Email,City,State,Signed On",
        {"first_name", "last_name", "email", "signed_at"},
    ),
    "Brevo": (
        "EMAIL,LASTNAME,FIRSTNAME,ADDED_TIME",
        {"email", "last_name", "first_name", "signed_at"},
    ),
    "MailerLite": ("Subscriber,Status,Subscribed,Name", {"email", "status", "signed_at", "name"}),
    "Mautic": (
        "firstname,lastname,email,preferred_locale,timezone,date_added",
        {"first_name", "last_name", "email", "language", "time_zone", "signed_at"},
    ),
}


@pytest.mark.parametrize(("header", "fields"), TOOLS.values(), ids=TOOLS)
def test_the_columns_of_a_tool_are_understood(header: str, fields: set[str]) -> None:
    assert set(Columns(header.split(","), {}).places) == fields


@pytest.mark.parametrize(
    "header",
    ["Vorname;Nachname;E-Mail-Adresse", "Vorname;Name;E-Mail", "Familienname;Vorname;Mail"],
)
def test_german_headers_are_understood(header: str) -> None:
    assert set(Columns(header.split(";"), {}).places) == {"first_name", "last_name", "email"}


def test_what_is_not_understood_is_passed_over_by_name() -> None:
    assert Columns(["E-Mail", "LATITUDE", "line", "reason", ""], {}).passed_over == ["LATITUDE"]


def test_state_is_new_york_unless_the_list_is_ours() -> None:
    assert "status" not in Columns(["email", "state"], {}).places
    assert "status" in Columns(["email", "state", "campaign", "consented_at"], {}).places


def test_staff_say_what_a_column_is() -> None:
    columns = Columns(["Kontakt", "email"], told(["Kontakt = email", "email="]))
    assert columns.values(["a@example.org", "b"]) == {"email": "a@example.org"}


@pytest.mark.parametrize("pair", ["Kontakt", "=email", "Kontakt=address"])
def test_what_staff_say_must_be_understood(pair: str) -> None:
    with pytest.raises(Invalid, match="--map"):
        told([pair])


def test_a_column_that_is_not_there_is_said_so() -> None:
    with pytest.raises(Invalid, match="there is no column kontakt"):
        Columns(["email"], told(["Kontakt=name"]))


def test_a_header_without_addresses_is_refused_with_what_was_found() -> None:
    with pytest.raises(Invalid, match="'Name', 'Town'"):
        Columns(["Name", "Town"], {})
