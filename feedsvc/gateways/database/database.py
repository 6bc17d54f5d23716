"""The way in for everyone: `await database.write(act, …)` and `await database.read(query, …)`."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlmodel import Session

from feedsvc.errors import Misconfigured
from feedsvc.gateways.database.engines import Lost, file_of, is_sqlite, make_engine, translated
from feedsvc.gateways.database.watches import FileWatch, ServerWatch, Watch
from feedsvc.gateways.database.writers import JOURNAL, GroupWriter, PoolWriter, Writer
from feedsvc.gateways.journal import Journal

READERS = 4
LOOK = "Look at [database] url."

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """Runs actions on the writer and queries on readers, and tells when anything has changed."""

    def __init__(
        self, url: str, engine: Engine, readers: Engine, writer: Writer, journal: Journal | None
    ) -> None:
        self.url = url
        self.engine = engine
        self._readers = readers
        self._writer = writer
        self.journal = journal
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._watch: Watch = FileWatch(readers) if is_sqlite(url) else ServerWatch(url)

    async def write(
        self, act: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an action in a transaction of its own and wait until it is durable."""
        done = await asyncio.wrap_future(self.submit(act, *args, **kwargs))
        self._watch.doubt()
        return done

    async def read(
        self, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query on a reader."""
        call = partial(self.read_now, query, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def submit(
        self, act: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Hand an action over without waiting."""
        return self._writer.submit(lambda session: act(session, *args, **kwargs))

    def write_now(
        self, act: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run an action from code that is not async."""
        done = self.submit(act, *args, **kwargs).result()
        self._watch.doubt()
        return done

    def read_now(
        self, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query from code that is not async."""
        with translated(), Session(self._readers, expire_on_commit=False) as session:
            return query(session, *args, **kwargs)

    async def empty_log(self) -> bool:
        """Wipe the log of the database (SQLite); False when it is to be tried again soon."""
        return await asyncio.wrap_future(self._writer.empty_log())

    def empty_log_now(self) -> bool:
        """Wipe the log from code that is not async."""
        return self._writer.empty_log().result()

    async def trim_journal(self, now: datetime) -> None:
        """Drop lines of the journal that are older than any backup we replay on, once a day."""
        trimmer = await asyncio.to_thread(self.journal.trimmer, now) if self.journal else None
        if trimmer is not None:
            await self.write(lambda _session: trimmer.swap())

    def mark(self) -> int | None:
        """Return a number that moves when feeds may have moved; None: nobody can tell.

        Costs microseconds. Whoever reads takes the mark before. Raises Lost when SQLite's file does
        not answer.
        """
        return self._watch.mark()

    async def listen(self) -> None:
        """Hear of feeds that other processes move, until it is cancelled (PostgreSQL)."""
        await self._watch.listen()

    def close(self) -> None:
        """Finish what was handed over, then let go of everything."""
        self._writer.close()
        self._threads.shutdown()
        self._watch.close()
        self._readers.dispose()
        self.engine.dispose()
        if self.journal is not None:
            self.journal.close()


def open_database(url: str, *, pool: int = 8, durable: bool = True) -> Database:
    """Open the database at `url`; an SQLite file is made when it is missing, for its owner only.

    What is written to one that is not `durable` is there for all at once, and survives a power cut
    when the next durable commit does (SQLite).

    Raises Lost when the server does not answer, Misconfigured when the file cannot be used.
    """
    if not is_sqlite(url):
        engine = make_engine(url, pool=pool + READERS)
        _probe(engine, url)
        return Database(url, engine, engine, PoolWriter(engine, pool), None)
    file = file_of(url)
    _make(file)
    engine = make_engine(url, pool=1, durable=durable)
    _probe(engine, url)
    journal = Journal(file.with_suffix(".journal"))
    readers = make_engine(url, pool=READERS + 1, reader=True)
    return Database(url, engine, readers, GroupWriter(engine, journal), journal)


def journalled(session: Session, line: str) -> None:
    """Write `line` into the journal with the commit of this action (SQLite; else nothing)."""
    session.info.setdefault(JOURNAL, []).append(line)


def _make(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    except OSError as error:
        raise Misconfigured(
            f"The database {file} cannot be written ({error.strerror}).", remedy=LOOK
        ) from error


def _probe(engine: Engine, url: str) -> None:
    """Ask one question; whoever cannot answer it is named, without the password."""
    named = make_url(url).render_as_string(hide_password=True)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (OperationalError, InterfaceError) as error:
        raise Lost(f"The database {named} cannot be reached.", remedy=LOOK) from error
    except DatabaseError as error:
        raise Misconfigured(f"{named} is no database of ours.", remedy=LOOK) from error
