"""Every cell of the table of outcomes, at every stage: whose row it changes, and how."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sender.scripted import (
    Act,
    ScriptedRelay,
    Step,
    cut,
    drip,
    flood,
    hang_up,
    late,
    raw,
    say,
    say_and_close,
    say_and_stare,
    silent,
    surplus,
)
from tests.sender.trial import (
    ANNA,
    BERT,
    EVERYBODY,
    IMPATIENCE,
    SENT,
    ZOE,
    Fate,
    Posted,
    Trial,
    hurry,
    post_to_everybody,
    trial,
)
from tests.world import world

LATER = Fate("queued", None, 0, (1, 300))  # our trouble: uncounted, soon again
DEFERRED = Fate("deferred", None, 1, (240, 360))
THEIRS = Fate("refused", "theirs", 1)
OURS = Fate("refused", "ours", 0)
UNKNOWN = Fate("unknown", None, 1, (900, 900))
AGAIN = SENT  # sent at the second try, and only that counts

NONSENSE = raw(0, b"what do you mean?\r\n")

TABLE: list[tuple[Step, str, Act, Fate]] = [
    (Step.MAIL, "4xx", say("451 4.3.0 try later"), LATER),
    (Step.MAIL, "5xx theirs", say("550 5.1.1 user unknown"), LATER),
    (Step.MAIL, "5xx ours", say("550 5.7.1 sender refused"), LATER),
    (Step.MAIL, "421", say_and_close("421 4.3.2 closing"), AGAIN),
    (Step.MAIL, "drop", hang_up, AGAIN),
    (Step.MAIL, "silence", silent(), AGAIN),
    (Step.MAIL, "nonsense", NONSENSE, AGAIN),
    (Step.RCPT, "4xx", say("450 4.2.1 greylisted"), DEFERRED),
    (Step.RCPT, "5xx theirs", say("550 5.1.1 user unknown"), THEIRS),
    (Step.RCPT, "5xx theirs in lines", say("550-5.1.1 user", "550 5.1.1 unknown"), THEIRS),
    (Step.RCPT, "5xx ours", say("550 5.7.1 blocked"), OURS),
    (Step.RCPT, "421", say_and_close("421 4.7.0 slow down"), AGAIN),
    (Step.RCPT, "drop", hang_up, AGAIN),
    (Step.RCPT, "silence", silent(), AGAIN),
    (Step.RCPT, "nonsense", NONSENSE, AGAIN),
    (Step.RCPT, "out of step", say("354 go on"), AGAIN),
    (Step.DATA, "4xx", say("451 4.3.0 try later"), DEFERRED),
    (Step.DATA, "5xx theirs", say("554 5.2.0 transaction failed"), THEIRS),
    (Step.DATA, "5xx ours", say("554 5.7.1 blocked"), OURS),
    (Step.DATA, "421", say_and_close("421 4.3.2 closing"), AGAIN),
    (Step.DATA, "drop", hang_up, AGAIN),
    (Step.DATA, "silence", silent(), AGAIN),
    (Step.DATA, "nonsense", NONSENSE, AGAIN),
    (Step.DATA, "out of step", say("250 ok"), AGAIN),
    (Step.DOT, "4xx", say("451 4.3.0 try later"), DEFERRED),
    (Step.DOT, "5xx theirs", say("554 5.2.0 not stored"), THEIRS),
    (Step.DOT, "5xx ours", say("550 5.7.26 unauthenticated"), OURS),
    (Step.DOT, "421", say_and_close("421 4.3.2 closing"), AGAIN),
    (Step.DOT, "drop", hang_up, UNKNOWN),
    (Step.DOT, "silence", silent(), UNKNOWN),
    (Step.DOT, "nonsense", NONSENSE, UNKNOWN),
    (Step.DOT, "out of step", say("354 go on"), UNKNOWN),
]
CELLS = [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in TABLE]
BLAMELESS = [
    pytest.param(*row, id=f"{row[0]} {row[1]}") for row in TABLE if row[3].reason != "theirs"
]
STEPS = [Step.MAIL, Step.RCPT, Step.DATA, Step.DOT]
BUFFERS = 16_000_000  # what the system holds between two processes of one machine, and some


class Whoever:
    """Everybody is in it."""

    def __contains__(self, _name: object) -> bool:
        return True


EVERYBODY_AND_US = Whoever()
CAUTIOUS = pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "one by one"])


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Posted:
    """Prepare once what every row of the table begins with."""
    folder = tmp_path_factory.mktemp("posted")
    with world(f"sqlite:///{folder / 'feedsvc.db'}", folder) as here:
        post_to_everybody(here)
        return Posted(folder, here.now)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system hold so little of what is written that a mail does not fit."""

    def narrowed(sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1024)

    monkeypatch.setattr("asyncio.base_events._set_nodelay", narrowed)


