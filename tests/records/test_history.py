"""Each state of a delivery has a word for the person it is about."""

from datetime import timedelta

import pytest

from feedsvc.actions import choose, leave, steer
from feedsvc.domain.outcome import Fault, Kind, Outcome
from feedsvc.domain.tables.ledger import Withheld
from feedsvc.domain.tables.people import Cadence, Reach, Signer, Suppression
from feedsvc.records import history as told
from feedsvc.records.deliveries import Reader
from feedsvc.records.history import Word
from tests.world import World

ANNA = "anna@example.org"
SETTLE = timedelta(minutes=10)


@pytest.fixture
def anna(here_and_now: World) -> World:
    here_and_now.campaign()
    here_and_now.join(ANNA)
    here_and_now.send()
    here_and_now.post()
    return here_and_now


def word(world: World, *, suppressed: bool = False) -> Word:
    signer = world.read(lambda s: s.get(Signer, world.signer_id(ANNA)))
    reader = Reader(signer, "UTC", suppressed)
    (row,) = world.read(told.history, reader, settle=SETTLE, limit=9, now=world.now)
    found: Word = row.word
    return found


def fanned_out(world: World) -> None:
    world.run_until_planned(seconds=1)


def test_news_comes_soon_goes_out_and_was_sent(anna: World) -> None:
    fanned_out(anna)
    words = [word(anna)]
    anna.run_until_planned()
    words.append(word(anna))
    anna.send()
    assert [*words, word(anna)] == [Word.SOON, Word.ON_ITS_WAY, Word.SENT]


@pytest.mark.parametrize(
    ("cadence", "expected"), [(Cadence.DAILY, Word.DAILY), (Cadence.WEEKLY, Word.WEEKLY)]
)
def test_a_digest_is_named_by_its_cadence(anna: World, cadence: Cadence, expected: Word) -> None:
    fanned_out(anna)
    anna.write(choose.choose_cadence, anna.signer_id(ANNA), campaigns=None, cadence=cadence)
    assert word(anna) is expected


def test_what_is_paused_comes_later(anna: World) -> None:
    fanned_out(anna)
    until = anna.now + timedelta(days=1)
    anna.write(leave.pause, anna.signer_id(ANNA), campaigns=None, until=until)
    assert word(anna) is Word.PAUSED


def test_who_has_left_was_not_sent_it(anna: World) -> None:
    fanned_out(anna)
    anna.leave(anna.signer_id(ANNA))
    assert word(anna) is Word.LEFT


def test_a_dead_address_is_not_sent_anything(anna: World) -> None:
    fanned_out(anna)
    assert word(anna, suppressed=True) is Word.DEAD
    index = anna.here.keys.address_index(ANNA)
    row = Suppression(address_index=index, reach=Reach.BULK, reason="x", created_at=anna.now)
    anna.write(lambda session: session.add(row))
    anna.run_until_planned()
    assert word(anna) is Word.DEAD


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(Kind.REFUSED, fault=Fault.THEIRS, counts_attempt=True), Word.REFUSED),
        (Outcome(Kind.REFUSED, fault=Fault.OURS, counts_attempt=True), Word.FAULT),
        (Outcome(Kind.UNKNOWN, counts_attempt=True), Word.MAYBE),
        (Outcome(Kind.DEFERRED, counts_attempt=True), Word.ON_ITS_WAY),
    ],
)
def test_what_became_of_a_mail(anna: World, outcome: Outcome, expected: Word) -> None:
    anna.run_until_planned()
    anna.send(outcome)
    assert word(anna) is expected


def test_a_mailing_that_is_paused_or_cancelled(anna: World) -> None:
    anna.run_until_planned()
    uid = anna.books().update
    anna.write(steer.pause, uid, by="test", now=anna.now)
    paused = word(anna)
    anna.write(steer.cancel, uid, by="test", now=anna.now)
    anna.run_until_planned(seconds=1)
    assert (paused, word(anna)) == (Word.HELD, Word.CANCELLED)


def test_every_reason_for_withholding_has_a_word() -> None:
    assert set(told.WITHHELD) == set(Withheld)
