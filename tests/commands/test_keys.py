"""`feedsvc key` makes, lists and revokes staff keys."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from feedsvc.commands.keys import cli
from feedsvc.errors import Conflict, NotFound


@pytest.fixture
def config_file(tmp_path: Path) -> str:
    """Give the settings of an installation that is not there yet."""
    file = tmp_path / "config.toml"
    file.write_text(
        f'[database]\nurl = "sqlite:///{tmp_path}/feedsvc.db"\n'
        f'[keys]\nfile = "{tmp_path}/feedsvc.keys"\n'
    )
    return str(file)


def test_the_secret_stands_alone_on_standard_output(config_file: str) -> None:
    create = ["create", "ann", "--scope", "admin", "--config", config_file]
    result = CliRunner().invoke(cli, create)
    assert result.exit_code == 0
    assert result.stdout.strip().startswith("feedsvc_")
    assert len(result.stdout.split()) == 1
    assert "cannot be shown again" in result.stderr


def test_a_list_shows_reach_and_state_and_no_secret(config_file: str) -> None:
    runner = CliRunner(env={"COLUMNS": "200"})
    scopes = ["--scope", "updates:read", "--scope", "updates:write"]
    secret = runner.invoke(cli, ["create", "ann", *scopes, "--config", config_file]).stdout.strip()
    runner.invoke(cli, ["revoke", "ann", "--config", config_file])
    shown = runner.invoke(cli, ["list", "--config", config_file]).stdout
    assert "updates:read, updates:write" in shown
    assert "revoked" in shown
    assert secret not in shown


def test_a_name_is_given_once(config_file: str) -> None:
    create = ["create", "ann", "--scope", "admin", "--config", config_file]
    CliRunner().invoke(cli, create)
    with pytest.raises(Conflict, match="Choose another name"):
        CliRunner().invoke(cli, create, catch_exceptions=False)


def test_an_unknown_name_is_not_revoked(config_file: str) -> None:
    with pytest.raises(NotFound, match="key list"):
        CliRunner().invoke(cli, ["revoke", "x", "--config", config_file], catch_exceptions=False)


def test_an_unknown_scope_is_refused(config_file: str) -> None:
    create = ["create", "ann", "--scope", "everything", "--config", config_file]
    result = CliRunner().invoke(cli, create)
    assert result.exit_code != 0
    assert "updates:read" in result.output
