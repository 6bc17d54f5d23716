"""Whose reply it is, and what becomes of one that is none: no row is changed by the reply of another."""

import pytest

from tests.sender.acts import drip, flood, late, raw, say, say_and_close, surplus
from tests.sender.scripted import Step
from tests.sender.trial import (
    AGAIN,
    ANNA,
    BERT,
    CAUTIOUS,
    IMPATIENCE,
    LATER,
    SENT,
    STEPS,
    THEIRS,
    UNKNOWN,
    ZOE,
    Trial,
)

BUFFERS = 16_000_000  # what the system holds between two processes of one machine, and some


@CAUTIOUS
@pytest.mark.parametrize("step", STEPS)
async def test_a_late_reply_is_never_taken_for_that_of_the_next(here: Trial, step: Step) -> None:
    here.on(step, late(2 * IMPATIENCE, "550 5.1.1 user unknown"), BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=UNKNOWN if step is Step.DOT else AGAIN, zoe=SENT)
    await here.settles(2 * IMPATIENCE)
    await here.comes_to(anna=SENT, zoe=SENT)


@pytest.mark.parametrize("behind", [b"250 2.1.0 ok\r\n", b"550 5.1.1 user unknown\r\n"])
@pytest.mark.parametrize("step", STEPS)
async def test_what_stands_behind_nonsense_answers_nothing(
    here: Trial, step: Step, behind: bytes
) -> None:
    here.on(step, raw(0, b"what?\r\n" + behind), BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=UNKNOWN if step is Step.DOT else AGAIN, zoe=SENT)


@CAUTIOUS
@pytest.mark.parametrize("extra", ["250 2.0.0 again", "421 4.4.2 idle", "550 5.1.1 user unknown"])
async def test_a_surplus_reply_ends_the_connection_and_blames_nobody(
    here: Trial, extra: str
) -> None:
    here.on(Step.DOT, surplus(extra), BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT)
    here.world.pass_time(seconds=301)
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert here.relay.connections > 1
    assert here.each_has_one_mail()


@CAUTIOUS
async def test_a_goodbye_between_two_mails_touches_neither(here: Trial) -> None:
    here.on(Step.DOT, say_and_close("250 2.0.0 ok"), BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert here.each_has_one_mail()


@CAUTIOUS
async def test_a_go_ahead_after_a_refusal_sends_nothing_to_anybody(here: Trial) -> None:
    here.on(Step.RCPT, say("550 5.1.1 user unknown"), BERT)
    here.on(Step.DATA, say("354 go on"), skip=1)
    await here.start()
    await here.comes_to(anna=SENT, bert=THEIRS, zoe=SENT)
    assert here.copies(BERT) == []


async def test_no_empty_mail_is_left_with_a_relay_that_goes_on_after_a_refusal(
    here: Trial,
) -> None:
    here.on(Step.MAIL, raw(250, b"451 4.3.0 later\r\n"), BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=LATER, zoe=SENT)
    assert here.copies(BERT) == []


@CAUTIOUS
async def test_a_relay_that_refuses_to_forget_harms_nobody(here: Trial) -> None:
    here.on(Step.RCPT, say("550 5.1.1 user unknown"), BERT)
    here.on(Step.RSET, say("502 5.5.1 not implemented"), times=9)
    await here.start()
    await here.until(lambda: here.meets(BERT, THEIRS))
    here.world.pass_time(seconds=301)
    await here.comes_to(anna=SENT, bert=THEIRS, zoe=SENT)
    assert [len(here.copies(one)) for one in (ANNA, ZOE)] == [1, 1]


@CAUTIOUS
@pytest.mark.parametrize("step", [Step.BANNER, Step.EHLO, *STEPS])
async def test_a_reply_in_single_bytes_is_a_reply(here: Trial, step: Step) -> None:
    code = 220 if step is Step.BANNER else 354 if step is Step.DATA else 250
    here.on(step, drip(code, f"{code} ok", 0.001), times=9)
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)


@pytest.mark.parametrize("step", STEPS)
async def test_a_reply_of_too_many_bytes_takes_no_longer_than_silence(
    here: Trial, step: Step
) -> None:
    here.on(step, drip(250, "250 what a wonderful mail", 0.05), BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=UNKNOWN if step is Step.DOT else AGAIN, zoe=SENT)


FLOODS = {
    "one line": b"x" * 65_536,
    "a reply in one line": b"250-" + b"x" * 65_536,
    "lines": b"250-and another thing\r\n" * 3000,
}


@pytest.mark.parametrize("said", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("step", STEPS)
async def test_an_endless_reply_ends_the_connection_before_it_fills_the_memory(
    here: Trial, step: Step, said: bytes
) -> None:
    here.on(step, flood(said), BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=UNKNOWN if step is Step.DOT else AGAIN, zoe=SENT)
    assert here.relay.flooded < BUFFERS


@pytest.mark.parametrize("said", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("step", [Step.BANNER, Step.EHLO])
async def test_an_endless_greeting_touches_no_mail(here: Trial, step: Step, said: bytes) -> None:
    here.on(step, flood(said))
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert here.relay.flooded < BUFFERS
