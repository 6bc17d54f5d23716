"""The command: options in, a bar while it runs, a table at the end."""

import secrets
import signal
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from feedsvc.commands.drill.ground import Ground, scratch
from feedsvc.commands.drill.rehearsal import Findings, Orders, rehearse
from feedsvc.commands.drill.report import promises, table

console = Console(highlight=False, soft_wrap=True)


def drill(
    *,
    signers: Annotated[
        int, typer.Option(min=1, help="How many people to make up and mail.")
    ] = 2_000,
    kills: Annotated[int, typer.Option(min=0, help="How often to kill -9 the sender.")] = 10,
    connections: Annotated[
        int, typer.Option(min=1, max=200, help="Connections to the relay, of each worker.")
    ] = 4,
    database: Annotated[
        str | None,
        typer.Option(
            help="An empty database, as postgresql://user:password@host/name: two workers share it, "
            "one is killed at a time, and it is emptied at the end. Default: SQLite, one worker."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Repeats the instants of an earlier drill.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Leave the folder: database, logs, the sink's log, events."),
    ] = False,
) -> None:
    """Kill the sender in a mailing, again and again, and count lost and repeated mail.

    Everything is made up and stays on this machine: a scratch folder (TMPDIR
    moves it to the disk you mean), signers, one update, and a relay that writes
    each mail down before it answers. Your configuration, database and relay are
    not touched.

    The sender is killed (SIGKILL) at random instants all through the mailing, and
    started again at once; then told to end (SIGTERM); then the relay goes away
    for some seconds. A checker that knows only the relay's log and the list of
    signers says what was lost, repeated or changed. A kill takes 3 seconds or so.

    Exits with 1 when a promise is broken.
    """
    signal.signal(signal.SIGTERM, _end)
    if database is not None and not database.startswith("postgresql://"):
        raise typer.BadParameter("name a PostgreSQL database.", param_hint="--database")
    orders = Orders(
        signers=signers,
        kills=kills,
        connections=connections,
        database=database,
        seed=secrets.randbelow(10_000) if seed is None else seed,
    )
    found = _shown(orders, keep=keep)
    console.print(table(found))
    if not all(one.kept for one in promises(found)):
        if not keep:
            console.print(f"To see the logs: the same with --seed {orders.seed} --keep.")
        raise typer.Exit(1)


def _shown(orders: Orders, *, keep: bool) -> Findings:
    """Run it under a bar that shows how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        scratch(keep=keep) as folder,
        Progress(*columns, TimeElapsedColumn(), console=console) as progress,
    ):
        if keep:
            console.print(f"The folder is {folder}.")
        mails = progress.add_task("mails arrived", total=orders.signers)
        kills = progress.add_task("kills done", total=orders.kills)

        def seen(arrived: int, killed: int) -> None:
            progress.update(mails, completed=arrived)
            progress.update(kills, completed=killed)

        try:
            return rehearse(orders, folder, seen=seen)
        finally:
            if not keep:
                Ground(folder, orders.database).clear()


def _end(_number: int, _frame: FrameType | None) -> None:
    """Be told to stop: as with Ctrl-C, our processes and our folder go first."""
    raise SystemExit(1)
