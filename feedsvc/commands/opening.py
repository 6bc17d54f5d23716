"""What every command has in common: `--config`, and an installation to work with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from feedsvc import app, config
from feedsvc.gateways import keyfile
from feedsvc.gateways.installation import Installation

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="The settings file; config.toml here when there is one."),
]


MADE = (
    "The key file {file} was made. Back it up, apart from the database: "
    "without it no signer can be read."
)


INTERRUPTED = 130
"""What a shell says of a command that Ctrl-C has ended (128 + SIGINT)."""


@contextmanager
def interrupted(what_next: str = "") -> Iterator[None]:
    """End quietly when Ctrl-C is pressed."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"Interrupted. {what_next}".strip(), err=True)
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def installation(file: Path | None) -> Iterator[Installation]:
    """Open the installation that the settings name, for one command."""
    settings = config.read(file)
    keys = keyfile.place(settings.keys.file)
    first_start = not keys.exists()
    here = app.opened(settings)
    if first_start:
        typer.echo(MADE.format(file=keys), err=True)
    try:
        yield here
    finally:
        here.close()
