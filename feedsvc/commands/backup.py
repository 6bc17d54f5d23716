"""Copy the database while it is in use, and put a copy back: what happened since is replayed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import make_url
from sqlmodel import Session

from feedsvc import app, config, migrations
from feedsvc.actions import replay, restored
from feedsvc.commands.opening import ConfigFile, installation
from feedsvc.config import Settings
from feedsvc.errors import Conflict, Misconfigured
from feedsvc.gateways import copies, keyfile
from feedsvc.gateways.database import make_engine
from feedsvc.gateways.database.engines import file_of, is_sqlite
from feedsvc.gateways.installation import open_installation
from feedsvc.gateways.worker_lock import FileLock
from feedsvc.records import facts

LOOK = 0.1

NOT_COVERED = (
    "Not in the copy, and not in the journal: who signed up, what was posted and what was chosen "
    "after it was taken."
)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")], config_file: ConfigFile = None
) -> None:
    """Copy the database to a file, as it is at one moment; the service may be running."""
    with installation(config_file) as here:
        url = here.database.url
        if not is_sqlite(url):
            raise _of_postgresql(url, f"pg_dump --format=custom --file={file}")
        here.database.write_now(replay.mark, now=app.utc_now())
        with _growing(file, copies.size(file_of(url))):
            copies.take(file_of(url), file)
        journal, keys = here.database.journal, keyfile.place(here.settings.keys.file)
    typer.echo(
        f"Wrote {file}. Keep it apart from the key file {keys}: together they name everybody."
    )
    typer.echo(f"The journal {journal and journal.file} goes with it: a restore replays it.")


def restore(
    file: Annotated[Path, typer.Argument(help="A copy that `feedsvc backup` wrote.")],
    config_file: ConfigFile = None,
) -> None:
    """Put a copy in the place of the database, and replay what the journal says since.

    Nobody who left, was erased or asked never to be written to since is written to again, and no
    update is mailed twice to anybody; a question to confirm or a link that waited in the copy may
    be. The service must not be running; the present database is kept.
    """
    settings = config.read(config_file)
    url = settings.database.url
    if not is_sqlite(url):
        raise _of_postgresql(url, f"pg_restore --clean --if-exists --dbname=… {file}")
    database, now = file_of(url), app.utc_now()
    aside = database.with_suffix(f".before-restore-{now:%Y%m%dT%H%M%S}.db")
    database.parent.mkdir(parents=True, exist_ok=True)
    lock = _lock(url)
    try:
        had = database.exists()
        copies.put_in_place(file, database, aside, _fitting(settings))
        if had:
            typer.echo(f"The database of before is kept as {aside}; delete it when all is well.")
        _replayed(settings, now)
    finally:
        lock.close()


def _fitting(settings: Settings) -> Callable[[Path], None]:
    """Make what looks at a copy before it is put in place: its keys, and its schema."""

    def fit(arriving: Path) -> None:
        engine = make_engine(f"sqlite:///{arriving}", pool=1)
        try:
            if migrations.empty(engine):
                raise Misconfigured("The copy is empty.", remedy="Name one that `backup` made.")
            migrations.upgrade(engine)
            with Session(engine) as session:
                facts.known(session, keyfile.read(keyfile.place(settings.keys.file)))
        finally:
            engine.dispose()

    return fit


def _lock(url: str) -> FileLock:
    try:
        return FileLock(url)
    except Misconfigured as error:
        raise Conflict(
            "The service works with this database.", remedy="Stop it first, then restore."
        ) from error


def _replayed(settings: Settings, now: datetime) -> None:
    here = open_installation(settings)
    try:
        journal = here.database.journal
        if journal is not None and not journal.file.stat().st_size:
            typer.echo(
                f"There is no journal {journal.file}: nobody knows who left or was erased since. "
                "If you have it, put it there and restore again, before you start the service.",
                err=True,
            )
        with _progress() as progress:
            task = progress.add_task("replaying", total=None)
            lines = app.catch_up(here, now=now, told=lambda done: progress.advance(task, done))
        here.database.write_now(restored.restored, now=now)
        typer.echo(f"Replayed {lines} lines of the journal. Start the service: feedsvc serve")
        typer.echo(NOT_COVERED)
    finally:
        here.close()


def _of_postgresql(url: str, command: str) -> Misconfigured:
    named = make_url(url).render_as_string(hide_password=True)
    return Misconfigured(
        "The database is PostgreSQL's, and so are its copies.",
        remedy=f"Run: {command} (for {named}). After restoring an older dump, erase again whom you "
        "erased since: the journal is kept beside SQLite only.",
    )


@contextmanager
def _growing(file: Path, whole: int) -> Iterator[None]:
    """Show how far the copy has come, by its size."""
    growing, done = copies.growing_file(file), threading.Event()
    with _progress() as progress:
        task = progress.add_task("copying", total=whole)

        def look() -> None:
            while not done.wait(LOOK):
                size = growing.stat().st_size if growing.exists() else whole
                progress.update(task, completed=min(size, whole))

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            yield
            progress.update(task, completed=whole)
        finally:
            done.set()
            looking.join()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
