"""Copies of a SQLite database: taken while it is in use, and put in its place when it is not."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from feedsvc.errors import Conflict, Misconfigured

BEGINS = b"SQLite format 3\0"
IN_USE = 0.2
MODE = 0o600
PRIMARY = 0xFF
"""The part of an extended result code that says what kind of error it is (sqlite.org/rescode)."""


def take(database: Path, copy: Path) -> None:
    """Copy a database as it is at one moment, for its owner only; it goes on being written meanwhile.

    The copy has no free pages, so nothing that was deleted is in it. Raises Conflict when there is a
    file already, Misconfigured when the copy cannot be written or is not whole.
    """
    if copy.exists():
        raise Conflict(f"{copy} exists already.", remedy="Name another file, or delete that one.")
    growing = growing_file(copy)
    try:
        growing.touch(mode=MODE)
        with _opened(database) as connection:
            connection.execute("VACUUM INTO ?", (str(growing),))
        _check(growing)
        _settle(growing, copy)
    except (OSError, sqlite3.Error) as error:
        raise Misconfigured(
            f"The copy {copy} cannot be written ({error}).",
            remedy="Look at the disk and its rights.",
        ) from error
    finally:
        growing.unlink(missing_ok=True)


def growing_file(copy: Path) -> Path:
    """Return where a copy is written before it is whole."""
    return copy.with_name(f".{copy.name}.growing")


def size(database: Path) -> int:
    """Return about how many bytes a copy will have."""
    with _opened(database) as connection:
        pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
        free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
        page_size: int = connection.execute("PRAGMA page_size").fetchone()[0]
        return (pages - free) * page_size


def put_in_place(copy: Path, database: Path, aside: Path, prepare: Callable[[Path], None]) -> None:
    """Put a copy in the place of a database, which is kept aside; `prepare` may refuse or change it.

    At no moment is there no database. One that is damaged is kept as it is, and so is the log of one
    that is not there any more: applied to the copy, it would spoil it. Raises Conflict when anybody
    has the database open, Misconfigured when the copy is none of ours.
    """
    if not _begins_well(copy):
        raise Misconfigured(
            f"{copy} is no copy of a database.", remedy="Name one that `backup` made."
        )
    arriving = database.with_name(f".{database.name}.arriving")
    arriving.unlink(missing_ok=True)
    try:
        _arrive(copy, arriving)
        prepare(arriving)
        _set_aside(database, aside)
        _settle(arriving, database)
    finally:
        for left in (arriving, *(Path(f"{arriving}{end}") for end in ("-wal", "-shm"))):
            left.unlink(missing_ok=True)


def _begins_well(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as content:
        return content.read(len(BEGINS)) == BEGINS


def _arrive(copy: Path, arriving: Path) -> None:
    """Write the copy anew beside the database, and see that it is whole."""
    try:
        with _opened(copy) as source:
            arriving.touch(mode=MODE)
            source.execute("VACUUM INTO ?", (str(arriving),))
        _check(arriving)
    except sqlite3.DatabaseError as error:
        raise Misconfigured(
            f"{copy} cannot be read ({error}).", remedy="Try another copy."
        ) from error


def _set_aside(database: Path, aside: Path) -> None:
    """Keep the database, and what is left of its log: that belongs to no other."""
    if database.exists():
        _close_log(database)
        os.link(database, aside)
    for end in ("-wal", "-shm"):
        log = Path(f"{database}{end}")
        if log.exists():
            log.replace(f"{aside}{end}")


def _close_log(database: Path) -> None:
    """Bring all into the file, if it can be read; whoever has it open keeps us from that."""
    try:
        with _opened(database) as connection:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & PRIMARY in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise Conflict(
                "A process works with this database.",
                remedy="Stop the service and all commands first, then restore.",
            ) from error


def _check(file: Path) -> None:
    with _opened(file) as connection:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise Misconfigured(f"The copy is not whole: {said}", remedy="Look at the disk.")


def _settle(arriving: Path, place: Path) -> None:
    with arriving.open("rb") as whole:
        os.fsync(whole.fileno())
    arriving.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _opened(file: Path) -> closing[sqlite3.Connection]:
    """Open a file; it is closed at the end, and nothing is begun by itself."""
    return closing(sqlite3.connect(file, timeout=IN_USE, isolation_level=None))
