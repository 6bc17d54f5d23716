"""Show the books: for each update and notice, where every eligible signer stands."""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from feedsvc import app
from feedsvc.commands.opening import ConfigFile, installation
from feedsvc.errors import NotFound
from feedsvc.gateways.database import Database
from feedsvc.records.books import Books
from feedsvc.records.books import books as of_updates
from feedsvc.records.senders import trouble

PAUSE = 1.0
REST = 5
"""Between two looks, so many times as long as a look takes: the sender needs the disk."""


def books(
    update: Annotated[
        str | None, typer.Argument(help="The id of one update; without it, all of them.")
    ] = None,
    *,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Stay until nothing is in hand, with a bar; Ctrl-C ends it."),
    ] = False,
    config_file: ConfigFile = None,
) -> None:
    """Show the balance: eligible = sent + in hand + refused + unknown + withheld.

    Exits with 1 when one does not balance.
    """
    if watch and update is None:
        raise typer.BadParameter("name the update to watch.", param_hint="--watch")
    with installation(config_file) as here:
        found = _look(here.database, update)
        if watch:
            found = _watch(here.database, update, found)
        problem = here.database.read_now(trouble, app.utc_now())
    typer.echo("\n".join(map(in_words, found)) or "No update has been mailed yet.")
    if problem:
        typer.echo(f"Mail waits: {problem}.")
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
    return f"{heading}\n  eligible {eligible} = {total}\n  {_course(one)}"


def _look(database: Database, update: str | None) -> list[Books]:
    found: list[Books] = database.read_now(of_updates, update, now=app.utc_now())
    if update is not None and not found:
        raise NotFound(f"No notice of an update {update!r}.", remedy="`feedsvc books` lists all.")
    return found


def _watch(database: Database, update: str | None, found: list[Books]) -> list[Books]:
    """Show how the mailings of one update go on, until nothing is in hand or Ctrl-C is pressed."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with suppress(KeyboardInterrupt), Progress(*columns, console=Console(stderr=True)) as bars:
        trouble_bar = bars.add_task("", total=1, visible=False)
        tasks = [bars.add_task(one.notice, total=None) for one in found]
        _show(bars, tasks, found)
        while not all(map(_over, found)):
            begun = time.monotonic()
            found = _look(database, update)
            tasks += [bars.add_task(one.notice, total=None) for one in found[len(tasks) :]]
            _show(bars, tasks, found)
            problem = database.read_now(trouble, app.utc_now())
            bars.update(trouble_bar, description=escape(problem or ""), visible=bool(problem))
            time.sleep(max(PAUSE, REST * (time.monotonic() - begun)))
    return found


def _show(bars: Progress, tasks: Sequence[TaskID], found: Sequence[Books]) -> None:
    """Fill the bars; a notice that is new comes first in `found`."""
    for task, one in zip(tasks, reversed(found), strict=True):
        ended = one.total - sum(one.in_hand.values())
        words = escape(f"{one.notice}: {_course(one)}")
        bars.update(task, total=one.eligible, completed=ended, description=words)


def _over(one: Books) -> bool:
    return one.eligible is not None and not any(one.in_hand.values())


def _course(one: Books) -> str:
    """Say where the mailing stands as a whole, and how fast it goes."""
    words = [one.state.value]
    if one.halted:
        words.append(one.halted)
    if one.rate_per_minute:
        words.append(f"{one.rate_per_minute:,.0f} mails a minute")
    if one.seconds_left:
        words.append(f"about {timedelta(seconds=one.seconds_left)} left")
    return ", ".join(words)


def _parts(parts: dict[str, int]) -> str:
    named = ", ".join(f"{why} {number}" for why, number in parts.items() if number)
    return f"{sum(parts.values())} ({named})" if named else "0"
