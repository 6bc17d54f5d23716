"""Locks that die with their process: how the end of a worker is noticed (TRUST 2, 3)."""

import fcntl
import os
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from feedsvc.errors import Misconfigured, Unavailable
from feedsvc.gateways.database.engines import file_of, is_sqlite, translated

CLASS = 0x666565  # "fee": our advisory locks among those of others


class WorkerLock(Protocol):
    """Held by a worker as long as it lives."""

    def hold(self, worker_id: int) -> None:
        """Take the lock of this worker; raises Unavailable when the database is away."""
        ...

    def held(self) -> bool:
        """Whether our own lock is still ours."""
        ...

    def dead(self, worker_id: int) -> bool:
        """Whether another worker has let go of its lock."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


class FileLock:
    """One sender on one SQLite file: whoever holds the lock knows that all others are dead."""

    def __init__(self, url: str) -> None:
        path = file_of(url).with_suffix(".sender")
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise Misconfigured(
                "Another sender runs on this database.",
                remedy="Stop it first, or start this one with --role web.",
            ) from error

    def hold(self, worker_id: int) -> None:
        """Nothing more to take: the file is ours."""

    def held(self) -> bool:
        """Whether our own lock is still ours: until we close it."""
        return True

    def dead(self, worker_id: int) -> bool:  # noqa: ARG002  the file says it of all others
        """Whether another worker has let go of its lock: we could not hold it otherwise."""
        return True

    def close(self) -> None:
        """Let go."""
        os.close(self._descriptor)


class AdvisoryLock:
    """A session lock of PostgreSQL for each worker, on a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def hold(self, worker_id: int) -> None:
        """Take the lock of this worker."""
        self.close()
        with translated():
            self._connection = self._engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            )
            if not self._try(worker_id):
                raise Unavailable(f"The lock of worker {worker_id} is taken.")

    def held(self) -> bool:
        """Whether our own lock is still ours: it goes when the connection does."""
        if self._connection is None:
            return False
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            return False
        return True

    def dead(self, worker_id: int) -> bool:
        """Whether another worker has let go of its lock."""
        if self._connection is None:
            return False
        with translated():
            if not self._try(worker_id):
                return False
            unlock = text("SELECT pg_advisory_unlock(:class, :worker)")
            self._connection.execute(unlock, {"class": CLASS, "worker": worker_id})
        return True

    def close(self) -> None:
        """Let go."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _try(self, worker_id: int) -> bool:
        if self._connection is None:
            return False
        lock = text("SELECT pg_try_advisory_lock(:class, :worker)")
        return bool(self._connection.scalar(lock, {"class": CLASS, "worker": worker_id}))


def worker_lock(url: str, engine: Engine) -> WorkerLock:
    """Make the lock that fits the database."""
    return FileLock(url) if is_sqlite(url) else AdvisoryLock(engine)
