"""The books say where everyone stands, and notice when somebody is missing."""

from dataclasses import replace

from sqlalchemy import delete
from sqlmodel import col

from feedsvc.domain.outcome import Fault, Kind, Outcome
from feedsvc.domain.tables.ledger import Delivery
from feedsvc.records.books import Books
from tests.world import World

PAGE = Books(
    update="u",
    campaign="river",
    key="news",
    notice="news",
    eligible=6,
    sent=1,
    in_hand={"waiting": 1, "queued": 1},
    refused={"theirs": 1},
    unknown=1,
    withheld={"left": 1},
)


def test_every_state_counts() -> None:
    assert (PAGE.total, PAGE.balanced) == (6, True)


def test_one_too_many_or_too_few_does_not_balance() -> None:
    assert not replace(PAGE, sent=0).balanced
    assert not replace(PAGE, withheld={"left": 2}).balanced


def test_during_the_fan_out_nothing_is_decided_yet() -> None:
    assert replace(PAGE, eligible=None).balanced


def test_everyone_is_on_the_page_by_state_and_reason(here_and_now: World) -> None:
    here_and_now.campaign()
    for name in ("anna", "bea", "carl"):
        here_and_now.join(f"{name}@example.org")
    here_and_now.send()
    update = here_and_now.post()
    assert here_and_now.books().eligible is None
    here_and_now.run_until_planned()
    here_and_now.leave(here_and_now.signer_id("carl@example.org"))
    here_and_now.send(Outcome(Kind.REFUSED, Fault.THEIRS))
    page = here_and_now.books(update.uid)
    assert (page.eligible, page.refused, page.withheld) == (3, {"theirs": 2}, {"left": 1})
    assert page.balanced


def test_a_missing_row_is_noticed(here_and_now: World) -> None:
    here_and_now.campaign()
    signer = here_and_now.join("anna@example.org")
    here_and_now.post()
    here_and_now.run_until_planned()
    lose = delete(Delivery).where(col(Delivery.signer_id) == signer)
    here_and_now.write(lambda session: session.execute(lose))
    assert not here_and_now.books().balanced
