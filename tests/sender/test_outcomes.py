"""Every cell of the table of outcomes, at every stage: whose row it changes, and how."""

from pathlib import Path

import pytest

from tests.sender.acts import hang_up, raw, say, say_and_close, silent
from tests.sender.scripted import Act, ScriptedRelay, Step
from tests.sender.trial import (
    AGAIN,
    ANNA,
    BERT,
    CAUTIOUS,
    DEFERRED,
    LATER,
    OURS,
    SENT,
    STEPS,
    THEIRS,
    UNKNOWN,
    ZOE,
    Fate,
    Trial,
    begun,
    hurry,
)

NONSENSE = raw(0, b"what do you mean?\r\n")

TABLE: list[tuple[Step, str, Act, Fate]] = [
    (Step.MAIL, "4xx", say("451 4.3.0 try later"), LATER),
    (Step.MAIL, "5xx theirs", say("550 5.1.1 user unknown"), LATER),
    (Step.MAIL, "5xx ours", say("550 5.7.1 sender refused"), LATER),
    (Step.MAIL, "421", say_and_close("421 4.3.2 closing"), AGAIN),
    (Step.MAIL, "drop", hang_up, AGAIN),
    (Step.MAIL, "silence", silent(), AGAIN),
    (Step.MAIL, "nonsense", NONSENSE, AGAIN),
    (Step.MAIL, "out of step", say("354 go on"), AGAIN),
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


@CAUTIOUS
@pytest.mark.parametrize(("step", "_what", "act", "fate"), CELLS)
async def test_a_reply_changes_this_row_and_no_other(
    here: Trial, step: Step, _what: str, act: Act, fate: Fate
) -> None:
    here.on(step, act, BERT)
    await here.start()
    await here.comes_to(anna=SENT, bert=fate, zoe=SENT)
    assert here.blamed() == ([BERT] if fate is THEIRS else [])
    assert [len(here.copies(one)) for one in (ANNA, ZOE)] == [1, 1]


@CAUTIOUS
@pytest.mark.parametrize("step", STEPS)
async def test_421_never_counts(here: Trial, step: Step) -> None:
    here.on(step, say_and_close("421 4.7.0 too much"), BERT, times=4)
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)


async def test_all_at_once_on_several_connections_change_their_own_rows_only(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, impatience=1.5)  # so many at once take their time
    wanted = {f"row{n}@example.org": row[3] for n, row in enumerate(TABLE)}
    innocent = {f"beside{n}@example.org": SENT for n in range(len(TABLE))}
    everybody = [one for pair in zip(wanted, innocent, strict=True) for one in pair]
    relay = ScriptedRelay()
    async with begun(database_url, tmp_path, relay, *everybody, connections=4) as here:
        for address, (step, _what, act, _fate) in zip(wanted, TABLE, strict=True):
            here.on(step, act, address)
        await here.start()
        await here.all_come_to(wanted | innocent, seconds=40)
        assert [len(here.copies(one)) for one in innocent] == [1] * len(innocent)
        assert here.blamed() == [one for one, fate in wanted.items() if fate is THEIRS]


async def test_a_mail_whose_sender_is_refused_three_times_while_others_pass_is_held(
    here: Trial,
) -> None:
    here.on(Step.MAIL, say("550 5.1.8 sender refused"), BERT, times=9)
    await here.start()
    await here.comes_to(anna=SENT, bert=LATER, zoe=SENT)
    for title in ("More", "Yet more"):
        await here.post_more(title)
    await here.settles()
    here.world.pass_time(minutes=11)
    await here.comes_to(anna=SENT, bert=OURS, zoe=SENT)


async def test_twenty_senders_refused_in_a_row_halt_the_mailing_and_say_why(here: Trial) -> None:
    here.on(Step.MAIL, say("550 5.1.8 sender refused"), times=999)
    await here.start()
    for _ in range(100):
        here.world.pass_time(seconds=31)
        await here.settles(0.05)
        if here.halted():
            break
    assert "5.1.8 sender refused" in here.halted()
    assert here.blamed() == []
    assert {mail.attempts for _, mail in here.world.mails()} == {0}


CROWD = tuple(f"row{n}@example.org" for n in range(24))


async def test_greylisting_puts_everybody_off_once(
    sqlite_url: str, tmp_path: Path, hurried: None
) -> None:
    async with begun(sqlite_url, tmp_path, ScriptedRelay(), *CROWD) as here:
        here.on(Step.RCPT, say("450 4.7.1 greylisted"), times=len(CROWD))
        await here.start()
        await here.all_come_to(dict.fromkeys(CROWD, DEFERRED))
        here.world.pass_time(minutes=7)
        await here.all_come_to(dict.fromkeys(CROWD, Fate("sent", None, 2)))


async def test_a_relay_that_says_421_after_every_few_mails_gets_all_of_them_once(
    sqlite_url: str, tmp_path: Path, hurried: None
) -> None:
    async with begun(sqlite_url, tmp_path, ScriptedRelay(), *CROWD, connections=2) as here:
        for taken in range(5, 60, 5):
            here.on(Step.MAIL, say_and_close("421 4.7.0 enough for now"), skip=taken)
        await here.start()
        await here.all_come_to(dict.fromkeys(CROWD, SENT))
        assert here.each_has_one_mail()


async def test_a_connection_is_not_kept_until_the_relay_punishes_it_for_the_refused(
    sqlite_url: str, tmp_path: Path, hurried: None
) -> None:
    async with begun(sqlite_url, tmp_path, ScriptedRelay(), *CROWD) as here:
        here.on(Step.RCPT, say("550 5.1.1 user unknown"), times=12)
        await here.start()
        await here.all_come_to(dict.fromkeys(CROWD[:12], THEIRS) | dict.fromkeys(CROWD[12:], SENT))
        refused = [one.connection for one in here.relay.heard if (Step.RCPT, 550) in one.answers]
        assert max(refused.count(number) for number in refused) < 10
