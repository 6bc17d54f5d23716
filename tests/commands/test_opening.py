"""A command works beside the service, and changes nothing that it was not asked to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from feedsvc import app
from feedsvc.commands import cli
from feedsvc.errors import Misconfigured
from feedsvc.gateways.installation import Installation
from tests.world import World, world


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> World:
    """Give an installation with a campaign, that `serve` was started on once."""
    with world(database_url, tmp_path) as made:
        made.campaign()
    app.ready(made.here.settings).close()
    return made


def run(served: World, *arguments: str, **site: str) -> Any:
    """Run `feedsvc` on the installation, with settings of its own."""
    settings, file = served.here.settings, Path(served.here.settings.keys.file.parent, "other.toml")
    lines = [f'site.{name} = "{value}"' for name, value in site.items()]
    lines += [f'database.url = "{settings.database.url}"', f'keys.file = "{settings.keys.file}"']
    file.write_text("\n".join(lines))
    return CliRunner().invoke(cli, [*arguments, "--config", str(file)], catch_exceptions=False)


def test_a_shell_with_other_settings_moves_no_feed(served: World) -> None:
    before = dumped(served)
    assert run(served, "books", name="Somebody else").exit_code == 0
    assert dumped(served) == before


def test_another_configuration_moves_the_feeds_when_it_is_served(served: World) -> None:
    before = dumped(served)
    settings = served.here.settings
    site = settings.site.model_copy(update={"name": "Somebody else"})
    app.ready(settings.model_copy(update={"site": site})).close()
    assert dumped(served)["feed_version"] != before["feed_version"]


@pytest.mark.parametrize("command", [["books"], ["key", "list"], ["load", "updates"]])
def test_a_command_leaves_an_old_schema_as_it_is(served: World, command: list[str]) -> None:
    with opened(served) as here:
        here.database.write_now(
            lambda s: s.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        )
    with pytest.raises(Misconfigured, match="Run `feedsvc migrate`"):
        run(served, *command)


def dumped(served: World) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with opened(served) as here:
        return World(here).dump()


@contextmanager
def opened(served: World) -> Iterator[Installation]:
    """Open it as a command does."""
    here = app.opened(served.here.settings)
    try:
        yield here
    finally:
        here.close()
