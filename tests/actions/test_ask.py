"""Whoever signs is asked to confirm: within the limits, and in the end."""

import pytest
from sqlmodel import Session, select

from feedsvc.actions import ask, choose, forget, leave
from feedsvc.domain.tables.ledger import MailKind
from feedsvc.domain.tables.people import Signer
from tests.world import World

ANNA = "anna@example.org"


@pytest.fixture
def woods(here_and_now: World) -> World:
    for slug in ("river", "forest", "meadow", "marsh"):
        here_and_now.campaign(slug, kind="petition")
    return here_and_now


def asks(here: World) -> int:
    """Ask everybody who waits; return how many mails have asked so far."""
    pieces = (here.here.composer, here.here.keys, here.here.settings)
    while here.write(ask.ask, *pieces, now=here.now):
        pass
    return len(here.mails(MailKind.CONFIRM))


def test_who_has_confirmed_is_asked_about_the_next_petition_at_once(woods: World) -> None:
    woods.join(ANNA, "river")
    woods.sign_up(ANNA, "forest")
    assert asks(woods) == 2


def test_who_has_not_confirmed_is_asked_about_the_next_petition_a_day_later(woods: World) -> None:
    woods.sign_up(ANNA, "river")
    woods.pass_time(hours=1)
    woods.sign_up(ANNA, "forest")
    assert asks(woods) == 1
    woods.pass_time(hours=23)
    assert asks(woods) == 2


def test_whose_yes_came_before_their_turn_is_not_asked_again(woods: World) -> None:
    anna = woods.sign_up(ANNA, "river")
    woods.sign_up(ANNA, "forest")
    woods.confirm(anna)
    woods.pass_time(days=2)
    assert asks(woods) == 1


def test_signing_the_same_twice_in_a_day_asks_once(woods: World) -> None:
    for _ in range(2):
        woods.sign_up(ANNA)
    woods.pass_time(days=2)
    assert asks(woods) == 1


def test_signing_the_same_on_another_day_asks_again(woods: World) -> None:
    woods.sign_up(ANNA)
    woods.pass_time(hours=12)
    woods.sign_up(ANNA)
    woods.pass_time(hours=12)
    woods.sign_up(ANNA)
    assert asks(woods) == 2


def test_an_address_is_asked_three_times_a_month_though_it_was_forgotten(woods: World) -> None:
    for slug in ("river", "forest", "meadow"):
        woods.sign_up(ANNA, slug)
        woods.pass_time(days=8)
        woods.write(forget.forget_unconfirmed, now=woods.now)
    woods.sign_up(ANNA, "marsh")
    assert asks(woods) == 3
    woods.pass_time(days=6, minutes=1)
    assert asks(woods) == 4


def test_who_asked_never_to_be_written_to_is_not_asked_in_their_turn(woods: World) -> None:
    anna = woods.sign_up(ANNA, "river")
    woods.sign_up(ANNA, "forest")
    woods.write(leave.never, anna, now=woods.now)
    woods.pass_time(days=1)
    assert asks(woods) == 1


def test_a_damaged_row_keeps_nobody_else_from_being_asked(woods: World) -> None:
    woods.join(ANNA)
    woods.write(_damage)
    woods.sign_up(ANNA, "forest")
    woods.sign_up("bea@example.org")
    assert [address for address, _ in woods.mails(MailKind.CONFIRM)] == [ANNA, "bea@example.org"]


def test_who_waits_to_be_asked_is_asked_in_the_language_they_signed_in_last(woods: World) -> None:
    woods.sign_up(ANNA, language="en")
    woods.pass_time(days=1)
    woods.sign_up(ANNA, language="ar")
    first, second = [mail.digest_id for _, mail in woods.mails(MailKind.CONFIRM)]
    assert first != second


def test_who_says_nothing_is_reminded_once_after_two_days(woods: World) -> None:
    woods.sign_up(ANNA)
    said = []
    for _ in range(14):
        woods.pass_time(hours=12)
        asks(woods)
        said.append(len(woods.mails(MailKind.REMINDER)))
    assert (asks(woods), said) == (1, [0] * 3 + [1] * 11)


def test_a_reminder_can_be_followed_until_what_it_asks_for_is_forgotten(woods: World) -> None:
    anna = woods.sign_up(ANNA)
    woods.pass_time(days=2)
    asks(woods)
    woods.pass_time(days=4, hours=23)
    assert woods.confirm(anna)
    woods.pass_time(days=2)
    assert asks(woods) == 1
    assert len(woods.mails(MailKind.REMINDER)) == 1


def test_who_signs_something_else_is_reminded_of_all_once_more(woods: World) -> None:
    woods.sign_up(ANNA)
    woods.pass_time(days=1)
    woods.sign_up(ANNA, "forest")
    for _ in range(6):
        woods.pass_time(days=1)
        asks(woods)
    assert (asks(woods), len(woods.mails(MailKind.REMINDER))) == (2, 1)


def test_no_reminder_goes_beyond_three_mails_a_month(woods: World) -> None:
    for slug in ("river", "forest", "meadow"):
        woods.sign_up(ANNA, slug)
        woods.pass_time(days=1)
    woods.pass_time(days=3)
    assert (asks(woods), len(woods.mails(MailKind.REMINDER))) == (3, 0)


def test_who_was_imported_without_a_proof_is_invited(woods: World) -> None:
    woods.sign_up(ANNA, source="import of 2026-11-28")
    assert (asks(woods), len(woods.mails(MailKind.INVITATION))) == (0, 1)


def test_who_was_imported_and_signs_is_asked_to_confirm(woods: World) -> None:
    woods.sign_up(ANNA, source="import of 2026-11-28")
    woods.pass_time(days=1)
    woods.sign_up(ANNA, "forest")
    assert asks(woods) == 1


def test_a_question_that_was_answered_meanwhile_does_not_go_out(woods: World) -> None:
    anna = woods.sign_up(ANNA)
    woods.pass_time(days=2)
    asks(woods)
    woods.confirm(anna)
    assert woods.send() == []


def test_who_wants_discreet_mails_is_asked_without_a_title(woods: World) -> None:
    anna = woods.join(ANNA, "river")
    woods.write(choose.choose_discretion, anna, discreet=True)
    woods.sign_up(ANNA, "forest")
    assert b"forest" not in woods.letter(woods.mails(MailKind.CONFIRM)[-1][1].id)


def test_a_question_that_would_tell_is_asked_anew_when_discreet(woods: World) -> None:
    anna = woods.join(ANNA, "river")
    woods.send()
    woods.sign_up(ANNA, "forest")
    woods.write(choose.choose_discretion, anna, discreet=True)
    asks(woods)
    assert woods.send() == [ANNA]
    assert b"forest" not in woods.letter(woods.mails(MailKind.CONFIRM)[-1][1].id)
    assert woods.confirm(anna)


def test_who_was_forgotten_is_not_asked_any_more(woods: World) -> None:
    woods.sign_up(ANNA)
    woods.pass_time(days=7, minutes=1)
    woods.write(forget.forget_unconfirmed, now=woods.now)
    assert woods.send() == []


def _damage(session: Session) -> None:
    session.exec(select(Signer)).one().address_sealed = b"\x01"
