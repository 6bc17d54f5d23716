"""The trouble of the relay is nobody's fault: what waits is untouched, and goes on by itself."""

import ssl
from pathlib import Path

import pytest

from feedsvc.gateways import relay as relays
from feedsvc.records.senders import trouble
from feedsvc.sender import pace, sender
from tests.sender.acts import hang_up, raw, say, say_and_close, silent
from tests.sender.authority import Authority, authority
from tests.sender.scripted import Act, ScriptedRelay, Step
from tests.sender.trial import (
    ANNA,
    BERT,
    OURS,
    SENT,
    THEIRS,
    UNKNOWN,
    Fate,
    Posted,
    Trial,
    begun,
    copied,
)

LOGIN = {"relay_user": "news", "relay_password": "open sesame"}
TROUBLE: list[tuple[Step, str, Act]] = [
    (Step.BANNER, "5xx", say_and_close("554 5.3.2 no service here")),
    (Step.BANNER, "421", say_and_close("421 4.3.2 too busy")),
    (Step.BANNER, "drop", hang_up),
    (Step.BANNER, "silence", silent()),
    (Step.BANNER, "nonsense", raw(0, b"what?\r\n")),
    (Step.EHLO, "4xx", say("451 4.3.0 later")),
    (Step.EHLO, "421", say_and_close("421 4.3.2 too busy")),
    (Step.EHLO, "drop", hang_up),
    (Step.EHLO, "silence", silent()),
    (Step.EHLO, "nonsense", raw(0, b"what?\r\n")),
]
CELLS = [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in TROUBLE]


@pytest.mark.parametrize(("step", "_what", "act"), CELLS)
async def test_trouble_before_the_first_mail_touches_none(
    here: Trial, step: Step, _what: str, act: Act
) -> None:
    here.on(step, act, times=3)
    await here.start()
    await here.until(lambda: bool(here.sender.pace.problem))
    assert here.untouched()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert here.sender.pace.problem == ""
    assert here.blamed() == []


async def test_a_relay_that_is_down_from_the_start_is_waited_for(here: Trial) -> None:
    await here.relay.stop()
    await here.start()
    await here.until(lambda: bool(here.sender.pace.problem))
    here.world.pass_time(minutes=10)
    await here.settles()
    assert here.untouched()
    assert here.sender.pace.problem
    await here.relay.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert here.sender.pace.problem == ""


async def test_a_relay_that_goes_down_in_the_middle_is_waited_for(here: Trial) -> None:
    here.on(Step.RCPT, silent(), BERT, times=99)
    await here.start()
    await here.until(lambda: bool(here.copies(ANNA)))
    await here.relay.stop()
    await here.until(lambda: bool(here.sender.pace.problem))
    here.world.pass_time(minutes=10)
    await here.settles()
    here.relay.forget()
    await here.relay.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert here.each_has_one_mail()
    assert here.blamed() == []


async def test_a_connection_that_ended_while_it_was_idle_touches_no_mail(here: Trial) -> None:
    await here.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    here.relay.hang_up()
    await here.post_more("More")
    assert [mail.attempts for _, mail in here.world.mails()] == [1] * 6
    assert here.relay.connections == 2


