"""What was cut off before the last byte is sent again; what was cut off after it is sent once more."""

import pytest

from tests.sender.acts import cut, hang_up, say, say_and_close, say_and_stare, silent
from tests.sender.scripted import Act, Step
from tests.sender.trial import BERT, CAUTIOUS, OURS, SENT, UNKNOWN, Fate, Trial


@CAUTIOUS
async def test_what_the_relay_never_answered_is_sent_once_more_with_the_same_bytes(
    here: Trial,
) -> None:
    here.on(Step.DOT, hang_up, BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=UNKNOWN, zoe=SENT)
    here.world.pass_time(seconds=899)
    await here.settles()
    assert len(here.copies(BERT)) == 1
    here.world.pass_time(seconds=2)
    await here.comes_to(anna=SENT, bert=Fate("sent", None, 2), zoe=SENT)
    first, second = here.copies(BERT)
    assert first == second
    assert b"Message-ID: <" in first


@CAUTIOUS
async def test_there_are_at_most_two_copies(here: Trial) -> None:
    here.on(Step.DOT, hang_up, BERT, times=9)
    await here.start()
    await here.comes_to(bert=UNKNOWN)
    here.world.pass_time(seconds=901)
    await here.comes_to(anna=SENT, bert=Fate("unknown", None, 2), zoe=SENT)
    here.world.pass_time(days=6)
    await here.settles()
    first, second = here.copies(BERT)
    assert first == second


SECOND_TRIES = [
    (Step.RCPT, say("450 4.2.1 greylisted"), 2),
    (Step.RCPT, say("550 5.1.1 user unknown"), 2),
    (Step.DOT, say("451 4.3.0 later"), 2),
    (Step.DOT, say("550 5.7.1 blocked"), 1),
    (Step.DOT, silent(), 2),
]


@pytest.mark.parametrize(("step", "act", "attempts"), SECOND_TRIES)
async def test_unknown_stays_unknown_when_the_second_try_fails_too(
    here: Trial, step: Step, act: Act, attempts: int
) -> None:
    here.on(Step.DOT, hang_up, BERT)
    await here.start()
    await here.comes_to(bert=UNKNOWN)
    here.on(step, act, BERT)
    here.world.pass_time(seconds=901)
    await here.comes_to(anna=SENT, bert=Fate("unknown", None, attempts), zoe=SENT)
    assert here.blamed() == []


@pytest.mark.parametrize("act", [say("451 4.3.0 later"), say_and_close("421 busy"), hang_up])
async def test_the_second_try_is_not_used_up_by_trouble_before_it_has_begun(
    here: Trial, act: Act
) -> None:
    here.on(Step.DOT, hang_up, BERT)
    await here.start()
    await here.comes_to(bert=UNKNOWN)
    here.on(Step.MAIL, act, BERT)
    here.world.pass_time(seconds=901)
    await here.settles()
    here.world.pass_time(seconds=301)
    await here.comes_to(anna=SENT, bert=Fate("sent", None, 2), zoe=SENT)


@CAUTIOUS
@pytest.mark.parametrize("count", [1, 500, 3000])
async def test_a_body_that_was_cut_short_is_safely_sent_again_without_counting(
    at_length: Trial, count: int
) -> None:
    at_length.on(Step.BODY, cut(count), BERT, times=3)
    await at_length.start()
    await at_length.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert at_length.each_has_one_mail()


@CAUTIOUS
async def test_a_body_that_has_left_us_may_have_arrived_though_it_was_not_read(here: Trial) -> None:
    here.on(Step.BODY, cut(100), BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=UNKNOWN, zoe=SENT)
    here.world.pass_time(seconds=901)
    await here.comes_to(anna=SENT, bert=Fate("sent", None, 2), zoe=SENT)
    assert here.each_has_one_mail()


@CAUTIOUS
async def test_a_relay_that_stops_reading_is_left_and_the_mail_sent_again(
    at_length: Trial,
) -> None:
    at_length.on(Step.BODY, silent(), BERT)
    await at_length.start()
    await at_length.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert at_length.each_has_one_mail()


@CAUTIOUS
async def test_a_refusal_in_the_middle_of_the_body_is_heard(at_length: Trial) -> None:
    at_length.on(Step.BODY, say_and_stare("552 5.3.4 message too big"), BERT)
    await at_length.start()
    await at_length.comes_to(anna=SENT, bert=OURS, zoe=SENT)
