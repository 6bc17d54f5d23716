"""Staff keys: make one, list them, take one back."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from feedsvc.actions import keys
from feedsvc.commands.opening import ConfigFile, installation
from feedsvc.domain.tables.staff import Scope, StaffKey

BY = "command line"

cli = typer.Typer(help="Make, list and revoke staff keys.", no_args_is_help=True)


@cli.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is: one per person or machine.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; can be given again.")],
    campaign: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Reach this campaign only.")
    ] = None,
    expires: Annotated[
        int | None, typer.Option(metavar="DAYS", help="How many days it works; else no end.")
    ] = None,
    config_file: ConfigFile = None,
) -> None:
    """Make a key. Its secret is printed this once, alone on standard output."""
    with installation(config_file) as here:
        key, secret = here.database.write_now(
            keys.create_key,
            name,
            scopes=scope,
            campaign=campaign,
            days=expires,
            by=BY,
            now=datetime.now(UTC),
        )
    typer.echo(f"{key.name}: {_reach(key, campaign)}.", err=True)
    typer.echo("Keep the secret now; it is not stored and cannot be shown again.", err=True)
    typer.echo(secret)


@cli.command("list")
def list_(config_file: ConfigFile = None) -> None:
    """List the keys, without their secrets."""
    now = datetime.now(UTC)
    with installation(config_file) as here:
        found = here.database.read_now(keys.list_keys)
    shown = Table(title="Staff keys")
    for heading in ("name", "reach", "made", "state"):
        shown.add_column(heading)
    for key, slug in found:
        shown.add_row(key.name, _reach(key, slug), f"{key.created_at:%Y-%m-%d}", _state(key, now))
    Console(markup=False).print(
        shown if found else "There is no key yet. Make one: feedsvc key create."
    )


@cli.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The name it was made under.")],
    config_file: ConfigFile = None,
) -> None:
    """Make a key useless at once."""
    with installation(config_file) as here:
        here.database.write_now(keys.revoke_key, name, by=BY, now=datetime.now(UTC))
    typer.echo(f"The key {name!r} opens nothing any more.", err=True)


def _reach(key: StaffKey, slug: str | None) -> str:
    where = f" on {slug}" if slug else ""
    until = f" until {key.expires_at:%Y-%m-%d}" if key.expires_at else ""
    return f"{', '.join(key.scopes)}{where}{until}"


def _state(key: StaffKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    return "usable" if key.usable(now) else "expired"
