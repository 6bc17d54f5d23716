"""Show the books: for each update and notice, where every eligible signer stands."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from feedsvc.commands.opening import ConfigFile, installation
from feedsvc.errors import NotFound
from feedsvc.records.books import Books
from feedsvc.records.books import books as of_updates


def books(
    update: Annotated[
        str | None, typer.Argument(help="The id of one update; without it, all of them.")
    ] = None,
    config_file: ConfigFile = None,
) -> None:
    """Show the balance: eligible = sent + in hand + refused + unknown + withheld.

    Exits with 1 when one does not balance.
    """
    with installation(config_file) as here:
        found = here.database.read_now(of_updates, update)
    if update is not None and not found:
        raise NotFound(f"No notice of an update {update!r}.", remedy="`feedsvc books` lists all.")
    Console().print(table(found) if found else "No update has been mailed yet.")
    if not all(one.balanced for one in found):
        raise typer.Exit(1)


def table(books: list[Books]) -> Table:
    """Lay the books out, one line a notice."""
    shown = Table(title="Books")
    for heading in ("update", "notice"):
        shown.add_column(heading)
    for heading in ("eligible", "sent", "in hand", "refused", "unknown", "withheld"):
        shown.add_column(heading, justify="right")
    shown.add_column("")
    for one in books:
        shown.add_row(*_row(one))
    return shown


def _row(one: Books) -> list[str]:
    verdict = "fan-out under way" if one.eligible is None else "balanced"
    return [
        f"{one.campaign}/{one.key} ({one.update})",
        one.notice,
        "…" if one.eligible is None else str(one.eligible),
        str(one.sent),
        _parts(one.in_hand),
        _parts(one.refused),
        str(one.unknown),
        _parts(one.withheld),
        verdict if one.balanced else f"DOES NOT BALANCE: {one.total}",
    ]


def _parts(parts: dict[str, int]) -> str:
    named = ", ".join(f"{why} {number}" for why, number in parts.items() if number)
    return f"{sum(parts.values())} ({named})" if named else "0"
