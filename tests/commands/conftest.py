"""Commands beside the installation of a test, by its clock."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from feedsvc import app
from feedsvc.commands import cli
from tests.world import World


@pytest.fixture
def run(
    here_and_now: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Run a command beside the installation, by its clock."""
    file = tmp_path / "config.toml"
    url, keys = here_and_now.here.database.url, here_and_now.here.settings.keys.file
    file.write_text(f'[database]\nurl = "{url}"\n[keys]\nfile = "{keys}"\n')
    monkeypatch.setattr(app, "utc_now", here_and_now.clock)

    def run(*arguments: str, stdin: str | None = None) -> Result:
        given = [*arguments, "--config", str(file)]
        return CliRunner().invoke(cli, given, input=stdin)

    return run
