"""What a reply means, how long to wait, and what of a reply is kept: tables of cases."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.domain.outcome import (
    AGE_LIMIT,
    Fault,
    Kind,
    Stage,
    enhanced_status,
    outcome_of,
    retry_delay,
    scrub,
)

KINDS = [
    # a stage that passes
    (Stage.CONNECT, 220, "", Kind.GO_ON),
    (Stage.EHLO, 250, "", Kind.GO_ON),
    (Stage.EHLO, 235, "2.7.0 authenticated", Kind.GO_ON),
    (Stage.MAIL, 250, "2.1.0 Ok", Kind.GO_ON),
    (Stage.RCPT, 250, "2.1.5 Ok", Kind.GO_ON),
    (Stage.RCPT, 251, "user not local; will forward", Kind.GO_ON),
    (Stage.DATA, 354, "go ahead", Kind.GO_ON),
    (Stage.DOT, 250, "2.0.0 Ok: queued", Kind.SENT),
    # before MAIL it is the relay's trouble
    (Stage.CONNECT, None, "", Kind.RELAY_TROUBLE),
    (Stage.CONNECT, 554, "no SMTP service here", Kind.RELAY_TROUBLE),
    (Stage.CONNECT, 421, "too busy", Kind.RELAY_TROUBLE),
    (Stage.EHLO, 454, "TLS not available", Kind.RELAY_TROUBLE),
    (Stage.EHLO, 535, "5.7.8 bad credentials", Kind.RELAY_TROUBLE),
    (Stage.EHLO, None, "", Kind.RELAY_TROUBLE),
    # at MAIL it is ours
    (Stage.MAIL, 451, "4.3.0 try later", Kind.REQUEUE),
    (Stage.MAIL, 550, "5.1.8 sender rejected", Kind.REQUEUE),
    (Stage.MAIL, 530, "5.7.0 authentication required", Kind.REQUEUE),
    # at RCPT it is the recipient's
    (Stage.RCPT, 450, "4.2.1 greylisted", Kind.DEFERRED),
    (Stage.RCPT, 452, "4.2.2 mailbox full", Kind.DEFERRED),
    (Stage.RCPT, 550, "5.1.1 user unknown", Kind.REFUSED),
    (Stage.RCPT, 550, "user unknown", Kind.REFUSED),
    (Stage.RCPT, 552, "5.2.2 over quota", Kind.REFUSED),
    (Stage.RCPT, 556, "5.1.10 null MX", Kind.REFUSED),
    (Stage.RCPT, 550, "5.1.1 user unknown, see our policy", Kind.REFUSED),
    # ... but when it is about policy, protocol, content or sender
    (Stage.RCPT, 550, "5.7.1 policy", Kind.HELD),
    (Stage.RCPT, 550, "5.1.8 bad sender domain", Kind.HELD),
    (Stage.RCPT, 550, "5.1.7 bad sender syntax", Kind.HELD),
    (Stage.RCPT, 501, "5.5.4 bad argument", Kind.HELD),
    (Stage.RCPT, 503, "bad sequence of commands", Kind.HELD),
    (Stage.RCPT, 554, "client host blocked using zen.spamhaus.org", Kind.HELD),
    (Stage.RCPT, 550, "5.0.0 relaying denied", Kind.HELD),
    (Stage.RCPT, 550, "Relay access denied", Kind.HELD),
    # at DATA and the dot it is the message's
    (Stage.DATA, 451, "4.3.0", Kind.DEFERRED),
    (Stage.DATA, 554, "no valid recipients", Kind.REFUSED),
    (Stage.DOT, 451, "4.7.1 greylisted", Kind.DEFERRED),
    (Stage.DOT, 554, "5.2.0 delivery failed", Kind.REFUSED),
    (Stage.DOT, 552, "5.3.4 message too big", Kind.HELD),
    (Stage.DOT, 550, "5.7.26 unauthenticated mail", Kind.HELD),
    (Stage.DOT, 554, "rejected as spam", Kind.HELD),
    (Stage.DOT, 554, "5.6.0 lone line feed", Kind.HELD),
    # closing
    (Stage.MAIL, 421, "4.3.2", Kind.REQUEUE),
    (Stage.RCPT, 421, "4.7.0 slow down", Kind.REQUEUE),
    (Stage.DATA, 421, "", Kind.REQUEUE),
    (Stage.DOT, 421, "4.4.2 timed out", Kind.REQUEUE),
    # lost, or out of step
    (Stage.MAIL, None, "", Kind.REQUEUE),
    (Stage.RCPT, None, "", Kind.REQUEUE),
    (Stage.DATA, None, "", Kind.REQUEUE),
    (Stage.DOT, None, "", Kind.UNKNOWN),
    (Stage.RCPT, 354, "", Kind.REQUEUE),
    (Stage.DATA, 250, "", Kind.REQUEUE),
    (Stage.DOT, 354, "", Kind.UNKNOWN),
    (Stage.DOT, 999, "", Kind.UNKNOWN),
]


@pytest.mark.parametrize(("stage", "code", "text", "kind"), KINDS)
def test_a_reply_means_what_its_stage_makes_of_it(
    stage: Stage, code: int | None, text: str, kind: Kind
) -> None:
    assert outcome_of(stage, code, text=text).kind is kind


@pytest.mark.parametrize("stage", Stage)
def test_421_closes_the_connection_halves_the_window_and_counts_no_attempt(stage: Stage) -> None:
    found = outcome_of(stage, 421)
    assert (found.close_connection, found.halve_window, found.counts_attempt) == (True, True, False)


@pytest.mark.parametrize("stage", Stage)
def test_a_lost_connection_is_closed(stage: Stage) -> None:
    assert outcome_of(stage, None).close_connection


@pytest.mark.parametrize(
    ("stage", "code", "counts"),
    [
        (Stage.MAIL, 550, False),
        (Stage.MAIL, 451, False),
        (Stage.RCPT, 450, True),
        (Stage.RCPT, 550, True),
        (Stage.DATA, None, False),
        (Stage.DOT, 451, True),
        (Stage.DOT, None, True),
    ],
)
def test_only_what_was_about_this_mail_counts_as_an_attempt(
    stage: Stage, code: int | None, *, counts: bool
) -> None:
    assert outcome_of(stage, code).counts_attempt is counts


@pytest.mark.parametrize(
    ("stage", "code", "status", "fault"),
    [
        (Stage.RCPT, 550, "5.1.1", Fault.THEIRS),
        (Stage.RCPT, 550, "5.7.1", Fault.OURS),
        (Stage.DOT, 550, "5.7.1", Fault.OURS),
        (Stage.MAIL, 550, "5.1.1", Fault.OURS),
        (Stage.RCPT, 450, "4.2.1", None),
        (Stage.DOT, 250, "2.0.0", None),
    ],
)
def test_a_fault_is_on_the_side_that_can_mend_it(
    stage: Stage, code: int, status: str, fault: Fault | None
) -> None:
    assert outcome_of(stage, code, status).fault is fault


def test_a_policy_deferral_halves_the_window() -> None:
    assert outcome_of(Stage.RCPT, 450, "4.7.28").halve_window


def test_another_deferral_leaves_the_window() -> None:
    assert not outcome_of(Stage.RCPT, 450, "4.2.1").halve_window


def test_refused_credentials_stop_the_sender() -> None:
    assert outcome_of(Stage.EHLO, 535).stop


def test_a_busy_relay_does_not_stop_the_sender() -> None:
    assert not outcome_of(Stage.EHLO, 454).stop


def test_a_given_status_goes_before_the_one_in_the_text() -> None:
    assert outcome_of(Stage.RCPT, 550, "5.1.1", "5.7.1 policy").kind is Kind.REFUSED


@given(st.sampled_from(Stage), st.none() | st.integers(), st.text(), st.text())
def test_every_reply_has_a_meaning(stage: Stage, code: int | None, status: str, text: str) -> None:
    assert outcome_of(stage, code, status, text).kind in Kind


@given(st.none() | st.integers(max_value=249), st.text())
def test_only_2xx_at_the_dot_is_sent(code: int | None, text: str) -> None:
    found = outcome_of(Stage.DOT, code, text=text)
    assert (found.kind is Kind.SENT) == (code is not None and 200 <= code < 300)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("5.1.1 unknown", "5.1.1"),
        (" 4.7.28 slow", "4.7.28"),
        ("mailbox 5.1.1", ""),
        ("192.0.2.1", ""),
        ("5.1.1.9 is blocked", ""),
        ("", ""),
    ],
)
def test_the_enhanced_status_leads_the_text(text: str, status: str) -> None:
    assert enhanced_status(text) == status


def test_waiting_grows_from_five_minutes_to_sixteen_hours() -> None:
    waits = [retry_delay(attempt, 0.0) for attempt in range(1, 10)]
    assert waits == [timedelta(minutes=m) for m in (5, 15, 30, 60, 120, 240, 480, 960, 960)]


def test_waiting_ends_within_five_days() -> None:
    waits = [wait for wait in (retry_delay(n, 0.0) for n in range(1, 50)) if wait]
    assert AGE_LIMIT - timedelta(days=1) < sum(waits, timedelta()) <= AGE_LIMIT


@given(st.integers(min_value=1, max_value=13), st.floats(min_value=-1, max_value=1))
def test_jitter_moves_a_wait_by_at_most_a_fifth(attempt: int, jitter: float) -> None:
    plain, moved = retry_delay(attempt, 0.0), retry_delay(attempt, jitter)
    assert plain is not None
    assert moved is not None
    assert abs(moved - plain) <= plain * 0.2 + timedelta(microseconds=1)


SPELLINGS = [
    "anna@example.org",
    "<anna@example.org>:",
    "to=<anna@example.org>,relay=x",
    '"anna berg"@example.org',
    r'"anna \" berg"@example.org',
    "anna @ example.org",
    "anna+news@example.org",
    "SRS0=HHH=TT=example.org=anna@relay.example",
    "srs1+xyz=relay.example==HHH=TT=example.org=anna",
    "bounce-anna=example.org@list.example",
    "anna=example.org",
    "b+mfzwizltoq2gk3tuna@bounce.example.org",
    "b+mfzwizltoq2gk3tuna",
    "anna%40example.org",
    "anna%2540example.org",
    "https://x.example/?to=anna%40example.org",
    "=?utf-8?q?anna=40example.org?=",
    "rfc822;anna+40example.org",
    "anna&#64;example.org",
    "anna&#x40;example.org",
    r"anna\x40example.org",
    "anna(at)example.org",
    "anna [at] example.org",
    "anna＠example.org",
    "an\u200bna@example.org",
    "anna@\r\nexample.org",
    "YW5uYUBleGFtcGxlLm9yZw==",
    "YW5uYUBleGFtcGxlLm9yZw",
    "616e6e61406578616d706c652e6f7267",
    "анна@пример.рф",
    "anna@xn--e1afmkfd.example",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_address_is_scrubbed_however_it_is_spelt(spelling: str) -> None:
    assert scrub(f"550 5.1.1 no {spelling} here") == "550 5.1.1 no [address] here"


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.1.1 No such account. https://support.google.com/mail/?p=NoSuchUser d2e1a72f-7 gsmtp",
        "554 5.7.1 blocked using zen.spamhaus.org; https://check.spamhaus.org/?ip=192.0.2.1",
        "452-4.2.2 Die Mailbox ist voll. صندوق البريد ممتلئ",
        "250 2.0.0 Ok: queued as 4F1A2B3C4D5E",
    ],
)
def test_a_reply_that_names_nobody_is_kept(reply: str) -> None:
    assert scrub(reply) == reply


def test_the_parts_of_a_known_address_are_scrubbed() -> None:
    reply = scrub("550 Account Anna.Berg at example.org is disabled", "anna.berg@example.org")
    assert reply == "550 Account [address] at [address] is disabled"


def test_control_characters_and_line_breaks_become_blanks() -> None:
    assert scrub("550-no\r\n550 \x1b[31mreally\x00 no\x85") == "550-no 550 [31mreally no"


@given(st.text(max_size=3000), st.sampled_from([0, 480, 495, 1990, 1999]))
def test_a_scrubbed_reply_holds_no_address_and_no_control_character(text: str, at: int) -> None:
    found = scrub(f"{text[:at]} anna@example.org {text[at:]}")
    assert "example.org" not in found
    assert "@" not in found
    assert len(found) <= 500
    assert found.isprintable() or all(char >= "\xa0" for char in found if not char.isprintable())


@pytest.mark.parametrize("length", [1900, 1985, 1990, 1995, 2000])
def test_half_an_address_at_the_cut_is_scrubbed(length: int) -> None:
    assert "anna" not in scrub("x" * (length - 20) + " anna.berg.anna.berg@example.org")


@pytest.mark.parametrize("hostile", ["a" * 10**6, '"' * 10**6, '"\\' * 10**6, "a=b." * 10**6])
def test_a_long_reply_costs_no_more_than_a_short_one(hostile: str) -> None:
    assert len(scrub(hostile)) <= 500
