"""`feedsvc explain` says where a person stands and why, and notes that it was asked."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlmodel import Session, col, select
from typer.testing import Result

from feedsvc.actions import leave
from feedsvc.domain.tables.ledger import Mail, MailState, Notice
from feedsvc.domain.tables.people import Because, Cadence, Reach, Suppression
from feedsvc.domain.tables.staff import AuditLine
from feedsvc.errors import FeedsvcError, NotFound
from tests.world import World

ANNA = "wilhelmina.planted@needle.example.org"
Explain = Callable[..., Result]


@pytest.fixture
def explain(run: Explain) -> Explain:
    """Run the command beside the installation."""
    return partial(run, "explain")


def audited(here: World) -> list[tuple[str, str, str, str]]:
    lines = here.read(lambda s: s.exec(select(AuditLine).order_by(col(AuditLine.id))).all())
    return [(one.who, one.what, one.about, one.detail) for one in lines if one.what == "explain"]


def become(here: World, **fields: Any) -> None:
    """Give the newest mail these values."""

    def change(session: Session) -> None:
        newest = session.exec(select(Mail).order_by(col(Mail.id).desc())).first()
        assert newest
        newest.sqlmodel_update(fields)

    here.write(change)


def stop(here: World, **fields: Any) -> None:
    """Give the newest notice these values."""

    def change(session: Session) -> None:
        newest = session.exec(select(Notice).order_by(col(Notice.id).desc())).first()
        assert newest
        newest.sqlmodel_update(fields)

    here.write(change)


def plain(result: Result) -> str:
    """Join what the width of a terminal has broken."""
    assert result.exit_code == 0, result.exception
    return " ".join(result.stdout.split())


def test_an_unknown_address_is_an_error_and_noted(explain: Explain, here_and_now: World) -> None:
    result = explain(ANNA)
    assert isinstance(result.exception, NotFound)
    assert "Nothing is on record" in str(result.exception)
    assert audited(here_and_now) == [("command line", "explain", "nobody on record", "")]


def test_what_is_no_address_is_refused(explain: Explain, here_and_now: World) -> None:
    assert isinstance(explain("nobody").exception, FeedsvcError)
    assert audited(here_and_now) == []


def test_who_has_only_just_signed_has_not_confirmed(explain: Explain, here_and_now: World) -> None:
    here_and_now.campaign(kind="petition")
    here_and_now.sign_up(ANNA)
    text = plain(explain(ANNA))
    assert "not confirmed: no news is mailed" in text
    assert "river: immediate, not confirmed" in text
    assert "(confirm) queued: it is in the queue" in text
    assert "Deliveries, the newest first: none" in text


def test_who_was_asked_is_said_to_be_reminded_and_then_not_to_be_asked_again(
    explain: Explain, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.sign_up(ANNA)
    text = plain(explain(ANNA))
    assert "asked to confirm at 2026-03-02 09:00:00 UTC, and has not answered" in text
    assert "can say yes until 2026-03-09 09:00:00 UTC" in text
    assert "will be reminded once at 2026-03-04 09:00:00 UTC" in text
    here_and_now.run_until_planned(days=2, minutes=1)
    assert "is not asked again" in plain(explain(ANNA))


def test_mail_that_waits_for_a_sender_says_so(explain: Explain, here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.sign_up(ANNA)
    here_and_now.pass_time(minutes=5)
    assert "Mail waits: no sender runs" in plain(explain(ANNA))


def test_what_settles_waits_with_its_reason(explain: Explain, here_and_now: World) -> None:
    here_and_now.campaign()
    signer = here_and_now.join(ANNA)
    update = here_and_now.post()
    here_and_now.run_until_planned(minutes=1)
    text = plain(explain(ANNA, update.uid))
    assert "river/" in text
    assert "waiting: it settles until 2026-03-02 09:10:00 UTC" in text
    assert audited(here_and_now) == [("command line", "explain", f"signer {signer}", update.uid)]


def test_a_daily_digest_waits_for_its_hour_in_their_zone(
    explain: Explain, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.join(ANNA, cadence=Cadence.DAILY, time_zone="Pacific/Chatham")
    here_and_now.post()
    here_and_now.run_until_planned()
    text = plain(explain(ANNA))
    assert "daily digest (08:00 in Pacific/Chatham), planned at 2026-03-02 18:25:00 UTC" in text


def test_the_hour_is_kept_and_the_run_that_went_by_is_not_promised(
    explain: Explain, here_and_now: World
) -> None:
    here_and_now.campaign()
    signer = here_and_now.join(ANNA, cadence=Cadence.DAILY, time_zone="UTC")
    here_and_now.post()
    until = here_and_now.now.replace(hour=12, day=3)
    here_and_now.write(leave.pause, signer, campaigns=None, until=until)
    here_and_now.run_until_planned(hours=23, minutes=30)  # its hour goes by while they pause
    assert "they paused their mail until 2026-03-03 12:00:00 UTC" in plain(explain(ANNA))
    here_and_now.run_until_planned(hours=4)
    text = plain(explain(ANNA))
    assert "daily digest (08:00 in UTC), planned at 2026-03-04 08:10:00 UTC" in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"paused_at": True}, "the mailing was paused by hand at 2026-03-02 09:11:00 UTC"),
        ({"paused_at": True, "halted": "too many are dead"}, "UTC: too many are dead"),
    ],
)
def test_a_mailing_that_is_stopped_says_so(
    explain: Explain, here_and_now: World, fields: dict[str, Any], words: str
) -> None:
    here_and_now.campaign()
    here_and_now.join(ANNA)
    here_and_now.post()
    here_and_now.run_until_planned()
    stop(here_and_now, **(fields | {"paused_at": here_and_now.now}))
    assert words in plain(explain(ANNA))


def test_a_mail_tells_its_story(explain: Explain, here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.join(ANNA)
    here_and_now.post()
    here_and_now.run_until_planned()
    become(
        here_and_now,
        state=MailState.DEFERRED,
        due_at=here_and_now.now.replace(hour=11),
        attempts=2,
        connection=3,
        position=7,
        reply="rcpt: 451 4.7.1 try again later",
    )
    text = plain(explain(ANNA))
    assert "mailed: the relay put it off; it is tried again at 2026-03-02 11:11:00 UTC" in text
    assert "2 attempts" in text
    assert "last on connection 3, position 7" in text
    assert "the relay said: rcpt: 451 4.7.1 try again later" in text


def test_an_update_without_a_delivery_says_why(explain: Explain, here_and_now: World) -> None:
    here_and_now.campaign()
    update = here_and_now.post()
    here_and_now.pass_time(minutes=1)
    here_and_now.join(ANNA)
    here_and_now.run_until_planned()
    text = plain(explain(ANNA, update.uid))
    assert "confirmed at 2026-03-02 09:01:00 UTC, after it had arrived" in text


def test_an_unknown_update_is_an_error(explain: Explain, here_and_now: World) -> None:
    assert "There is no update" in str(explain(ANNA, "nonesuch").exception)


def test_leaving_and_a_suppression_show_with_their_reasons(
    explain: Explain, here_and_now: World
) -> None:
    here_and_now.campaign()
    signer = here_and_now.join(ANNA)
    here_and_now.post()
    here_and_now.run_until_planned()
    here_and_now.write(leave.never, signer, now=here_and_now.now)
    text = plain(explain(ANNA))
    assert "ended 2026-03-02 09:11:00 UTC: left" in text
    assert "withheld: they left before it was sent" in text
    assert "all mail since 2026-03-02 09:11:00 UTC evidence: asked never to be written" in text


def test_a_reason_for_leaving_shows(explain: Explain, here_and_now: World) -> None:
    here_and_now.campaign()
    signer, now = here_and_now.join(ANNA), here_and_now.now
    here_and_now.leave(signer)
    why = {"campaigns": None, "left_at": now, "why": Because.TOO_MUCH, "now": now}
    here_and_now.write(leave.because, signer, **why)
    assert "UTC: left (too much)" in plain(explain(ANNA))


def test_a_suppression_outlives_its_signer(explain: Explain, here_and_now: World) -> None:
    index = here_and_now.here.keys.address_index(ANNA)
    row = Suppression(
        address_index=index, reach=Reach.ALL, reason="erased", created_at=here_and_now.now
    )
    here_and_now.write(lambda session: session.add(row))
    text = plain(explain(ANNA))
    assert "No signer has this address" in text
    assert "evidence: erased" in text


def test_lines_fit_a_terminal(explain: Explain, here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.join(ANNA, cadence=Cadence.WEEKLY, time_zone="Pacific/Chatham")
    here_and_now.post()
    here_and_now.run_until_planned()
    assert max(map(len, explain(ANNA).stdout.splitlines())) <= 80


def test_only_the_newest_are_listed_unless_all_are_asked_for(
    explain: Explain, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.join(ANNA)
    for number in range(21):
        here_and_now.post(title=f"News {number}")
    here_and_now.run_until_planned()
    assert "(20 of 21; --all" in plain(explain(ANNA))
    assert plain(explain(ANNA, "--all")).count("(digest) queued") == 21


def test_machines_get_json_with_zones(explain: Explain, here_and_now: World) -> None:
    here_and_now.campaign()
    signer = here_and_now.join(ANNA)
    here_and_now.post()
    here_and_now.run_until_planned()
    found = json.loads(explain(ANNA, "--json").stdout)
    assert found["person"]["id"] == signer
    assert found["person"]["confirmed_at"] == "2026-03-02T09:00:00+00:00"
    assert found["deliveries"][0]["mail"]["state"] == "queued"


def test_an_address_can_be_given_out_of_sight(explain: Explain, here_and_now: World) -> None:
    here_and_now.campaign()
    signer = here_and_now.join(ANNA)
    assert plain(explain("-", stdin=f" {ANNA}\n")).startswith(f"Signer {signer}, ")


def test_the_address_and_the_name_are_written_nowhere(
    explain: Explain, here_and_now: World
) -> None:
    here_and_now.campaign(kind="petition")
    here_and_now.join(ANNA, name="Wilhelmina Ünverkennbar")
    here_and_now.post()
    here_and_now.run_until_planned()
    said = explain(ANNA).output + explain(ANNA, "--json").output
    stored = "".join(repr(row) for rows in here_and_now.dump().values() for row in rows)
    assert len(audited(here_and_now)) == 2
    assert [
        word for word in (ANNA, "planted", "needle", "Ünverkennbar") if word in said + stored
    ] == []
