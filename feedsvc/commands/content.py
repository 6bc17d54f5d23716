"""Content as files: take a folder in, and write everything out again."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from feedsvc import app
from feedsvc.actions import load as loading
from feedsvc.commands.opening import ConfigFile, installation
from feedsvc.domain.content import Site
from feedsvc.errors import Conflict, FeedsvcError
from feedsvc.gateways import files
from feedsvc.gateways.installation import Installation
from feedsvc.records import folders, stored

WHO = "load"


def load(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder of campaigns, such as updates/.")
    ],
    config_file: ConfigFile = None,
) -> None:
    """Store what is new in a folder of content files, and what has changed since.

    Says what became of each file. A campaign is stored whole or not at all; loading twice changes
    nothing. New updates mail nobody unless their file says notify = "subscribers".
    """
    site = files.read(folder)
    told: list[loading.Change] = []
    with installation(config_file) as here:

        def tell(changes: list[loading.Change]) -> None:
            told.extend(changes)
            for change in changes:
                typer.echo(f"{change.file}: {change.what}")

        load_all(here, site, now=app.utc_now(), tell=tell)
    if not any(change.made for change in told):
        typer.echo("Nothing changed.")


def load_all(
    here: Installation,
    site: Site,
    *,
    now: datetime,
    tell: Callable[[list[loading.Change]], None] = lambda _: None,
) -> None:
    """Load every folder and `tell` of each; raise what was wrong when the others are loaded."""
    database, by_name = here.database, here.settings.site
    before = database.write_now(loading.begin, site.record)
    faults = []
    for folder in site.folders:
        try:
            act = partial(loading.load_folder, fresh=before.empty)
            tell(database.write_now(act, folder, site=by_name, by=WHO, now=now))
        except FeedsvcError as error:
            faults.append(error)
    database.write_now(loading.finish, site.record, before, now=now)
    if len(faults) > 1:
        raise Conflict("\n".join(str(fault) for fault in faults))
    if faults:
        raise faults[0]


def dump(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="An empty folder, or one that is not there yet.")
    ],
    config_file: ConfigFile = None,
) -> None:
    """Write all content as files that `load` reads, with ids, dates and earlier revisions.

    Signers are not among it: no file names anybody.
    """
    files.refuse_full(folder)
    with installation(config_file) as here:
        site = here.database.read_now(folders.of_site)
        if not site.folders:
            typer.echo("There is no campaign yet; nothing was written.")
            return
        files.write(folder, site, lambda digest: here.database.read_now(stored.content, digest))
    for one in site.folders:
        updates = len(one.updates)
        typer.echo(f"{folder / one.campaign.slug}: {updates} update{'s' if updates != 1 else ''}")
