"""A service mail that the relay puts off goes out later only if what it was planned for still holds."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from feedsvc.actions import choose, deliver, move
from feedsvc.domain.outcome import Kind, Outcome
from feedsvc.domain.tables.doors import AddressChange
from feedsvc.domain.tables.ledger import MailKind
from feedsvc.domain.tokens import Purpose, Token
from tests.web.mine import rows
from tests.world import World, world

ANNA, BEA = "anna@example.org", "bea@example.org"
PUT_OFF = Outcome(Kind.DEFERRED, counts_attempt=True)


@pytest.fixture
def river(database_url: str, tmp_path: Path) -> Iterator[World]:
    with world(database_url, tmp_path, digest={"welcome": True}) as made:
        made.campaign("river", kind="petition")
        made.post("river", "Old news")
        made.pass_time(days=1)
        asyncio.run(made.tick())
        yield made


def put_off(here: World, kind: MailKind, meanwhile: Callable[[], object] | None) -> list[str]:
    """Let a mail of this kind start, be put off by the relay, and be due again; what is sent then?"""
    worker = here.write(deliver.enlist, now=here.now)
    [(_, mail)] = here.mails(kind)
    here.claims(worker)
    assert here.mark(worker, None, mail.id)
    here.pass_time(seconds=1)
    if meanwhile:
        meanwhile()
    here.mark(worker, deliver.Mark(mail.id or 0, PUT_OFF, "450"), None)
    here.pass_time(hours=3)
    return here.send()


def welcomed(here: World) -> int:
    anna = here.sign_up(ANNA)
    here.send()
    here.confirm(anna)
    asyncio.run(here.tick())
    return anna


def moving(here: World) -> int:
    anna = here.join(ANNA)
    here.send()
    here.write(move.ask_to_move, anna, BEA, keys=here.here.keys, now=here.now)
    asyncio.run(here.tick())
    return anna


def refuse(here: World, anna: int) -> None:
    [change] = rows(here, AddressChange)
    here.write(move.refuse, Token(Purpose.MOVE_FROM, anna, change.id), now=here.now)


def test_a_mail_that_is_still_wanted_goes_out_later(river: World) -> None:
    welcomed(river)
    assert put_off(river, MailKind.WELCOME, None) == [ANNA]


def test_no_welcome_after_a_leave(river: World) -> None:
    anna = welcomed(river)
    assert put_off(river, MailKind.WELCOME, partial(river.leave, anna)) == []


def test_no_welcome_that_tells_after_choosing_discretion(river: World) -> None:
    anna = welcomed(river)
    discreet = partial(river.write, choose.choose_discretion, anna, discreet=True)
    assert put_off(river, MailKind.WELCOME, discreet) == []


def test_who_still_has_to_answer_is_asked_later(river: World) -> None:
    river.sign_up(ANNA)
    assert put_off(river, MailKind.CONFIRM, None) == [ANNA]


def test_nobody_is_asked_what_they_have_answered(river: World) -> None:
    anna = river.sign_up(ANNA)
    assert ANNA not in put_off(river, MailKind.CONFIRM, partial(river.confirm, anna))


def test_nobody_is_asked_when_nothing_waits_any_more(river: World) -> None:
    anna = river.sign_up(ANNA, name="")
    assert put_off(river, MailKind.CONFIRM, partial(river.leave, anna)) == []


def test_an_address_is_asked_about_a_move_later(river: World) -> None:
    moving(river)
    assert BEA in put_off(river, MailKind.MOVE_TO, None)


def test_no_address_is_asked_about_a_move_that_was_refused(river: World) -> None:
    anna = moving(river)
    assert BEA not in put_off(river, MailKind.MOVE_TO, partial(refuse, river, anna))
