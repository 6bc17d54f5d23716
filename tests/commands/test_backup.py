"""`feedsvc backup` and `restore`: yesterday comes back, and nobody who left since is written to."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner, Result

from feedsvc import app
from feedsvc.actions import come_back, erase, leave
from feedsvc.commands import cli
from feedsvc.domain.tables.ledger import Delivery
from feedsvc.domain.tables.people import Reach, Signer, Subscription, Suppression
from feedsvc.domain.tables.staff import AuditLine
from feedsvc.errors import Conflict, Misconfigured
from feedsvc.gateways import keyfile
from feedsvc.records import facts, suppressions
from tests.world import World, world

ANNA, BEA, CARL = "anna@example.org", "bea@example.org", "carl@example.org"
DAMAGED = b"SQLite format 3\0" + b"x" * 5000
Run = Callable[..., Result]


class House:
    """An installation that is started and stopped, and the commands beside it."""

    def __init__(self, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url, self.folder = url, folder
        self.copy = folder / "yesterday.db"
        self.database = folder / "feedsvc.db"
        file = folder / "config.toml"
        keys = folder / "feedsvc.keys"
        file.write_text(f'[database]\nurl = "{url}"\n[keys]\nfile = "{keys}"\n')
        self._config, self._patch = file, monkeypatch

    def lives(self, now: timedelta = timedelta()) -> "Living":
        """Start it; time has passed since the first start."""
        return Living(self, now)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, "--config", str(self._config)])

    def clock(self, here: World) -> None:
        self._patch.setattr(app, "utc_now", here.clock)


class Living:
    """A start of the house: what the journal knows better is replayed, as `serve` does."""

    def __init__(self, house: House, passed: timedelta) -> None:
        self._house, self._passed = house, passed
        self._world = world(house.url, house.folder)

    def __enter__(self) -> World:
        here = self._world.__enter__()
        here.now += self._passed
        self._house.clock(here)
        here.write(facts.recognise, here.here.keys)
        app.catch_up(here.here, now=here.now)
        return here

    def __exit__(self, *_: object) -> None:
        self._world.__exit__(None, None, None)


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(sqlite_url, tmp_path, monkeypatch)


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def yesterday(house: House, *people: str) -> None:
    """Take a backup of a house in which these people have joined and were asked."""
    with house.lives() as here:
        here.campaign(kind="petition")
        for address in people:
            here.join(address)
        here.send()
        assert house.run("backup", str(house.copy)).exit_code == 0


def restored(house: House) -> str:
    result = house.run("restore", str(house.copy))
    assert result.exit_code == 0, result.exception
    return result.output


def wish(here: World, address: str) -> str | None:
    """Return why the newest wish of a person ended, or None when it is open."""
    mine = select(Subscription).where(Subscription.signer_id == here.signer_id(address))
    found = here.read(lambda s: s.exec(mine.order_by(Subscription.id.desc())).first())  # type: ignore[union-attr]
    return found and found.ending and str(found.ending)


def test_a_backup_is_whole_and_for_its_owner_only(house: House) -> None:
    yesterday(house, ANNA)
    assert house.copy.stat().st_mode & 0o777 == 0o600
    assert [one for one in house.folder.glob(".*") if "sender" not in one.name] == []


def test_a_file_that_is_there_is_not_overwritten(house: House) -> None:
    yesterday(house)
    assert isinstance(house.run("backup", str(house.copy)).exception, Conflict)


def test_what_is_restored_is_what_was(house: House) -> None:
    yesterday(house, ANNA)
    with house.lives(HOUR) as here:
        here.join(BEA)
    restored(house)
    with house.lives(DAY) as here:
        assert len(here.read(lambda s: s.exec(select(Signer)).all())) == 1


def test_the_database_of_before_is_kept_aside(house: House) -> None:
    yesterday(house, ANNA)
    said = restored(house).replace("\n", "")
    [aside] = house.folder.glob("feedsvc.before-restore-*.db")
    assert aside.name in said
    assert aside.read_bytes().startswith(b"SQLite format 3")


def test_a_damaged_database_is_kept_aside_as_it_is(house: House) -> None:
    yesterday(house, ANNA)
    house.database.write_bytes(DAMAGED)
    restored(house)
    [aside] = house.folder.glob("feedsvc.before-restore-*.db")
    assert aside.read_bytes() == DAMAGED
    with house.lives(DAY) as here:
        assert wish(here, ANNA) is None


def test_the_log_of_a_database_that_was_moved_away_is_not_applied_to_the_copy(
    house: House,
) -> None:
    yesterday(house, ANNA)
    killed = "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)"
    wrote = "c.execute('DELETE FROM subscription'); os._exit(0)"
    subprocess.run([sys.executable, "-c", f"{killed}; {wrote}", house.database], check=True)
    log = house.database.with_name("feedsvc.db-wal").read_bytes()
    house.database.rename(house.folder / "broken.db")
    restored(house)
    [aside] = house.folder.glob("feedsvc.before-restore-*-wal")
    assert aside.read_bytes() == log
    with house.lives(DAY) as here:
        assert wish(here, ANNA) is None


def test_who_left_since_is_not_written_to(house: House) -> None:
    yesterday(house, ANNA, BEA)
    with house.lives(HOUR) as here:
        here.leave(here.signer_id(ANNA))
    restored(house)
    with house.lives(DAY) as here:
        assert wish(here, ANNA) == "left"
        here.post()
        assert here.run() == [BEA]


def test_who_was_erased_since_is_erased_again(house: House) -> None:
    yesterday(house, ANNA)
    with house.lives(HOUR) as here:
        here.write(erase.erase, here.signer_id(ANNA), now=here.now)
    restored(house)
    with house.lives(DAY) as here:
        [signer] = here.read(lambda s: s.exec(select(Signer)).all())
        assert (signer.address_sealed, signer.erased_at is None) == (None, False)
        assert here.read(suppressions.never, here.here.keys.address_index(ANNA))


def test_who_asked_never_to_be_written_to_is_not(house: House) -> None:
    yesterday(house, ANNA)
    with house.lives(HOUR) as here:
        here.write(leave.never, here.signer_id(ANNA), now=here.now)
    restored(house)
    with house.lives(DAY) as here:
        rows = here.read(lambda s: s.exec(select(Suppression)).all())
        assert [(row.reach, row.lifted_at) for row in rows] == [(Reach.ALL, None)]
        here.post()
        assert here.run() == []


def test_who_was_let_in_again_since_may_sign(house: House) -> None:
    yesterday(house, ANNA)
    with house.lives(HOUR) as here:
        index = here.here.keys.address_index(ANNA)
        here.write(erase.erase_address, index, by="test", now=here.now)
        here.pass_time(minutes=1)
        here.write(erase.lift, index, by="test", now=here.now)
    restored(house)
    with house.lives(DAY) as here:
        here.join(ANNA)
        assert wish(here, ANNA) is None


@pytest.mark.parametrize("minutes", [1, 11])
def test_what_was_mailed_since_is_not_mailed_again(house: House, minutes: int) -> None:
    with house.lives() as here:
        here.campaign(kind="petition")
        for address in (ANNA, BEA, CARL):
            here.join(address)
        here.send()
        here.post()
        here.run_until_planned(minutes=minutes)  # not yet planned, or planned and not sent
        house.run("backup", str(house.copy))
    with house.lives(HOUR) as here:
        here.run_until_planned()
        here.leave(here.signer_id(CARL))
        _sent(here, ANNA, BEA)
    restored(house)
    with house.lives(DAY) as here:
        assert here.run() == []
        books = here.books()
        assert (books.sent, books.withheld, books.balanced) == (2, {"left": 1}, True)


def test_what_was_mailed_is_not_mailed_again_by_a_fan_out_that_comes_later(house: House) -> None:
    with house.lives() as here:
        here.campaign(kind="petition")
        here.join(ANNA)
        here.join(BEA)
        here.send()
        here.post()
        house.run("backup", str(house.copy))
    with house.lives(HOUR) as here:
        here.run_until_planned()
        _sent(here, ANNA)
    restored(house)
    with house.lives(DAY) as here:
        assert here.run() == [BEA]
        assert (here.books().eligible, here.books().sent, here.books().balanced) == (2, 2, True)


def _sent(here: World, *addresses: str) -> None:
    """Write what the sender writes when the relay has taken these mails."""
    [book] = here.read(lambda s: s.exec(select(Delivery.notice_id).distinct()).all())
    uid = here.books().update
    assert book
    journal = here.here.database.journal
    assert journal
    for address in addresses:
        index = here.here.keys.address_index(address).hex()
        journal.write([f"{here.now.isoformat()} sent {index} {uid}/news/0"])


def _journal(here: World, *lines: str) -> None:
    journal = here.here.database.journal
    assert journal
    journal.write([f"{here.now.isoformat()} {line}" for line in lines])


def test_who_took_an_older_leave_back_since_is_written_to(house: House) -> None:
    with house.lives() as here:
        uid = here.campaign(kind="petition").uid
        anna = here.join(ANNA)
        here.send()
        here.post()
        here.run_until_planned(minutes=1)
        here.leave(anna)
        house.run("backup", str(house.copy))
    with house.lives(HOUR) as here:
        _journal(here, f"undone {here.here.keys.address_index(ANNA).hex()} {uid}")
    restored(house)
    with house.lives(DAY) as here:
        assert here.run() == [ANNA]
        assert (wish(here, ANNA), here.books().balanced) == (None, True)


def test_who_came_back_since_hears_of_what_is_posted_since(house: House) -> None:
    with house.lives() as here:
        here.campaign(kind="petition")
        anna = here.join(ANNA, cadence="weekly")
        here.send()
        here.post(title="Old")
        here.run_until_planned(minutes=1)
        here.leave(anna)
        house.run("backup", str(house.copy))
    with house.lives(HOUR) as here:
        here.write(come_back.come_back, here.signer_id(ANNA), here.campaign_id(), now=here.now)
    restored(house)
    with house.lives(10 * DAY) as here:
        assert (wish(here, ANNA), here.run()) == (None, [])
        here.post(title="New")
        assert here.run(days=8) == [ANNA]


def test_who_left_and_came_back_since_does_not_hear_of_what_came_between(house: House) -> None:
    yesterday(house, ANNA)
    with house.lives(HOUR) as here:
        here.leave(here.signer_id(ANNA))
        here.pass_time(minutes=1)
        here.write(come_back.come_back, here.signer_id(ANNA), here.campaign_id(), now=here.now)
    restored(house)
    with house.lives(DAY) as here:
        mine = select(Subscription.ending).order_by(col(Subscription.id))
        assert here.read(lambda s: s.exec(mine).all()) == ["left", None]


def test_what_somebody_did_after_they_moved_is_done_again_though_the_move_is_known(
    house: House,
) -> None:
    yesterday(house, BEA)
    with house.lives(HOUR) as here:
        hashes = {one: here.here.keys.address_index(one).hex() for one in (ANNA, BEA, CARL)}
        _journal(here, f"moved {hashes[ANNA]} {hashes[BEA]}", f"moved {hashes[BEA]} {hashes[CARL]}")
        _journal(here, f"erased {hashes[CARL]}")
    restored(house)
    with house.lives(DAY) as here:
        [signer] = here.read(lambda s: s.exec(select(Signer)).all())
        barred = here.read(lambda s: s.exec(select(Suppression.address_index)).all())
        assert signer.address_sealed is None
        assert {one.hex() for one in barred} == set(hashes.values())


def test_who_moved_and_then_left_is_not_written_to_at_the_old_address(house: House) -> None:
    with house.lives() as here:
        uid = here.campaign(kind="petition").uid
        here.join(ANNA)
        house.run("backup", str(house.copy))
    with house.lives(HOUR) as here:
        old, new = (here.here.keys.address_index(one).hex() for one in (ANNA, BEA))
        _journal(here, f"moved {old} {new}", f"left {new} {uid}")
    restored(house)
    with house.lives(DAY) as here:
        assert wish(here, ANNA) == "left"


def test_replaying_twice_changes_nothing(house: House) -> None:
    yesterday(house, ANNA, BEA)
    with house.lives(HOUR) as here:
        here.leave(here.signer_id(ANNA))
        here.write(erase.erase, here.signer_id(BEA), now=here.now)
    restored(house)
    with house.lives(DAY) as here:
        before = here.dump()
        here.write(facts.mark, b"a mark that is nowhere")
        assert app.catch_up(here.here, now=here.now) > 2
        after = here.dump()
    assert [name for name in before if before[name] != after[name]] in ([], ["fact"])


def test_a_line_that_was_torn_stops_nothing(house: House) -> None:
    yesterday(house, ANNA)
    with house.lives(HOUR) as here:
        here.leave(here.signer_id(ANNA))
    with (house.folder / "feedsvc.journal").open("ab") as journal:
        journal.write(b"2026-03-02T10:00:00+00:00 never 6ab3")
    restored(house)
    with house.lives(DAY) as here:
        assert wish(here, ANNA) == "left"


def test_an_older_copy_put_in_place_by_hand_is_noticed_at_the_start(house: House) -> None:
    yesterday(house, ANNA, BEA)
    with house.lives(HOUR) as here:
        here.leave(here.signer_id(ANNA))
    shutil.copy(house.copy, house.database)
    with house.lives(DAY) as here:
        assert wish(here, ANNA) == "left"
        assert wish(here, BEA) is None


def test_nothing_is_restored_beside_a_running_service(house: House) -> None:
    yesterday(house, ANNA)
    before = house.database.read_bytes()
    with house.lives(HOUR):
        told = house.run("restore", str(house.copy)).exception
        assert isinstance(told, Conflict)
        assert "Stop the service" in told.remedy
    assert house.database.read_bytes()[:100] == before[:100]


@pytest.mark.parametrize("content", [b"", b"no database", DAMAGED])
def test_what_is_no_backup_is_refused_and_nothing_changes(house: House, content: bytes) -> None:
    yesterday(house, ANNA)
    house.copy.write_bytes(content)
    assert isinstance(house.run("restore", str(house.copy)).exception, Misconfigured)
    with house.lives(HOUR) as here:
        assert wish(here, ANNA) is None


def test_a_copy_of_another_house_is_refused(house: House, tmp_path: Path) -> None:
    yesterday(house, ANNA)
    keys = tmp_path / "feedsvc.keys"
    keys.rename(tmp_path / "feedsvc.kept")
    keyfile.create(keys)
    told = house.run("restore", str(house.copy)).exception
    assert isinstance(told, Misconfigured)
    assert "does not fit" in told.problem


def test_a_missing_journal_is_told(house: House) -> None:
    yesterday(house, ANNA)
    (house.folder / "feedsvc.journal").unlink()
    assert "There is no journal" in restored(house)


def test_feeds_move_and_the_audit_tells_of_it(house: House) -> None:
    yesterday(house, ANNA)
    restored(house)
    with house.lives(DAY) as here:
        lines = here.read(lambda s: s.exec(select(AuditLine.what)).all())
        assert lines[-1] == "restore"


def test_postgresql_is_told_how(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(postgresql_url, tmp_path, monkeypatch)
    with house.lives():
        for command, tool in (("backup", "pg_dump"), ("restore", "pg_restore")):
            told = house.run(command, str(house.copy)).exception
            assert isinstance(told, Misconfigured)
            assert tool in told.remedy
