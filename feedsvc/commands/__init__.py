"""The command line: one module per group; this one puts them together."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from feedsvc import __version__
from feedsvc.commands import (
    backup,
    books,
    campaigns,
    check,
    content,
    demo,
    drill,
    erase,
    explain,
    key_file,
    keys,
    serve,
    setup,
    signers,
    steering,
)
from feedsvc.commands.opening import interrupted
from feedsvc.errors import FeedsvcError


class Commands(TyperGroup):
    """All commands; Ctrl-C ends each of them without a trace."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        with interrupted():
            return super().invoke(ctx)


cli = typer.Typer(
    cls=Commands,
    name="feedsvc",
    help="Store campaign updates, publish them as feeds, and mail them to those who signed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:  # noqa: FBT001  typer hands it over
    if asked:
        typer.echo(f"feedsvc {__version__}")
        raise typer.Exit


@cli.callback()
def _options(
    version: bool = typer.Option(  # noqa: FBT001  answered by its callback
        default=False, callback=_version, is_eager=True, help="Say which version this is."
    ),
) -> None:
    """Take what comes before a command."""


cli.command()(demo.demo)
cli.command()(setup.init)
cli.command()(serve.serve)
cli.command()(check.check)
cli.command()(setup.migrate)
cli.add_typer(keys.cli, name="key")
cli.add_typer(key_file.cli, name="key-file")
cli.command()(content.load)
cli.command()(content.dump)
cli.command()(campaigns.rename)
cli.add_typer(signers.cli, name="signers")
cli.command()(books.books)
cli.command()(steering.pause)
cli.command()(steering.resume)
cli.command()(steering.cancel)
cli.command()(explain.explain)
cli.command()(erase.erase)
cli.command()(backup.backup)
cli.command()(backup.restore)
cli.command()(drill.drill)


def main() -> None:
    """Run the command line; an error of ours is said in words and ends with exit code 1."""
    try:
        cli()
    except FeedsvcError as error:
        typer.echo(f"feedsvc: {error}", err=True)
        sys.exit(1)
