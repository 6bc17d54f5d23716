"""`feedsvc drill` refuses what it cannot do before it touches anything."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedsvc.commands import cli
from feedsvc.commands.drill.rehearsal import Orders, rehearse
from feedsvc.errors import Conflict, Invalid
from tests.world import World


def test_a_database_that_holds_tables_is_refused_and_left_alone(
    here_and_now: World, tmp_path: Path
) -> None:
    before = here_and_now.dump()
    folder = tmp_path / "drill"
    folder.mkdir()
    with pytest.raises(Conflict, match="holds tables"):
        rehearse(Orders(database=here_and_now.here.settings.database.url), folder)
    assert here_and_now.dump() == before


def test_more_kills_than_the_mailing_has_room_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="Take at least 1000"):
        rehearse(Orders(signers=200, kills=100), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_database_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="It must start with postgresql://"):
        rehearse(Orders(database="mysql://here/drill"), tmp_path)


def test_its_help_says_that_nothing_of_yours_is_touched() -> None:
    shown = CliRunner().invoke(cli, ["drill", "--help"]).output
    assert "Your configuration, database and relay" in shown
