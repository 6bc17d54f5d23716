"""`feedsvc erase` leaves one keyed hash of a person, in the database and in its log."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import Session, select
from typer.testing import Result

from feedsvc.domain.tables.ledger import Snapshot
from feedsvc.domain.tables.people import Signature, Signer
from feedsvc.domain.tables.staff import AuditLine
from feedsvc.errors import FeedsvcError
from feedsvc.records import facts, suppressions
from tests.world import World

ANNA = "anna.planted@needle.example.org"
Run = Callable[..., Result]


def said(result: Result) -> str:
    assert result.exit_code == 0, result.exception
    return result.output


def barred(here: World, address: str) -> bool:
    return bool(here.read(suppressions.never, here.here.keys.address_index(address)))


def sealed_of(session: Session, signer_id: int) -> list[bytes]:
    """Return everything stored that only this person's rows hold."""
    signer = session.get(Signer, signer_id)
    assert signer
    held = [signer.address_sealed, signer.language_sealed, signer.zone_sealed]
    mine = select(Signature.name_sealed).where(Signature.signer_id == signer_id)
    held += session.exec(mine).all()
    held += session.exec(select(Snapshot.sealed)).all()
    return [value for value in held if value]


def test_it_says_what_it_did_and_how_one_comes_back(here_and_now: World, run: Run) -> None:
    here_and_now.campaign(kind="petition")
    anna = here_and_now.join(ANNA)
    text = said(run("erase", ANNA))
    assert f"Erased: signer {anna}." in text
    assert "feedsvc erase --lift ADDRESS" in text
    assert barred(here_and_now, ANNA)


def test_an_address_that_nobody_has_is_barred_too(here_and_now: World, run: Run) -> None:
    assert "No signer has this address." in said(run("erase", "-", stdin=f"{ANNA}\n"))
    assert barred(here_and_now, ANNA)


def test_who_asks_to_come_back_may_sign_again(here_and_now: World, run: Run) -> None:
    here_and_now.campaign(kind="petition")
    before = here_and_now.join(ANNA)
    run("erase", ANNA)
    assert "They may sign again." in said(run("erase", "--lift", ANNA))
    assert here_and_now.join(ANNA) != before


def test_only_what_is_barred_is_lifted(here_and_now: World, run: Run) -> None:
    assert "was not barred" in said(run("erase", "--lift", ANNA))
    assert not barred(here_and_now, ANNA)


def test_what_is_no_address_is_refused(here_and_now: World, run: Run) -> None:
    assert isinstance(run("erase", "nobody").exception, FeedsvcError)
    assert here_and_now.read(lambda s: s.exec(select(AuditLine)).all()) == []


def test_the_address_is_said_and_noted_nowhere(here_and_now: World, run: Run) -> None:
    here_and_now.campaign(kind="petition")
    here_and_now.join(ANNA)
    text = said(run("erase", ANNA))
    stored = "".join(repr(row) for rows in here_and_now.dump().values() for row in rows)
    lines = here_and_now.read(lambda s: s.exec(select(AuditLine)).all())
    assert ("command line", "erase") in [(line.who, line.what) for line in lines]
    assert [word for word in ("planted", "needle") if word in text + stored] == []


def test_no_byte_is_left_in_the_file_or_its_log(
    sqlite_world: World, run: Run, tmp_path: Path
) -> None:
    sqlite_world.campaign(kind="petition")
    anna = sqlite_world.join(ANNA, name="Anna", language="ar")
    sqlite_world.post()
    sqlite_world.run()
    held = sqlite_world.read(sealed_of, anna)
    files = [tmp_path / "feedsvc.db", tmp_path / "feedsvc.db-wal"]
    assert all(any(value in file.read_bytes() for file in files) for value in held)
    text = said(run("erase", ANNA))
    assert "Nothing of the person is left" in text
    assert [value for value in held for file in files if value in file.read_bytes()] == []
    assert sqlite_world.read(facts.wipe_owed) is None


def test_copies_beside_the_database_are_named(
    sqlite_world: World, run: Run, tmp_path: Path
) -> None:
    sqlite_world.campaign()
    (tmp_path / "feedsvc.before-0006.db").touch()
    (tmp_path / "feedsvc.before-restore-1.db-wal").touch()
    text = said(run("erase", ANNA)).replace("\n", "")
    assert "feedsvc.before-0006.db" in text
    assert "feedsvc.before-restore-1.db-wal" in text


def test_what_it_does_not_reach_is_said(here_and_now: World, run: Run) -> None:
    here_and_now.campaign()
    text = said(run("erase", ANNA))
    assert [
        word for word in ("backup", "*.refused.csv", "signers export") if word not in text
    ] == []


def test_postgresql_is_not_spoken_for(here_and_now: World, run: Run) -> None:
    on_sqlite = here_and_now.here.database.url.startswith("sqlite")
    assert ("Not promised" in said(run("erase", ANNA))) is not on_sqlite


@pytest.fixture
def sqlite_world(here_and_now: World) -> World:
    """Give the world where it is on SQLite."""
    if not here_and_now.here.database.url.startswith("sqlite"):
        pytest.skip("the log is PostgreSQL's")
    return here_and_now
