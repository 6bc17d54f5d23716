"""`feedsvc signers import` judges each row by the rule, and `export` writes what it reads again."""

import csv
import hashlib
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, delete, select
from typer.testing import Result

from feedsvc import __version__
from feedsvc.actions import erase, leave, move
from feedsvc.actions.forget import forget_unconfirmed
from feedsvc.domain.tables.doors import AddressChange, Confirmation, ImportRun
from feedsvc.domain.tables.ledger import Mail, Snapshot
from feedsvc.domain.tables.people import Ending, Reach, Signature, Signer, Subscription, Suppression
from feedsvc.domain.tables.staff import AuditLine
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.errors import Invalid, Misconfigured, NotFound
from feedsvc.gateways.lists.records import Form
from tests.commands.lists import CONSENT, Lists
from tests.world import START, World

ANNA, BEA = "anna@example.org", "bea@example.org"


@pytest.fixture
def lists(run: Callable[..., Result], here_and_now: World, tmp_path: Path) -> Lists:
    """Give an installation with a petition, and lists to import into it."""
    here_and_now.campaign(kind="petition")
    return Lists(run, here_and_now, tmp_path)


def suppress(here: World, email: str, reach: Reach, reason: str) -> None:
    """Suppress an address."""
    index = here.here.keys.address_index(email)
    row = Suppression(address_index=index, reach=reach, reason=reason, created_at=here.now)
    here.write(lambda session: session.add(row))


def test_a_row_with_a_consent_is_confirmed_as_of_now(lists: Lists) -> None:
    lists.here.post()
    lists.take("email,name", f"{ANNA},Anna")
    (wish,) = lists.wishes(ANNA)
    assert (wish.confirmed_at, wish.after_arrival) == (START, 1)
    assert wish.consent_source == "import: form"
    assert wish.consented_at == datetime(2025, 6, 1, tzinfo=UTC)
    assert lists.signer(ANNA).confirmed_at == START


def test_who_was_imported_hears_of_what_comes_after(lists: Lists) -> None:
    lists.here.post(title="Before")
    lists.take("email,name", f"{ANNA},Anna")
    lists.here.post(title="After")
    lists.here.run(minutes=40)
    assert [delivery.notice_id for delivery in lists.here.deliveries()] == [2]
    assert lists.here.books().eligible == 1


def test_names_of_a_petition_are_signatures_and_counted(lists: Lists) -> None:
    lists.take("email,name", f"{ANNA},Anna", f"{BEA},", "carl@example.org,Carl")
    assert lists.campaign().signatures == 2
    assert lists.name(ANNA) == "Anna"


def test_a_statement_takes_no_signatures(lists: Lists) -> None:
    lists.here.campaign("stone")
    lists.take("email,name", f"{ANNA},Anna", slug="stone")
    assert (lists.campaign("stone").signatures, lists.name(ANNA)) == (0, None)


@pytest.mark.parametrize("options", [(), CONSENT[:2], CONSENT[2:]])
def test_without_source_or_date_people_are_asked_one_after_the_other(
    lists: Lists, options: tuple[str, ...]
) -> None:
    lists.take(
        "email,name", f"{ANNA},Anna", f"{BEA},Bea", options=(*options, "--ask-per-hour", "60")
    )
    assert lists.signer(ANNA).ask_at == START
    assert lists.signer(BEA).ask_at == START + timedelta(minutes=1)
    (wish,) = lists.wishes(BEA)
    assert (wish.confirmed_at, wish.consent_source) == (None, "import")
    assert wish.created_at == lists.signer(BEA).signed_up_at == START + timedelta(minutes=1)
    assert lists.campaign().signatures == 0


def test_who_is_asked_is_sent_one_mail_and_may_confirm(lists: Lists) -> None:
    lists.take("email,name", f"{ANNA},Anna", options=())
    lists.here.run()
    assert lists.here.confirm(lists.here.signer_id(ANNA))
    assert lists.wishes(ANNA)[0].live
    assert lists.campaign().signatures == 1


def test_a_second_list_is_asked_after_the_first(lists: Lists) -> None:
    many = [f"p{number}@example.org" for number in range(1_001)]
    lists.take("email", *many, options=("--ask-per-hour", "3600"))
    assert lists.signer(many[-1]).ask_at == START + timedelta(seconds=1_000)


def test_an_earlier_leave_wins(lists: Lists) -> None:
    lists.here.leave(lists.here.join(ANNA))
    assert "1  kept out: they have left" in lists.take("email", ANNA)
    assert [wish.ending for wish in lists.wishes(ANNA)] == [Ending.LEFT]


