"""Law 12 at length: of ten thousand people none is found, in no file and no coding, and who is erased leaves no byte."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlmodel import Session, select
from typer.testing import CliRunner

from feedsvc.actions import crowd, sign
from feedsvc.commands import cli
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import Signup
from feedsvc.domain.tables import metadata
from feedsvc.domain.tables.ledger import Mail, Snapshot
from feedsvc.domain.tables.people import Signature, Signer
from feedsvc.records import facts, suppressions
from tests.laws.test_no_names import forms
from tests.world import World, world

PEOPLE, AT_ONCE = 10_000, 2_000
BY_FORM = 20
ONE_AND_COPIES = ("address", "name", "address in the digest", "name in the digest")

STEMS = ("wilhelmina.planted-", ".needle.example.org", "Wilhelmina Ünverkennbar ")
"""What all of them have in common: a search for these finds any of them, at the speed of a search for one."""


def address(number: int) -> str:
    return f"wilhelmina.planted-{number:05}@{number:05}.needle.example.org"


def name(number: int) -> str:
    return f"Wilhelmina Ünverkennbar {number:05}"


@pytest.fixture(autouse=True)
def _planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the crowd addresses and names that are not mistaken for anything else."""
    monkeypatch.setattr(crowd, "address", address)
    monkeypatch.setattr(crowd, "name", name)


@contextmanager
def inhabited(url: str, folder: Path) -> Iterator[World]:
    """Give a world in which they all signed and were mailed, some of them by the form."""
    with world(url, folder, digest={"settle_seconds": 0}, mail={"canary_percent": 0}) as here:
        here.write(facts.recognise, here.here.keys)
        here.campaign(kind="petition")
        for number in range(BY_FORM):
            here.join(address(number), name=name(number))
        for start in range(BY_FORM, PEOPLE, AT_ONCE):
            count, keys = min(AT_ONCE, PEOPLE - start), here.here.keys
            here.write(
                crowd.add_crowd,
                *("river", keys, here.here.settings),
                count=count,
                start=start,
                now=here.now,
            )
        here.post()
        here.run_until_planned(minutes=1)
        here.leave(here.signer_id(address(1)))
        yield here


def found_in(content: bytes) -> list[bytes]:
    return [form for stem in STEMS for form in forms(stem) if form in content]


def test_no_file_of_ten_thousand_people_names_one(
    sqlite_url: str, tmp_path: Path, run: Callable[..., str]
) -> None:
    with inhabited(sqlite_url, tmp_path) as here:
        run("backup", str(tmp_path / "copy.db"))
        assert len(here.read(lambda s: s.exec(select(Mail.id)).all())) >= PEOPLE
        files = [file for file in tmp_path.iterdir() if file.suffix not in {".keys", ".toml"}]
        assert {file.suffix for file in files} >= {".db", ".db-wal", ".journal"}
        assert [(file.name, found_in(file.read_bytes())) for file in files] == [
            (file.name, []) for file in files
        ]


def test_no_dump_of_postgresql_names_one(postgresql_url: str, tmp_path: Path) -> None:
    with inhabited(postgresql_url, tmp_path), psycopg.connect(postgresql_url) as connection:
        for way in ("text", "binary"):
            dumped = b"".join(_dump(connection, table, way) for table in metadata.tables)
            assert len(dumped) > PEOPLE * 100
            assert found_in(dumped) == []


def _dump(connection: psycopg.Connection, table: str, way: str) -> bytes:
    """Read a table as pg_dump does."""
    statement = sql.SQL("COPY {} TO STDOUT (FORMAT {})")
    with connection.cursor() as cursor:
        asked = statement.format(sql.Identifier(table), sql.SQL(way))
        with cursor.copy(asked) as copy:
            return b"".join(bytes(part) for part in copy)


def test_the_search_finds_any_of_them_in_any_coding() -> None:
    for number in (0, 9_999):
        for value in (address(number), name(number)):
            for form in forms(f"x{value}y"):
                assert found_in(b"before" + form + b"after")


