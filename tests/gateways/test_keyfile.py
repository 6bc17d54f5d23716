"""The key file is written once, for its owner only, and a damaged one is said to be so."""

from pathlib import Path

import pytest

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
