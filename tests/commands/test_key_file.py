"""`feedsvc key-file rotate` seals everything anew beside a running service, and loses nothing."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select
from typer.testing import Result

from feedsvc.actions import import_signers, reseal
from feedsvc.commands import key_file
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.doors import AddressChange, Intake
from feedsvc.domain.tables.people import Signer
from feedsvc.domain.tokens import Purpose, Token, read, write
from feedsvc.errors import Conflict, Misconfigured
from feedsvc.gateways import keyfile
from feedsvc.records import facts, sealed
from tests.world import World

ANNA = "anna@example.org"
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for other processes where a test is not about them."""
    monkeypatch.setattr(key_file, "UNTIL_ALL_KNOW", 0.0)


@pytest.fixture
def lived_in(here_and_now: World) -> World:
    """Give a world with something sealed in every column."""
    here_and_now.campaign(kind="petition")
    anna = here_and_now.join(ANNA, name="Anna", time_zone="Pacific/Chatham", language="ar")
    here_and_now.join("bea@example.org")
    here_and_now.post()
    here_and_now.run_until_planned()
    here_and_now.write(_more, here_and_now.here.keys, anna, here_and_now.now)
    return here_and_now


def _more(session: Session, keys: Keys, anna: int, now: Any) -> None:
    address = keys.seal("new@example.org", Sealed.ADDRESS)
    when = {"created_at": now, "expires_at": now}
    session.add(AddressChange.model_validate({"signer_id": anna, "address_sealed": address} | when))
    session.add(Intake(sealed=keys.seal("{}", Sealed.INTAKE), received_at=now))


def rotated(run: Run, *options: str) -> str:
    result = run("key-file", "rotate", "--only-machine", *options)
    assert result.exit_code == 0, result.exception
    return result.output


def contents(here: World) -> dict[str, list[Any]]:
    """Open everything that is sealed, by table."""
    keys = keyfile.read(here.here.settings.keys.file)

    def opened(session: Session) -> dict[str, list[Any]]:
        return {
            place.table: [
                [
                    value and keys.unseal(bytes(value), kind)
                    for value, (_, kind) in zip(row[1:], place.columns, strict=True)
                ]
                for row in sealed.older(session, place, 99, after=0, limit=999)
            ]
            for place in sealed.places()
        }

    found: dict[str, list[Any]] = here.read(opened)
    return found


def test_everything_is_sealed_with_the_new_key_and_says_the_same(lived_in: World, run: Run) -> None:
    before = contents(lived_in)
    said = rotated(run)
    assert "Everything is sealed with key 2" in said
    assert lived_in.read(sealed.count_older, 2) == 0
    assert contents(lived_in) == before
    filled = {table for table, rows in before.items() if rows}
    assert filled >= {"signer", "signature", "snapshot", "address_change", "intake"}


def test_the_running_service_goes_on_with_the_new_key(lived_in: World, run: Run) -> None:
    rotated(run)
    assert lived_in.values(lived_in.mails()[0][1])["address"] == ANNA
    lived_in.join("carl@example.org")
    assert lived_in.read(sealed.count_older, 2) == 0


def test_links_that_were_mailed_before_go_on_working(lived_in: World, run: Run) -> None:
    keys, leaving = lived_in.here.keys, Token(Purpose.LEAVE_ALL, 1)
    mailed = write(leaving, keys)
    rotated(run, "--forget-old")
    reread = keyfile.read(lived_in.here.settings.keys.file)
    assert read(mailed, reread, Purpose.LEAVE_ALL) == leaving


def test_a_new_link_opens_in_a_process_that_has_not_looked_yet(lived_in: World, run: Run) -> None:
    other = keyfile.read(lived_in.here.settings.keys.file)
    rotated(run)
    mailed = write(Token(Purpose.LEAVE_ALL, 1), keyfile.read(lived_in.here.settings.keys.file))
    assert read(mailed, other, Purpose.LEAVE_ALL) is not None


def test_one_that_was_killed_goes_on_with_the_same_key(
    lived_in: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        for size in ("FEW", "CHUNK", "MANY"):
            dying.setattr(key_file, size, 1)
        calls = iter([1, 1])
        going = reseal.reseal
        dying.setattr(reseal, "reseal", lambda *args: (next(calls), going(*args))[1])
        assert run("key-file", "rotate", "--only-machine").exit_code != 0
    assert lived_in.read(sealed.count_older, 2) > 0
    rotated(run)
    assert lived_in.read(sealed.count_older, 2) == 0
    assert set(keyfile.read(lived_in.here.settings.keys.file).seals) == {1, 2}


def test_one_that_was_killed_before_the_file_was_written_goes_on(lived_in: World, run: Run) -> None:
    lived_in.write(facts.rotate, 2)
    rotated(run)
    assert set(keyfile.read(lived_in.here.settings.keys.file).seals) == {1, 2}


def test_a_second_rotation_adds_another_key(lived_in: World, run: Run) -> None:
    rotated(run)
    rotated(run)
    keys = keyfile.read(lived_in.here.settings.keys.file)
    assert (set(keys.seals), keys.current) == ({1, 2, 3}, 3)


def test_the_key_file_stays_for_its_owner_only(lived_in: World, run: Run) -> None:
    rotated(run)
    file = lived_in.here.settings.keys.file
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.glob(".*")] == []