def test_who_is_erased_leaves_no_byte_and_stays_away(
    sqlite_url: str, tmp_path: Path, run: Callable[..., str]
) -> None:
    copy = tmp_path / "yesterday.db"
    with inhabited(sqlite_url, tmp_path) as here:
        run("backup", str(copy))
        keys = here.here.keys
        erased = [address(number) for number in (0, 1, BY_FORM, PEOPLE // 2, PEOPLE - 1)]
        stored = [here.read(_sealed_of, here.signer_id(one)) for one in erased]
        assert [len(person) >= len(ONE_AND_COPIES) for person in stored] == [True] * 5
        held = [value for person in stored for value in person]
        assert {place for _, place in _bytes_left(tmp_path, held)} == set(range(len(held)))
        for one in erased:
            run("erase", one)
        assert _bytes_left(tmp_path, held) == []
        assert [_traces(here, keys.address_index(one)) for one in erased] == [["suppression"]] * 5
        _sign_again(here, erased)
    run("restore", str(copy))
    (tmp_path / "yesterday.db").unlink()
    for aside in tmp_path.glob("feedsvc.before-restore-*"):
        aside.unlink()
    with world(sqlite_url, tmp_path) as here:
        here.pass_time(days=1)
        here.run_until_planned()  # the tick wipes what the replay erased
        assert _bytes_left(tmp_path, held) == []
        _sign_again(here, erased)


def _sealed_of(session: Session, signer_id: int) -> list[bytes]:
    """Return what is stored of one person and of nobody else."""
    signer = session.get(Signer, signer_id)
    assert signer
    values = [signer.address_sealed]
    mine = select(Signature.name_sealed).where(Signature.signer_id == signer_id)
    values += session.exec(mine).all()
    snapshots = select(Snapshot).join(Mail).where(Mail.signer_id == signer_id)
    for row in session.exec(snapshots).all():
        values += [row.sealed, row.address_sealed, row.name_sealed]
    return [value for value in values if value]


def _bytes_left(folder: Path, held: list[bytes]) -> list[tuple[str, int]]:
    """Look for what was stored, in part too: the last sixteen bytes of each value are its seal."""
    files = [folder / "feedsvc.db", folder / "feedsvc.db-wal", folder / "feedsvc.journal"]
    return [
        (file.name, place)
        for file in files
        if file.exists()
        for content in [file.read_bytes()]
        for place, value in enumerate(held)
        if value[-16:] in content or value[1:17] in content
    ]


def _traces(here: World, index: bytes) -> list[str]:
    """Name the tables that hold a keyed hash, once for each row."""
    return [table for table, rows in here.dump().items() for row in rows if index in row]


def _sign_again(here: World, addresses: list[str]) -> None:
    """Sign, as the form and every import would, and see that nobody comes back by that."""
    people = len(here.read(lambda s: s.exec(select(Signer.id)).all()))
    for one in addresses:
        form = Signup(
            email=one, name="Again", updates=True, campaign_id=here.campaign_id(), consent_text="x"
        )
        sealed_form = here.here.keys.seal(form.model_dump_json(), Sealed.INTAKE)
        here.write(sign.take_in, [(sealed_form, here.now)])
    here.run_until_planned(minutes=1)
    assert len(here.read(lambda s: s.exec(select(Signer.id)).all())) == people
    indexes = [here.here.keys.address_index(one) for one in addresses]
    assert all(here.read(suppressions.never, index) for index in indexes)


@pytest.fixture
def run(sqlite_url: str, tmp_path: Path) -> Callable[..., str]:
    """Run a command beside the installation."""
    file = tmp_path / "config.toml"
    keys = tmp_path / "feedsvc.keys"
    file.write_text(f'[database]\nurl = "{sqlite_url}"\n[keys]\nfile = "{keys}"\n')

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli, [*arguments, "--config", str(file)])
        assert result.exit_code == 0, result.exception
        return result.output

    return run
