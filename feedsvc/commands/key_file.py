"""The key file: add a key, and seal everything anew with it while the service runs."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from feedsvc import app
from feedsvc.actions import reseal
from feedsvc.commands.opening import ConfigFile, installation
from feedsvc.domain.sealing import LOOK_SECONDS, Keys, with_another, without_old_seals
from feedsvc.errors import Conflict, Misconfigured
from feedsvc.gateways import keyfile
from feedsvc.gateways.database import Database, open_database
from feedsvc.gateways.database.engines import is_sqlite
from feedsvc.gateways.installation import Installation
from feedsvc.records import facts, imports, sealed
from feedsvc.records.sealed import Place

FEW, CHUNK, MANY = 20, 200, 2_000
HELD_SECONDS = 0.005
"""How long a chunk may hold the writer; the next one is as large as that allows."""

REST = 2
"""How much longer than a chunk holds the writer it is left to the others."""

PASSES = 5
UNTIL_ALL_KNOW = 2 * LOOK_SECONDS + 0.5

INDEX = (
    "The key of the blind index, by which an address is found without being known, stays for ever: "
    "every stored hash was made with it, and those of people who were erased or asked never to be "
    "written to could not be made anew, for nobody knows their addresses."
)

cli = typer.Typer(
    help=f"The key file: add keys, and seal everything anew. {INDEX}", no_args_is_help=True
)

Alone = Annotated[
    bool,
    typer.Option("--only-machine", help="PostgreSQL: no other machine works on this database."),
]
ForgetOld = Annotated[
    bool,
    typer.Option(
        "--forget-old",
        help="Then drop the old sealing keys: backups taken before cannot be read any more. Not while "
        "signers are imported; on several machines only when each of them has the new key file and no "
        "old process runs on: what one of them still seals with an old key is lost.",
    ),
]


@cli.command()
def add(config_file: ConfigFile = None) -> None:
    """Add a key and do not use it yet: copy the file to every machine, then rotate."""
    with installation(config_file) as here, keyfile.held(here.settings.keys.file) as file:
        keys = keyfile.read(file)
        if max(keys.seals) > keys.current:
            raise Conflict(
                f"Key {max(keys.seals)} was added already, and is not used yet.",
                remedy="Copy the key file to every machine, then `feedsvc key-file rotate`.",
            )
        keyfile.replace_file(file, with_another(keys))
    typer.echo(
        f"Added key {max(keys.seals) + 1} to {file}. Copy the file to every machine and back it up; "
        "then `feedsvc key-file rotate`."
    )


@cli.command()
def rotate(
    *, only_machine: Alone = False, forget_old: ForgetOld = False, config_file: ConfigFile = None
) -> None:
    """Seal everything anew with a new key, while the service runs.

    Interrupted, it goes on when it is run again. Links in mails go on working: the keys that sign
    them stay. So do the old sealing keys, for older backups, unless --forget-old.
    """
    with installation(config_file) as here, keyfile.held(here.settings.keys.file) as file:
        begun_at = begin(here, file, alone=only_machine or is_sqlite(here.database.url))
        here.keys.look()
        with _progress() as progress:
            damaged = reseal_all(here, begun_at, progress)
        here.database.write_now(facts.rotated)
        typer.echo(
            f"Everything is sealed with key {here.keys.current}; nothing is left under another."
        )
        if damaged:
            typer.echo(f"{damaged} rows do not open with any key and stay as they are.", err=True)
        if forget_old:
            _forget_old(here, file, damaged)
    typer.echo(f"Back up {file}, apart from the database: older copies lack the new key.")


def begin(here: Installation, file: Path, *, alone: bool) -> float:
    """Make the newest key the current one, added now if need be; return when that was."""
    keys, database = keyfile.read(file), here.database
    under_way = database.read_now(facts.rotation)
    if under_way is None:
        number = max(keys.tokens) + (max(keys.seals) == keys.current)
        if number > max(keys.seals) and not alone:
            raise Conflict(
                "Other machines may share this database, and must have the new key first.",
                remedy="Run `feedsvc key-file add`, copy the key file to every machine, and rotate "
                "then; where this is the only machine, rotate with --only-machine.",
            )
        database.write_now(facts.rotate, number)
        under_way = number
    while max(keys.seals) < under_way:
        keys = with_another(keys)
    if keys.current != under_way:
        database.write_now(facts.recognise, keys)
        keyfile.replace_file(file, _with_current(keys, under_way))
        typer.echo(f"Key {under_way} is in {file}, and seals from now on.")
    return time.monotonic()


def _with_current(keys: Keys, number: int) -> Keys:
    return Keys(keys.index, keys.seals, keys.tokens, number)


def reseal_all(here: Installation, begun_at: float, progress: Progress) -> int:
    """Seal until nothing is left under another key; return how many rows do not open.

    The last passes come when every process has taken up the new key, or had the time to.
    """
    with closing(open_database(here.database.url, durable=False)) as database:
        return _until_none_is_left(database, here.keys, begun_at, progress)


def _until_none_is_left(database: Database, keys: Keys, begun_at: float, progress: Progress) -> int:
    task = progress.add_task(
        "sealing anew", total=database.read_now(sealed.count_older, keys.current)
    )
    for _ in range(PASSES):
        damaged = 0
        for done, unopened in _pass(database, keys):
            damaged += unopened
            progress.advance(task, done)
        wait_until(begun_at + UNTIL_ALL_KNOW)
        if database.read_now(sealed.count_older, keys.current) == damaged:
            return damaged
    raise Misconfigured(
        "Rows are still being sealed with an older key: another machine has not got the new one.",
        remedy="Copy the key file to every machine, then run this again: it goes on.",
    )


def wait_until(moment: float) -> None:
    """Wait until the monotonic clock has come so far."""
    time.sleep(max(0.0, moment - time.monotonic()))


def _pass(database: Database, keys: Keys) -> Iterator[tuple[int, int]]:
    """Go through all tables once; give how many rows of each chunk are done, and do not open."""
    limit = CHUNK
    for place in sealed.places():
        after = 0
        while rows := database.read_now(
            sealed.older, place, keys.current, after=after, limit=limit
        ):
            after = rows[-1][0]
            new = reseal.resealed(place, keys, rows)
            begun = time.monotonic()
            done = database.write_now(reseal.reseal, place, rows, new)
            held = time.monotonic() - begun
            limit = _next_chunk(limit, held)
            yield done, _damaged(place, new, keys.current)
            time.sleep(REST * held)


def _next_chunk(limit: int, held: float) -> int:
    """Come nearer to the size that holds the writer just long enough."""
    fitting = limit * HELD_SECONDS / max(held, 1e-4)
    return round(max(min(fitting, 2 * limit, MANY), FEW, limit / 4))


def _damaged(place: Place, rows: list[sealed.Row], key: int) -> int:
    width = range(1, len(place.columns) + 1)
    return sum(any(row[n] is not None and row[n][0] != key for n in width) for row in rows)


def _forget_old(here: Installation, file: Path, damaged: int) -> None:
    """Drop the old sealing keys, from the file and from what the database knows of them.

    They are put back when anything was sealed with them meanwhile.
    """
    _see_that_none_is_used(here, damaged)
    all_keys = keyfile.read(file)
    keys = without_old_seals(all_keys)
    here.database.write_now(facts.unlearn, keys)
    keyfile.replace_file(file, keys)
    wait_until(time.monotonic() + UNTIL_ALL_KNOW)
    if here.database.read_now(sealed.count_older, keys.current):
        keyfile.replace_file(file, all_keys)
        here.database.write_now(facts.recognise, all_keys)
        raise _still_used("Rows were sealed with an older key meanwhile; the old keys are kept.")
    here.database.write_now(facts.unlearn, keys)  # a start meanwhile may have learnt them again
    typer.echo("The old sealing keys are gone: backups from before cannot be read any more.")


def _see_that_none_is_used(here: Installation, damaged: int) -> None:
    if damaged:
        raise Conflict(
            f"{damaged} rows do not open with the new key; the old ones are kept.",
            remedy="Look at the log for what does not open.",
        )
    if slugs := here.database.read_now(imports.under_way, app.utc_now()):
        raise Conflict(
            f"Signers are being imported ({', '.join(slugs)}); the old keys are kept.",
            remedy="Wait until that is done (one that was interrupted goes on when it is run again), "
            "then rotate with --forget-old again.",
        )
    if here.database.read_now(sealed.count_older, here.keys.current):
        raise _still_used("Rows are still sealed with an older key; the old keys are kept.")


def _still_used(problem: str) -> Conflict:
    return Conflict(
        problem,
        remedy="Copy the key file to every machine, wait until no import runs, and rotate with "
        "--forget-old again.",
    )


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