def test_a_newer_consent_wins_over_a_leave(lists: Lists) -> None:
    lists.here.leave(lists.here.join(ANNA))
    lists.here.pass_time(days=2)
    lists.take("email,consent source,consent date", f"{ANNA},stall,2026-03-03", options=())
    assert [wish.live for wish in lists.wishes(ANNA)] == [False, True]


def test_a_leave_wins_though_somebody_has_signed_that_address_up_since(lists: Lists) -> None:
    lists.here.leave(lists.here.join(ANNA))
    lists.here.pass_time(days=1)
    lists.here.sign_up(ANNA)
    assert "kept out: they have left" in lists.take("email,name", f"{ANNA},Anna")
    assert [wish.confirmed_at for wish in lists.wishes(ANNA)][1:] == [None]


def test_who_left_is_not_asked_either(lists: Lists) -> None:
    lists.here.leave(lists.here.join(ANNA))
    lists.take("email", ANNA, options=())
    assert lists.signer(ANNA).ask_at is None


def test_an_address_that_bounced_is_taken_and_stays_suppressed(lists: Lists) -> None:
    suppress(lists.here, ANNA, Reach.BULK, "dead")
    lists.take("email", ANNA)
    assert lists.wishes(ANNA)[0].live
    left = lists.here.read(lambda s: s.exec(select(Suppression.lifted_at)).all())
    assert left == [None]


def test_an_address_that_bounced_is_not_asked(lists: Lists) -> None:
    suppress(lists.here, ANNA, Reach.BULK, "dead")
    assert "1  kept out: suppressed" in lists.take("email", ANNA, options=())


@pytest.mark.parametrize(
    ("reason", "said"), [("erased", "kept out: erased"), ("never", "kept out: suppressed")]
)
def test_who_must_never_be_written_to_is_kept_out_and_not_named(
    lists: Lists, reason: str, said: str
) -> None:
    suppress(lists.here, ANNA, Reach.ALL, reason)
    told = lists.take("email,name", f"{ANNA},Anna", f"{BEA},Bea")
    assert f"1  {said}" in told
    assert ANNA not in told
    assert list(lists.people()) == [BEA]


def test_an_open_subscription_keeps_its_cadence_and_confirmation(lists: Lists) -> None:
    lists.here.join(ANNA, cadence="weekly", name="Anna")
    lists.here.pass_time(days=1)
    assert "1  unchanged" in lists.take("email,name,cadence", f"{ANNA},Other,daily")
    (wish,) = lists.wishes(ANNA)
    assert (wish.cadence, wish.confirmed_at, lists.name(ANNA)) == ("weekly", START, "Anna")


def test_a_pending_one_is_confirmed_by_a_row_with_consent(lists: Lists) -> None:
    lists.here.sign_up(ANNA, cadence="weekly")
    lists.take("email", ANNA)
    (wish,) = lists.wishes(ANNA)
    assert (wish.live, wish.cadence, wish.consent_source) == (True, "weekly", "import: form")
    assert lists.campaign().signatures == 1


def test_a_pending_one_is_not_confirmed_without(lists: Lists) -> None:
    lists.here.sign_up(ANNA)
    lists.take("email", ANNA, options=())
    assert not lists.wishes(ANNA)[0].live


def test_a_name_fills_an_empty_name(lists: Lists) -> None:
    lists.here.join(ANNA, name="")
    lists.take("email,name", f"{ANNA},Anna")
    assert (lists.name(ANNA), lists.campaign().signatures) == ("Anna", 1)


def test_who_is_twice_in_the_list_is_one_person(lists: Lists) -> None:
    told = lists.take(
        "email,name,consent source,consent date",
        f"{ANNA},,,",
        f"{ANNA.upper()},Anna,stall,2025-01-01",
        f"{ANNA},Later,stall,2025-01-01",
        options=(),
    )
    assert "2  unchanged" in told
    assert (len(lists.wishes(ANNA)), lists.name(ANNA)) == (1, "Anna")
    assert lists.wishes(ANNA)[0].live


def test_who_left_another_tool_is_not_taken(lists: Lists) -> None:
    told = lists.take("email,status", f"{ANNA},unsubscribed", f"{BEA},Active")
    assert "1  kept out: they have left" in told
    assert list(lists.people()) == [BEA]


MAILCHIMP = "Email Address,First Name,OPTIN_TIME,CONFIRM_TIME"
GIVEN = "Anna,2025-06-01 10:00:00,2025-06-01 10:05:00"


