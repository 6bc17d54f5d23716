"""Lists of signers: take one in, and write one out."""

import typer

from feedsvc.commands.signers.exporting import export
from feedsvc.commands.signers.importing import import_signers

cli = typer.Typer(help="Import and export signers.", no_args_is_help=True)
cli.command("import")(import_signers)
cli.command("export")(export)
