"""Write a list of signers: `feedsvc signers export`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from feedsvc import app
from feedsvc.actions import export_signers
from feedsvc.commands.keys import BY
from feedsvc.commands.opening import INTERRUPTED, ConfigFile, installation
from feedsvc.commands.signers import files
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.lists.records import Form
from feedsvc.gateways.lists.writing import writing
from feedsvc.records import roll

ROWS = 1_000


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV or NDJSON; - for standard output.")
    ],
    campaign: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Of this campaign only.")
    ] = None,
    form: Annotated[
        Form | None, typer.Option("--format", help="When the ending does not tell.")
    ] = None,
    config_file: ConfigFile = None,
) -> None:
    """Write everybody who is known by address: one line for each person and campaign.

    `signers import` reads it. The file holds addresses and names: it is for its owner only, and the
    export is noted in the audit. Cells that a spreadsheet would run begin with an apostrophe. Whoever
    signed without asking for updates only counts, and is not in it.
    """
    form, path = files.form_of(file, form), None if file == files.STANDARD else file
    with installation(config_file) as here:
        now = app.utc_now()
        campaign_id = here.database.write_now(
            export_signers.note_export, campaign=campaign, by=BY, now=now
        )
        total = here.database.read_now(roll.count, campaign_id)
        written = 0
        try:
            with writing(path, form, roll.Line._fields) as write, _bar(total) as show:
                for page in _pages(here, campaign_id):
                    write(page.lines)
                    written += len(page.lines)
                    show(written)
        except KeyboardInterrupt:
            typer.echo("Interrupted; nothing was kept.", err=True)
            raise typer.Exit(INTERRUPTED) from None
    place = "standard output" if path is None else path
    typer.echo(f"{written:,} lines in {place}", err=True)


def _pages(here: Installation, campaign_id: int | None) -> Iterator[roll.Page]:
    """Read page by page, so that memory does not grow and nobody waits for us."""
    for part in (roll.subscribed, roll.only_signed):
        page = here.database.read_now(part, here.keys, campaign_id, 0, ROWS)
        while page.lines:
            yield page
            page = here.database.read_now(part, here.keys, campaign_id, page.last, ROWS)


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    columns = (
        TextColumn("exporting"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("", total=total)
        yield lambda written: bars.update(task, completed=written)
