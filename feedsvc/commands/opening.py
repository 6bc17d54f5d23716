"""What every command has in common: `--config`, and an installation to work with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from feedsvc import app, config
from feedsvc.gateways.installation import Installation

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="The settings file; config.toml here when there is one."),
]


@contextmanager
def installation(file: Path | None) -> Iterator[Installation]:
    """Open the installation that the settings name, for one command."""
    here = app.opened(config.read(file))
    try:
        yield here
    finally:
        here.close()
