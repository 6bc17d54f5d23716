"""Relays that track are told not to, or their owner is."""

import pytest

from feedsvc.domain import relays


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("smtp.mailgun.org", ["X-Mailgun-Track"]),
        ("in-v3.MAILJET.com", ["X-Mailjet-TrackOpen", "X-Mailjet-TrackClick"]),
        ("smtp.sendgrid.net", ["X-SMTPAPI"]),
        ("smtp.eu.sparkpostmail.com", ["X-MSYS-API"]),
        ("notmailgun.org", []),
        ("relay.example.org", []),
    ],
)
def test_a_relay_that_listens_is_told_in_each_mail(host: str, names: list[str]) -> None:
    assert [header.name for header in relays.untracked(host)] == names


@pytest.mark.parametrize("host", ["smtp.postmarkapp.com", "email-smtp.eu-west-1.amazonaws.com"])
def test_where_no_header_reaches_it_is_said_what_to_switch_off(host: str) -> None:
    assert relays.to_switch_off(host)


def test_of_a_plain_relay_there_is_nothing_to_say() -> None:
    assert not relays.to_switch_off("relay.example.org")
