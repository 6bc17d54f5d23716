"""The documentation names what there is, all of it, and nothing else."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from starlette.routing import Route

from feedsvc import app, config
from feedsvc.app import Role
from feedsvc.commands import cli
from tests.world import World

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CONFIG = (ROOT / "config.toml").read_text("utf-8")


def _commands() -> Iterator[str]:
    top = typer.main.get_command(cli)
    for name, command in getattr(top, "commands", {}).items():
        below = getattr(command, "commands", None)
        yield from (f"feedsvc {name} {one}" for one in below) if below else [f"feedsvc {name}"]


def _plain(path: str) -> str:
    """Write a route as the README does: without converters."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", r"{\1}", path)


@pytest.mark.parametrize("command", list(_commands()))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`{command}`" in README


def test_every_command_of_the_readme_exists() -> None:
    known = {name for command in _commands() for name in command.split()[1:]}
    assert set(re.findall(r"feedsvc ([a-z-]+)", README)) - {"serve", "is", "demo"} <= known


def test_every_command_has_help() -> None:
    top = typer.main.get_command(cli)
    assert [name for name, one in getattr(top, "commands", {}).items() if not one.help] == []


def test_every_setting_is_in_config_toml_with_its_default() -> None:
    written = tomllib.loads(CONFIG)
    for section, field in config.Settings.model_fields.items():
        for key, value in field.default.model_dump(mode="json").items():
            assert f"{key} = " in CONFIG, f"{section}.{key}"
            if value is not None:
                assert written[section][key] == value, f"{section}.{key}"


def test_config_toml_has_no_setting_that_does_not_exist() -> None:
    assert config.Settings.model_validate(tomllib.loads(CONFIG)) == config.Settings()


def test_every_route_is_in_the_readme(here_and_now: World) -> None:
    built = app.build(here_and_now.here, role=Role.WEB)
    routes = [route for route in built.routes if isinstance(route, Route)]
    missing = {_plain(route.path) for route in routes if _plain(route.path) not in _addresses()}
    assert not missing


def test_every_address_of_the_readme_exists(here_and_now: World) -> None:
    built = app.build(here_and_now.here, role=Role.WEB)
    known = {_plain(route.path) for route in built.routes if isinstance(route, Route)}
    assert _addresses() <= known


def _addresses() -> set[str]:
    """Read the tables of addresses; `.rss` stands for the address before it with another ending."""
    found: set[str] = set()
    section = README.partition("## Addresses")[2].partition("## Configuration")[0]
    stem = ""
    for address in re.findall(r"`(/[^`]*|\.[a-z]+)`", section):
        if address.startswith("."):
            found.add(stem + address)
        else:
            stem = re.sub(r"\.(atom|rss|json)$", "", address)
            found.add(address)
    return found