@pytest.fixture
def pipelining() -> bool:
    """Offer PIPELINING, where a test does not try both."""
    return True


@pytest.fixture
async def here(posted: Posted, tmp_path: Path, pipelining: bool) -> AsyncIterator[Trial]:
    """Give three mails and one connection: bert's goes between anna's and zoe's."""
    relay = ScriptedRelay(pipelining=pipelining)
    await relay.start()
    address = f"smtp://127.0.0.1:{relay.port}"
    with posted.copy(tmp_path, relay=address, connections=1) as made:
        async with trial(made, relay) as ready:
            yield ready


@CAUTIOUS
@pytest.mark.parametrize(("step", "_what", "act", "fate"), CELLS)
async def test_a_reply_changes_this_row_and_no_other(
    here: Trial, step: Step, _what: str, act: Act, fate: Fate
) -> None:
    here.on(step, act, BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=fate, zoe=SENT)
    assert [len(here.copies(one)) for one in (ANNA, ZOE)] == [1, 1]


@CAUTIOUS
@pytest.mark.parametrize("step", STEPS)
async def test_421_never_counts(here: Trial, step: Step) -> None:
    here.on(step, say_and_close("421 4.7.0 too much"), BERT, times=4)
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert here.nobody_is_blamed()


@pytest.mark.parametrize(("step", "_what", "act", "fate"), BLAMELESS)
async def test_no_signer_is_blamed_for_a_fault_of_ours_or_of_the_relay(
    here: Trial, step: Step, _what: str, act: Act, fate: Fate
) -> None:
    here.relay.on(step, act, EVERYBODY_AND_US)
    await here.start()
    await here.until(lambda: any(here.meets(one, fate) for one in EVERYBODY))
    assert here.nobody_is_blamed()


# After the final dot


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
    assert here.nobody_is_blamed()


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


# Before it


@CAUTIOUS
@pytest.mark.parametrize("count", [1, 500, 3000])
async def test_a_body_that_was_cut_short_is_safely_sent_again_without_counting(
    here: Trial, narrow: None, count: int
) -> None:
    here.on(Step.BODY, cut(count), BERT, times=3)
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert here.each_has_one_mail()


@CAUTIOUS
async def test_a_relay_that_stops_reading_is_left_and_the_mail_sent_again(
    here: Trial, narrow: None
) -> None:
    here.on(Step.BODY, silent(), BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert here.each_has_one_mail()


@CAUTIOUS
async def test_a_refusal_in_the_middle_of_the_body_is_heard(here: Trial, narrow: None) -> None:
    here.on(Step.BODY, say_and_stare("552 5.3.4 message too big"), BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=OURS, zoe=SENT)


# Whose reply it is


@CAUTIOUS
@pytest.mark.parametrize("step", STEPS)
async def test_a_late_reply_is_never_taken_for_that_of_the_next(here: Trial, step: Step) -> None:
    here.on(step, late(2 * IMPATIENCE, "550 5.1.1 user unknown"), BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=UNKNOWN if step is Step.DOT else AGAIN, zoe=SENT)
    await here.settles(3 * IMPATIENCE)
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


# Replies of a kind


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


# MAIL refused again and again


async def test_a_mail_whose_sender_is_refused_three_times_while_others_pass_is_held(
    here: Trial,
) -> None:
    here.on(Step.MAIL, say("550 5.1.8 sender refused"), BERT, times=9)
    await here.start()
    await here.comes_to(anna=SENT, bert=LATER, zoe=SENT)
    for title in ("More", "Yet more"):
        sent = here.sender.pace.sent
        here.world.post(title=title)
        here.world.pass_time(minutes=11)
        await here.world.tick()
        await here.until(lambda: here.sender.pace.sent == sent + 3)
    await here.settles()
    here.world.pass_time(minutes=11)
    await here.comes_to(anna=SENT, bert=OURS, zoe=SENT)


async def test_twenty_senders_refused_in_a_row_halt_the_mailing_and_say_why(here: Trial) -> None:
    here.relay.on(Step.MAIL, say("550 5.1.8 sender refused"), EVERYBODY_AND_US, times=999)
    await here.start()
    for _ in range(40):
        here.world.pass_time(seconds=301)
        await here.settles(0.1)
    assert here.halted()
    assert here.nobody_is_blamed()
    assert {mail.attempts for _, mail in here.world.mails()} == {0}