def sealing_with_the_first_key(here: World, times: int) -> Callable[[float], None]:
    """Be a process that has not got the new key, as often as somebody waits for it."""
    first = here.here.keys
    old = Keys(first.index, dict(first.seals), dict(first.tokens), 1)
    late = iter(range(times))

    def meanwhile(_moment: float) -> None:
        if next(late, None) is not None:
            row = Intake(sealed=old.seal("{}", Sealed.INTAKE), received_at=here.now)
            here.write(lambda session: session.add(row))

    return meanwhile


def test_what_is_sealed_with_the_old_key_meanwhile_is_found(
    lived_in: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_file, "wait_until", sealing_with_the_first_key(lived_in, times=2))
    rotated(run)
    assert len(contents(lived_in)["intake"]) == 3
    assert lived_in.read(sealed.count_older, 2) == 0


def test_another_machine_that_keeps_using_the_old_key_is_told_of(
    lived_in: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_file, "wait_until", sealing_with_the_first_key(lived_in, times=99))
    told = run("key-file", "rotate", "--only-machine").exception
    assert isinstance(told, Misconfigured)
    assert "Copy the key file to every machine" in told.remedy


def test_a_row_that_changed_meanwhile_is_not_overwritten(lived_in: World) -> None:
    place = next(one for one in sealed.places() if one.table == "signer")
    rows = lived_in.read(sealed.older, place, 99, after=0, limit=1)
    new = reseal.resealed(place, lived_in.here.keys, rows)
    moved = lived_in.here.keys.seal("elsewhere@example.org", Sealed.ADDRESS)
    lived_in.write(lambda s: setattr(s.get(Signer, rows[0][0]), "address_sealed", moved))
    assert lived_in.write(reseal.reseal, place, rows, new) == 0
    stored = lived_in.read(lambda s: s.get(Signer, rows[0][0]))
    assert stored.address_sealed == moved


def test_a_row_that_does_not_open_stays_and_is_counted(lived_in: World, run: Run) -> None:
    broken = Intake(sealed=bytes([1]) + b"x" * 40, received_at=lived_in.now)
    lived_in.write(lambda session: session.add(broken))
    assert "1 rows do not open" in rotated(run)
    kept = lived_in.read(lambda s: s.exec(select(Intake.sealed)).all())
    assert bytes([1]) + b"x" * 40 in kept


def test_old_keys_are_dropped_when_asked_and_the_database_forgets_them(
    lived_in: World, run: Run
) -> None:
    rotated(run, "--forget-old")
    keys = keyfile.read(lived_in.here.settings.keys.file)
    assert (set(keys.seals), set(keys.tokens)) == ({2}, {1, 2})
    assert lived_in.read(facts.known, keys) == set()
    lived_in.pass_time(seconds=1)
    rotated(run)
    assert keyfile.read(lived_in.here.settings.keys.file).current == 3


def test_old_keys_are_kept_while_signers_are_imported(lived_in: World, run: Run) -> None:
    begun = (import_signers.begin, "river", b"a list")
    taking = lived_in.write(*begun, by="test", now=lived_in.now)
    told = run("key-file", "rotate", "--only-machine", "--forget-old").exception
    assert isinstance(told, Conflict)
    assert "being imported (river)" in told.problem
    assert set(keyfile.read(lived_in.here.settings.keys.file).seals) == {1, 2}
    lived_in.write(import_signers.finish, taking, by="test", now=lived_in.now)
    rotated(run, "--forget-old")
    assert set(keyfile.read(lived_in.here.settings.keys.file).seals) == {3}


def test_old_keys_are_put_back_when_something_was_sealed_with_them_meanwhile(
    lived_in: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = sealing_with_the_first_key(lived_in, times=1)
    waits = count()

    def wait(moment: float) -> None:
        if next(waits):  # the first time all is sealed anew, the second the keys are gone
            late(moment)

    monkeypatch.setattr(key_file, "wait_until", wait)
    told = run("key-file", "rotate", "--only-machine", "--forget-old").exception
    assert isinstance(told, Conflict)
    keys = keyfile.read(lived_in.here.settings.keys.file)
    assert (set(keys.seals), lived_in.read(facts.known, keys)) == ({1, 2}, set())


def test_several_machines_add_first(here_and_now: World, run: Run) -> None:
    here_and_now.write(facts.recognise, here_and_now.here.keys)
    file = here_and_now.here.settings.keys.file
    told = run("key-file", "rotate")
    if here_and_now.here.database.url.startswith("postgresql"):
        assert isinstance(told.exception, Conflict)
        assert run("key-file", "add").exit_code == 0
        assert keyfile.read(file).current == 1
        assert isinstance(run("key-file", "add").exception, Conflict)
        assert run("key-file", "rotate").exit_code == 0
    assert (set(keyfile.read(file).seals), keyfile.read(file).current) == ({1, 2}, 2)


def test_a_credential_is_not_replaced_but_explained(
    here_and_now: World, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = here_and_now.here.settings.keys.file
    (tmp_path / "credentials").mkdir()
    file.rename(tmp_path / "credentials" / "feedsvc.keys")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    told = run("key-file", "rotate", "--only-machine").exception
    assert isinstance(told, Misconfigured)
    assert "as its credential afterwards" in told.remedy


def test_two_at_once_do_not_make_two_keys(lived_in: World, run: Run) -> None:
    with keyfile.held(lived_in.here.settings.keys.file):
        assert isinstance(run("key-file", "rotate", "--only-machine").exception, Conflict)
    assert keyfile.read(lived_in.here.settings.keys.file).current == 1