async def test_refused_credentials_are_not_tried_again_and_again(
    posted: Posted, tmp_path: Path, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "LONGEST_REST", 300.0)
    relay = ScriptedRelay(login=("news", "another"))
    async with copied(posted, tmp_path, relay, **LOGIN) as here:
        await here.start()
        await here.until(lambda: bool(here.sender.pace.problem))
        await here.settles(0.6)
        assert here.untouched()
        assert relay.connections <= 2
        assert "sesame" not in here.sender.pace.problem


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Make an authority that this machine trusts."""
    made = authority(tmp_path)
    context = ssl.create_default_context(cafile=made.file)
    monkeypatch.setattr(relays, "trusted", lambda: context)
    return made


async def test_mail_goes_by_tls_from_the_first_byte(
    posted: Posted, tmp_path: Path, hurried: None, trusted: Authority
) -> None:
    relay = ScriptedRelay(tls=trusted.shown)
    async with copied(posted, tmp_path, relay, "smtps") as here:
        await here.start()
        await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)


async def test_mail_and_password_go_by_tls_once_it_is_agreed_on(
    posted: Posted, tmp_path: Path, hurried: None, trusted: Authority
) -> None:
    relay = ScriptedRelay(starttls=trusted.shown, login=("news", "open sesame"))
    async with copied(posted, tmp_path, relay, "smtp+starttls", **LOGIN) as here:
        here.on(Step.RCPT, hang_up, BERT)
        await here.start()
        await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    assert [login.partition("(")[2] for login in relay.logins] == ["secured)"] * len(relay.logins)
    assert relay.logins


@pytest.fixture(params=["untrusted", "not offered", "refused", "dropped"])
def insecure(request: pytest.FixtureRequest, tmp_path: Path) -> ScriptedRelay:
    """Give a relay with which no TLS comes about."""
    offered = None if request.param == "not offered" else authority(tmp_path).shown
    relay = ScriptedRelay(starttls=offered, login=("news", "open sesame"))
    if request.param == "refused":
        relay.on(Step.STARTTLS, say("454 4.7.0 TLS not available"), times=99)
    if request.param == "dropped":
        relay.on(Step.STARTTLS, hang_up, times=99)
    return relay


async def test_without_the_tls_that_is_asked_for_nothing_is_said(
    posted: Posted, tmp_path: Path, hurried: None, insecure: ScriptedRelay
) -> None:
    async with copied(posted, tmp_path, insecure, "smtp+starttls", **LOGIN) as here:
        await here.start()
        await here.until(lambda: bool(here.sender.pace.problem))
        await here.settles()
        assert here.untouched()
    assert (insecure.logins, insecure.heard) == ([], [])


# On databases of both kinds


async def test_an_address_that_needs_smtputf8_is_refused_where_it_is_not_offered(
    database_url: str, tmp_path: Path, hurried: None
) -> None:
    relay = ScriptedRelay(utf8=False)
    async with begun(database_url, tmp_path, relay, ANNA, "берт@example.org") as here:
        await here.start()
        await here.until(lambda: here.sender.pace.sent == 1)
        await here.until(
            lambda: here.meets("берт@example.org", Fate("refused", "needs SMTPUTF8", 0))
        )
        assert here.meets(ANNA, SENT)
        assert here.blamed() == []


async def test_an_address_that_needs_smtputf8_is_mailed_where_it_is_offered(
    database_url: str, tmp_path: Path, hurried: None
) -> None:
    async with begun(database_url, tmp_path, ScriptedRelay(), ANNA, "берт@example.org") as here:
        await here.start()
        await here.until(lambda: here.meets("берт@example.org", SENT))
        assert len(here.copies("берт@example.org")) == 1


async def test_a_mail_that_is_larger_than_the_relay_takes_is_held(
    database_url: str, tmp_path: Path, hurried: None
) -> None:
    async with begun(database_url, tmp_path, ScriptedRelay(size=1000)) as here:
        await here.start()
        await here.comes_to(anna=OURS, bert=OURS, zoe=OURS)
        assert here.relay.heard == []


async def test_both_databases_tell_the_same_of_one_mail_after_the_other(
    database_url: str, tmp_path: Path, hurried: None
) -> None:
    async with begun(database_url, tmp_path, ScriptedRelay()) as here:
        here.on(Step.DOT, hang_up, ANNA, times=2)
        here.on(Step.RCPT, say("550 5.1.1 user unknown"), BERT)
        await here.start()
        await here.comes_to(anna=UNKNOWN, bert=THEIRS, zoe=SENT)
        here.world.pass_time(seconds=901)
        await here.comes_to(anna=Fate("unknown", None, 2), bert=THEIRS, zoe=SENT)
        first, second = here.copies(ANNA)
        assert first == second


async def test_both_databases_wait_for_a_relay_that_is_down(
    database_url: str, tmp_path: Path, hurried: None
) -> None:
    async with begun(database_url, tmp_path, ScriptedRelay()) as here:
        await here.relay.stop()
        await here.start()
        await here.until(lambda: bool(here.sender.pace.problem))
        await here.relay.start()
        await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)


async def test_other_processes_are_told_what_is_wrong_with_the_relay(
    here: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "HEARTBEAT", 0.05)
    await here.relay.stop()
    await here.start()
    await here.until(lambda: "SMTPConnectError" in (here.world.read(trouble, here.world.now) or ""))
    await here.relay.start()
    await here.comes_to(anna=SENT, bert=SENT, zoe=SENT)
    await here.until(lambda: here.world.read(trouble, here.world.now) is None)
