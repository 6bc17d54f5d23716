"""Those who run actions: one thread with group commit for SQLite, a pool of threads for PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session

from feedsvc.gateways.database.engines import away, translated
from feedsvc.gateways.database.lazy import LazySession, begin, commit, empty_log, impatient
from feedsvc.gateways.journal import Journal

GROUP = 256
TRIES = 5
DEADLOCK, SERIALIZATION = "40P01", "40001"

JOURNAL = "journal"


class Writer(Protocol):
    """Runs actions, each in a transaction of its own, durable when its future is done."""

    def submit(self, act: Callable[[Session], Any]) -> Future[Any]:
        """Run `act` soon."""
        ...

    def empty_log(self) -> Future[bool]:
        """Bring all that is in the log of the database into its file, and wipe the log (SQLite).

        False when somebody was reading in it, and it is to be tried again.
        """
        ...

    def close(self) -> None:
        """Finish what was submitted, then stop."""
        ...


@dataclass(slots=True)
class _Job:
    act: Callable[[Session], Any]
    future: Future[Any]
    between: bool = False
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class GroupWriter:
    """One thread and one connection; all actions that wait share one durable commit.

    Several are each under a savepoint of their own; one alone needs none.
    """

    def __init__(self, engine: Engine, journal: Journal | None) -> None:
        self._engine = engine
        self._journal = journal
        self._connection: Connection | None = None
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, act: Callable[[Session], Any]) -> Future[Any]:
        """Run `act` soon; its future is done when the commit is on disk."""
        job = _Job(act, Future())
        self._jobs.put(job)
        return job.future

    def empty_log(self) -> Future[bool]:
        """Wipe the log between two transactions; the writer waits for readers for a blink only."""
        job = _Job(_nothing, Future(), between=True)
        self._jobs.put(job)
        return job.future

    def close(self) -> None:
        """Finish what was submitted, then stop."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            group, going = self._waiting()
            wanted = [job for job in group if job.future.set_running_or_notify_cancel()]
            self._commit([job for job in wanted if not job.between])
            self._empty_log([job for job in wanted if job.between])
        self._let_go()

    def _waiting(self) -> tuple[list[_Job], bool]:
        group: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            group.append(job)
            if len(group) == GROUP:
                return group, True
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return group, True
        return group, False

    def _commit(self, group: list[_Job]) -> None:
        if not group:
            return
        try:
            with translated(), self._transaction() as connection:
                self._act_all(connection, group)
        except Exception as error:  # noqa: BLE001  every caller must hear of it, and the thread lives on
            for job in group:
                job.error = job.error or error
        for job in group:
            job.settle()

    def _empty_log(self, asked: list[_Job]) -> None:
        if not asked:
            return
        try:
            with translated():
                if self._connection is None:
                    self._connection = impatient(self._engine.connect())
                emptied = empty_log(self._connection)
        except Exception as error:  # noqa: BLE001  whoever asked must hear of it, and the thread lives on
            for job in asked:
                job.error = error
        for job in asked:
            job.result = job.error is None and emptied
            job.settle()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Give a transaction on the connection that is kept; one that failed is not kept."""
        if self._connection is None:
            self._connection = impatient(self._engine.connect())
        connection = self._connection
        try:
            begin(connection)
            yield connection
            commit(connection)
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.connection.rollback()
            connection.close()

    def _act_all(self, connection: Connection, group: list[_Job]) -> None:
        alone = len(group) == 1
        lines = [line for job in group for line in self._act(connection, job, alone=alone)]
        if all(job.error for job in group):
            raise group[0].error or RuntimeError  # nothing to commit
        if self._journal is not None and lines:
            self._journal.write(lines)

    def _act(self, connection: Connection, job: _Job, *, alone: bool) -> list[str]:
        """Run one action; a fault of its own stays its own."""
        session = LazySession(connection, "rollback_only" if alone else "create_savepoint")
        try:
            with closing(session):
                if not alone:
                    session.connection()  # begins the savepoint, before anything plain is run
                job.result = job.act(session)
                if session.opened:
                    session.commit()
                return list(session.info.get(JOURNAL, ()))
        except (OperationalError, InterfaceError) as error:
            if away(error):
                raise  # disk full, locked: the whole group is lost and says so
            job.error = error
            return []
        except Exception as error:  # noqa: BLE001  handed to the caller
            job.error = error
            return []


class PoolWriter:
    """Threads, each with a connection and a transaction of its own; deadlocks are tried again."""

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="writer")

    def submit(self, act: Callable[[Session], Any]) -> Future[Any]:
        """Run `act` soon; its future is done when the commit is on disk."""
        return self._pool.submit(self._transaction, act)

    def empty_log(self) -> Future[bool]:
        """Do nothing: the log is PostgreSQL's, and it recycles it by itself."""
        done: Future[bool] = Future()
        done.set_result(True)
        return done

    def close(self) -> None:
        """Finish what was submitted, then stop."""
        self._pool.shutdown()

    def _transaction(self, act: Callable[[Session], Any]) -> Any:
        with translated():
            for _ in range(TRIES - 1):
                try:
                    return self._once(act)
                except DBAPIError as error:
                    if not _worth_another_try(error):
                        raise
            return self._once(act)

    def _once(self, act: Callable[[Session], Any]) -> Any:
        with _session(self._engine) as session, session.begin():
            return act(session)


def _nothing(_session: Session) -> None:
    """Do nothing."""


def _session(bind: Engine | Connection, **options: Any) -> Session:
    return Session(bind, expire_on_commit=False, autoflush=True, **options)


def _worth_another_try(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in {DEADLOCK, SERIALIZATION}