def test_who_unsubscribed_elsewhere_after_they_agreed_is_kept_out(lists: Lists) -> None:
    told = lists.take(f"{MAILCHIMP},UNSUB_TIME", f"{ANNA},{GIVEN},2025-09-01 08:00:00")
    assert "1  kept out: they have left" in told
    (wish,) = lists.wishes(ANNA)
    assert (wish.ending, wish.ended_at) == (Ending.LEFT, datetime(2025, 9, 1, 8, tzinfo=UTC))


def test_who_unsubscribed_elsewhere_is_not_asked_either(lists: Lists) -> None:
    told = lists.take("email,unsubscribed_at", f"{ANNA},2025-09-01", options=())
    assert "1  kept out: they have left" in told
    assert lists.people() == {}


def test_who_agreed_after_they_unsubscribed_is_taken(lists: Lists) -> None:
    lists.take(f"{MAILCHIMP},UNSUB_TIME", f"{ANNA},{GIVEN},2025-05-01 08:00:00")
    assert lists.wishes(ANNA)[0].live


@pytest.mark.parametrize("options", [(), CONSENT])
def test_who_was_cleaned_elsewhere_is_kept_out(lists: Lists, options: tuple[str, ...]) -> None:
    line = f"{ANNA},{GIVEN},2025-09-01 08:00:00"
    told = lists.take(f"{MAILCHIMP},CLEAN_TIME", line, options=options)
    assert "1  kept out: suppressed" in told
    assert lists.people() == {}


@pytest.mark.parametrize(
    ("column", "options"), [("campaign", CONSENT), ("Cause", (*CONSENT, "--map", "Cause=campaign"))]
)
def test_a_row_of_another_campaign_is_passed_over(
    lists: Lists, column: str, options: tuple[str, ...]
) -> None:
    told = lists.take(f"email,{column}", f"{ANNA},forest", f"{BEA},river", options=options)
    assert "1  passed over: another campaign" in told
    assert list(lists.people()) == [BEA]


def test_an_import_into_a_statement_says_that_names_are_not_kept(lists: Lists) -> None:
    lists.here.campaign("stone")
    lists.write("email,name", f"{ANNA},Anna")
    assert "names are not kept" in lists.run(*CONSENT, slug="stone").stderr
    assert "names are not kept" not in lists.run(*CONSENT).stderr


def test_a_consent_in_the_future_is_refused(lists: Lists) -> None:
    lists.take("email,consent source,consent date", f"{ANNA},form,2030-01-01", options=())
    assert "lies in the future" in lists.refused.read_text()
    assert lists.people() == {}


def test_bad_lines_are_named_and_stop_no_other(lists: Lists) -> None:
    good = [f"p{number}@example.org,2017-12-07" for number in range(1_200)]
    for place in range(0, 1_200, 100):
        good[place] = f"bad address {place},2017-12-07"
    told = lists.take("email,signed on", *good)
    refused = lists.refused.read_text().splitlines()
    assert "1,188  added" in told
    assert [row.split(",")[0] for row in refused[1:]] == [str(n + 2) for n in range(0, 1_200, 100)]
    assert stat.S_IMODE(lists.refused.stat().st_mode) == 0o600


def test_refused_lines_can_be_mended_and_imported_again(lists: Lists) -> None:
    lists.take("email,name", "anna(at)example.org,'=Anna")
    mended = lists.refused.read_text().replace("(at)", "@")
    lists.take(*mended.splitlines())
    assert lists.name(ANNA) == "=Anna"
    assert not lists.refused.exists()


def test_an_import_that_was_done_changes_nothing_when_it_is_run_again(lists: Lists) -> None:
    rows = ("email,name", f"{ANNA},Anna", f"{BEA},Bea", "carl@example.org,")
    lists.take(*rows, options=())
    before = {name: rows for name, rows in lists.here.dump().items() if name != "audit_line"}
    lists.take(*rows, options=())
    after = {name: rows for name, rows in lists.here.dump().items() if name != "audit_line"}
    assert after | {"import_run": None} == before | {"import_run": None}


def test_a_dry_run_stores_nothing(lists: Lists) -> None:
    before = lists.here.dump()
    told = lists.take("email", ANNA, ANNA, BEA, "x", options=(*CONSENT, "--dry-run"))
    assert "2  added" in told
    assert "1  unchanged" in told
    assert "1  refused" in told
    assert lists.here.dump() == before


