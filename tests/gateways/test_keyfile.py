"""The key file is written once, for its owner only, and a damaged one is said to be so."""

from dataclasses import replace
from pathlib import Path

import pytest

from feedsvc.domain import sealing
from feedsvc.domain.sealing import Sealed, fresh_keys, with_another
from feedsvc.errors import Misconfigured
from feedsvc.gateways import keyfile


def test_what_was_created_is_read(tmp_path: Path) -> None:
    made = keyfile.create(tmp_path / "new" / "keys")
    assert keyfile.read(tmp_path / "new" / "keys") == made


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    keyfile.create(tmp_path / "keys")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_never_touched(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("precious")
    with pytest.raises(FileExistsError):
        keyfile.create(file)
    assert file.read_text() == "precious"


def test_a_missing_file_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"nowhere.keys") as told:
        keyfile.read(tmp_path / "nowhere.keys")
    assert told.value.remedy


def test_a_credential_is_taken_where_there_is_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyfile.create(tmp_path / "credentials" / "feedsvc.keys")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    file = tmp_path / "data" / "feedsvc.keys"
    assert keyfile.place(file) == tmp_path / "credentials" / "feedsvc.keys"
    keyfile.create(file)
    assert keyfile.place(file) == file


def test_a_file_that_others_may_read_is_noticed_and_a_credential_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "feedsvc.keys"
    keyfile.create(file)
    assert not keyfile.open_to_others(file)
    file.chmod(0o640)
    assert keyfile.open_to_others(file)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert not keyfile.open_to_others(file)


def test_a_key_that_was_added_is_met_while_running(tmp_path: Path) -> None:
    file = tmp_path / "feedsvc.keys"
    running = keyfile.create(file)
    added = with_another(keyfile.read(file))
    keyfile.replace_file(file, replace(added, current=2))
    assert running.unseal(keyfile.read(file).seal("Anna", Sealed.NAME), Sealed.NAME) == "Anna"
    assert running.current == 2


def test_whoever_seals_takes_up_a_new_key_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "LOOK_SECONDS", 0.0)
    file = tmp_path / "feedsvc.keys"
    running = keyfile.create(file)
    assert running.seal("Anna", Sealed.NAME)[0] == 1
    keyfile.replace_file(file, replace(with_another(keyfile.read(file)), current=2))
    assert running.seal("Anna", Sealed.NAME)[0] == 2


def test_a_file_that_is_being_copied_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "feedsvc.keys"
    running = keyfile.create(file)
    file.write_text(file.read_text()[:40])
    running.look()
    assert running.unseal(running.seal("Anna", Sealed.NAME), Sealed.NAME) == "Anna"


def test_the_keys_of_another_house_are_not_taken_up(tmp_path: Path) -> None:
    file = tmp_path / "feedsvc.keys"
    running = keyfile.create(file)
    before = running.seals
    keyfile.replace_file(file, fresh_keys())
    running.look()
    assert running.seals == before


@pytest.mark.parametrize("damage", ["", "{}", "[]", "null", '{"index": "AA=="}', "\x00"])
def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "keys"
    file.write_text(damage)
    with pytest.raises(Misconfigured, match="damaged"):
        keyfile.read(file)


def test_a_key_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    keyfile.create(file)
    lines = file.read_text().splitlines()
    shorter = ['  "index": "AAAA",' if '"index"' in line else line for line in lines]
    file.write_text("\n".join(shorter))
    with pytest.raises(Misconfigured, match="damaged"):
        keyfile.read(file)
