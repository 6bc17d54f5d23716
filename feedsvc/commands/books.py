"""Show the books: for each update and notice, where every eligible signer stands."""

from typing import Annotated

import typer

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
    typer.echo("\n".join(map(in_words, found)) or "No update has been mailed yet.")
    if not all(one.balanced for one in found):
        raise typer.Exit(1)


def in_words(one: Books) -> str:
    """Write the books of one notice as the sum that they are."""
    verdict = "balanced" if one.balanced else f"DOES NOT BALANCE: the rows are {one.total}"
    eligible = "… (fan-out under way)" if one.eligible is None else str(one.eligible)
    parts = {
        "sent": str(one.sent),
        "in hand": _parts(one.in_hand),
        "refused": _parts(one.refused),
        "unknown": str(one.unknown),
        "withheld": _parts(one.withheld),
    }
    total = " + ".join(f"{name} {number}" for name, number in parts.items())
    heading = f"{one.campaign}/{one.key}, {one.notice} (update {one.update}): {verdict}"
    return f"{heading}\n  eligible {eligible} = {total}"


def _parts(parts: dict[str, int]) -> str:
    named = ", ".join(f"{why} {number}" for why, number in parts.items() if number)
    return f"{sum(parts.values())} ({named})" if named else "0"