def test_a_list_that_comes_again_changes_nothing_and_says_so(lists: Lists) -> None:
    assert "river: 1 row (" in lists.take("email,name", f"{ANNA},Anna")
    told = lists.take("email,name", f"{ANNA},Anna")
    assert "1  unchanged" in told
    assert "0  merged" in told


def test_a_name_that_fills_an_empty_one_is_merged(lists: Lists) -> None:
    lists.take("email,name,status", f"{ANNA},Anna,signed")
    lists.here.join(ANNA, name="")
    assert "1  merged" in lists.take("email,name", f"{ANNA},Anna")
    assert lists.name(ANNA) == "Anna"


def test_a_list_in_latin_1_is_refused_line_by_line_with_what_to_do(lists: Lists) -> None:
    lists.file.write_bytes(f"email,name\n{ANNA},Zo\xeb\n{BEA},Bea\n".encode("latin-1"))
    assert lists.run(*CONSENT).exit_code == 0
    assert list(lists.people()) == [BEA]
    assert b"CSV UTF-8 (Comma delimited)" in lists.refused.read_bytes()


def test_an_empty_list_is_said_to_be_empty(lists: Lists) -> None:
    lists.file.write_bytes(b"\n")
    with pytest.raises(Invalid, match="file: is empty"):
        raise lists.run().exception or AssertionError


def test_a_list_without_addresses_is_refused_with_what_was_found(lists: Lists) -> None:
    lists.write("Name,Town", "Anna,Homs")
    with pytest.raises(Invalid, match="'Name', 'Town'"):
        raise lists.run().exception or AssertionError


def test_an_unknown_campaign_is_refused_with_what_there_is(lists: Lists) -> None:
    lists.write("email", ANNA)
    with pytest.raises(NotFound, match="There are: river"):
        raise lists.run(slug="nowhere").exception or AssertionError


def test_a_list_that_is_not_there_is_said_so(lists: Lists) -> None:
    with pytest.raises(Misconfigured, match="No such file"):
        raise lists.run().exception or AssertionError


def test_an_import_is_audited_without_names(lists: Lists) -> None:
    lists.take("email,name", f"{ANNA},Anna")
    lines = lists.here.read(
        lambda s: s.exec(select(AuditLine).where(AuditLine.what == "import signers")).all()
    )
    assert [(one.about, one.detail) for one in lines] == [("river", "begun"), ("river", "added 1")]


def test_what_is_remembered_of_a_list_does_not_tell_who_was_in_it(lists: Lists) -> None:
    lists.take("email", ANNA)
    run = lists.here.read(lambda s: s.exec(select(ImportRun)).one())
    said: tuple[object, ...] = (Form.CSV, [], (*CONSENT[1::2], ""), None, __version__)
    guessed = hashlib.sha256(lists.file.read_bytes() + repr(said).encode())
    keyed = lists.here.here.keys.hash(guessed.hexdigest(), "list")
    assert (run.file == guessed.digest(), run.file == keyed) == (False, True)


def test_a_run_that_was_interrupted_goes_on_behind_its_last_chunk(lists: Lists) -> None:
    lists.take("email", ANNA, BEA)

    def interrupt(session: Session) -> None:
        run = session.exec(select(ImportRun)).one()
        run.ended_at, run.lines, run.bytes_read = None, 2, len(f"email\n{ANNA}\n")
        run.counts = {"added": 1}

    lists.here.write(interrupt)
    told = lists.run(*CONSENT).stdout
    assert "2 rows" in told
    assert "1  unchanged" in told


def test_a_run_that_was_interrupted_within_a_window_takes_the_rest_of_it(lists: Lists) -> None:
    lists.take("email", ANNA, BEA, "carl@example.org")

    def interrupt(session: Session) -> None:
        run = session.exec(select(ImportRun)).one()
        run.ended_at, run.lines, run.bytes_read, run.stored = None, 0, 0, 1
        run.counts = {"added": 1}

    lists.here.write(interrupt)
    told = lists.run(*CONSENT).stdout
    assert "3 rows" in told
    assert "2  unchanged" in told


def test_who_is_often_in_a_list_is_one_person(lists: Lists) -> None:
    told = lists.take("email", *[ANNA] * 20, BEA)
    assert "2  added" in told
    assert "19  unchanged" in told


def test_who_is_asked_keeps_their_turn_among_people_with_consent(lists: Lists) -> None:
    people = [f"p{n}@example.org" for n in range(40)]
    rows = [f"{one},{'2025-06-01' if place % 4 else ''}" for place, one in enumerate(people)]
    options = ("--consent-source", "form", "--ask-per-hour", "60")
    lists.take("email,consent date", *rows, options=options)
    turns = [lists.signer(one).ask_at for one in people[::4]]
    assert turns == [START + timedelta(minutes=n) for n in range(10)]


