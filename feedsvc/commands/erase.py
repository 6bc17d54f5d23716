"""The right to be forgotten: erase a person everywhere that we reach, and say where we do not."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from feedsvc import app
from feedsvc.actions import erase as erasing
from feedsvc.commands.keys import BY
from feedsvc.commands.opening import ConfigFile, installation
from feedsvc.domain import signup
from feedsvc.gateways.database import Database
from feedsvc.gateways.database.engines import file_of, is_sqlite
from feedsvc.records import facts

ELSEWHERE = (
    "Not reached, and yours to look through: backups (`feedsvc backup`, pg_dump), lists that were "
    "imported and the *.refused.csv beside them, and files that `signers export` wrote."
)
PATIENCE = 60.0
LOOK = 0.2

BACK = (
    "The address is not written to again, whichever form or list it comes by. If the person asks "
    "to come back: feedsvc erase --lift ADDRESS, and they sign again."
)
JOURNAL = (
    "The journal keeps the keyed hash, so that a restored backup is erased again. Backups taken "
    "before hold the person, sealed, until you delete them."
)
POSTGRESQL = (
    "Not promised: what PostgreSQL keeps in its own log, in dead rows until they are overwritten, "
    "and in backups of yours. Those bytes are sealed; VACUUM and the recycling of WAL end them."
)


def erase(
    address: Annotated[
        str,
        typer.Argument(help="Whom to erase; - reads it from standard input, out of sight."),
    ],
    *,
    lift: Annotated[
        bool,
        typer.Option(
            "--lift", help="Erase nobody: let this address sign again, as its person asks."
        ),
    ] = False,
    config_file: ConfigFile = None,
) -> None:
    """Erase a person: address, name, language, zone, mails, links; what is left only counts.

    Noted in the audit, without the address. Works for an address that nobody has, too: no import
    brings it in later.
    """
    written = signup.address(sys.stdin.readline() if address == "-" else address)
    with installation(config_file) as here:
        index, database, now = here.keys.address_index(written), here.database, app.utc_now()
        if lift:
            lifted = database.write_now(erasing.lift, index, by=BY, now=now)
            typer.echo("They may sign again." if lifted else "This address was not barred.")
            return
        found = database.write_now(erasing.erase_address, index, by=BY, now=now)
        typer.echo(f"Erased: signer {found}." if found else "No signer has this address.")
        _wipe(database)
    typer.echo(ELSEWHERE)
    typer.echo(BACK)


def _wipe(database: Database) -> None:
    """See that the bytes are gone from the log too, as far as it is ours."""
    if not is_sqlite(database.url):
        typer.echo(POSTGRESQL)
        return
    typer.echo(JOURNAL)
    if copies := _copies(file_of(database.url)):
        typer.echo(f"Copies of the database lie beside it; delete what you need no more: {copies}")
    owed, end = database.read_now(facts.wipe_owed), time.monotonic() + PATIENCE
    while not (emptied := database.empty_log_now()) and time.monotonic() < end:
        time.sleep(LOOK)
    if emptied:
        database.write_now(facts.wiped, owed or b"")
        typer.echo("Nothing of the person is left in the database or in its log.")
    else:
        typer.echo(
            "Somebody reads in the log of the database; the service wipes it after.", err=True
        )


def _copies(file: Path) -> str:
    others = [one for one in file.parent.glob(f"{file.stem}.*.db*") if one != file]
    return ", ".join(str(one) for one in sorted(others))