def test_what_was_exported_makes_the_same_people_elsewhere(
    lists: Lists, run: Callable[..., Result], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lists.here.join(ANNA, name="=Anna", cadence="weekly", language="ar", time_zone="Asia/Damascus")
    lists.here.join(BEA, name="'+Bea")
    lists.here.leave(lists.here.join("gone@example.org", name="Gone"))
    lists.here.sign_up("waits@example.org", name="@Waits")
    before, exported = lists.people(), lists.export()
    lists.here.campaign("elsewhere", kind="petition")
    forget(lists.here)
    lists.take(*exported.replace("river", "elsewhere").splitlines(), options=(), slug="elsewhere")
    assert lists.people() == before
    assert lists.campaign("elsewhere").signatures == 3


def forget(here: World) -> None:
    """Forget everybody: another installation would know nobody."""

    def forget(session: Session) -> None:
        for table in (Snapshot, Mail, Confirmation, Signature, Subscription, Signer):
            session.execute(delete(table))

    here.write(forget)


def test_an_export_runs_in_no_spreadsheet(lists: Lists) -> None:
    lists.here.join(ANNA, name="=cmd()")
    assert ",'=cmd()," in lists.export()
    assert '"name":"=cmd()"' in lists.export(ending="ndjson")


def test_an_export_is_for_its_owner_only_and_audited(lists: Lists) -> None:
    lists.here.join(ANNA)
    lists.export("--campaign", "river")
    assert stat.S_IMODE((lists.file.parent / "out.csv").stat().st_mode) == 0o600
    newest = select(AuditLine).order_by(col(AuditLine.id).desc())
    line = lists.here.read(lambda s: s.exec(newest).first())
    assert (line.what, line.about) == ("export signers", "river")


def test_a_leave_is_exported_though_the_same_address_was_signed_up_since_and_lapsed(
    lists: Lists,
) -> None:
    lists.here.leave(lists.here.join(ANNA))
    lists.here.sign_up(ANNA)
    lists.here.pass_time(days=9)
    lists.here.write(forget_unconfirmed, now=lists.here.now)
    [line] = csv.DictReader(lists.export().splitlines())
    assert (line["email"], line["state"], line["left_at"] != "") == (ANNA, "left", True)


def test_who_took_a_leave_back_is_exported_as_confirmed_when_they_first_were(
    lists: Lists,
) -> None:
    signer_id = lists.here.join(ANNA)
    for _ in range(2):
        lists.here.pass_time(minutes=5)
        left_at = lists.here.now
        lists.here.leave(signer_id)
        lists.here.pass_time(minutes=5)
        act = {"campaigns": None, "left_at": left_at, "now": lists.here.now}
        lists.here.write(leave.undo, signer_id, **act)
    [line] = csv.DictReader(lists.export().splitlines())
    assert (line["state"], line["confirmed_at"]) == ("live", "2026-03-02T09:00:00Z")


def test_who_was_erased_is_in_no_export(lists: Lists) -> None:
    signer_id = lists.here.join(ANNA)
    lists.here.write(leave.leave, signer_id, campaigns=None, now=lists.here.now)
    lists.here.write(lambda s: s.get(Signer, signer_id).forget())
    assert ANNA not in lists.export()


def moved(here: World) -> int:
    """Let somebody move from ANNA to BEA."""
    anna = here.join(ANNA)
    here.write(move.ask_to_move, anna, BEA, keys=here.here.keys, now=here.now)
    change = here.read(lambda s: s.exec(select(AddressChange.id)).one())
    for purpose in (Purpose.MOVE_FROM, Purpose.MOVE_TO):
        here.write(move.agree, Token(purpose, anna, change), keys=here.here.keys, now=here.now)
    return anna


def test_who_left_where_they_had_moved_to_is_not_brought_back_at_the_old_address(
    lists: Lists,
) -> None:
    lists.here.leave(moved(lists.here))
    assert "1  kept out: they have left" in lists.take("email,name", f"{ANNA},Anna")


def test_who_was_erased_where_they_had_moved_to_is_not_brought_back_at_the_old_address(
    lists: Lists,
) -> None:
    lists.here.write(erase.erase, moved(lists.here), now=lists.here.now)
    assert "1  kept out: erased" in lists.take("email,name", f"{ANNA},Anna")
