"""Puts the pieces together: an installation made ready, and the application that serves it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from itertools import islice

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from feedsvc import migrations
from feedsvc.actions import replay
from feedsvc.actions.moved import configuration_moved
from feedsvc.config import Settings
from feedsvc.domain.journal import settled
from feedsvc.errors import Misconfigured
from feedsvc.gateways.database.engines import is_sqlite
from feedsvc.gateways.installation import Installation, open_installation
from feedsvc.push import Push
from feedsvc.records import documents, facts
from feedsvc.schedule import Timetable
from feedsvc.sender import Sender
from feedsvc.web import (
    assets,
    confirming,
    feeds,
    files,
    hub,
    leaving,
    me,
    moving,
    operation,
    pages,
    signing,
)
from feedsvc.web.access import AccessLog
from feedsvc.web.api import routes as api
from feedsvc.web.front import Front
from feedsvc.web.health import Health, Rate
from feedsvc.web.problems import exception_handlers
from feedsvc.web.state import State

REPLAYED_AT_ONCE = 500


class Role(StrEnum):
    """What a process does: everything, only HTTP, or only the work behind it."""

    ALL = "all"
    WEB = "web"
    WORKER = "worker"


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


def ready(settings: Settings) -> Installation:
    """Open an installation to serve it: schema up to date, keys that fit, feeds of this configuration.

    The schema of SQLite is brought up to date; PostgreSQL wants `feedsvc migrate`.
    """
    here = open_installation(settings)
    with _closed_on_failure(here):
        _schema(here, migrate=is_sqlite(here.database.url))
        here.database.write_now(facts.recognise, here.keys)
        print_of_feeds = documents.fingerprint(settings, here.templates)
        here.database.write_now(configuration_moved, print_of_feeds, utc_now())
        catch_up(here, now=utc_now())
        here.templates.warm()
    return here


def catch_up(
    here: Installation, *, now: datetime, told: Callable[[int], None] | None = None
) -> int:
    """Replay what the journal says and the database does not know; return how many lines that were.

    A few after a crash; many after an older copy of the database was put in place (SQLite). Whoever
    waits is `told` how many are done.
    """
    database, journal, lines = here.database, here.database.journal, 0
    if journal is None:
        return 0
    known = database.read_now(facts.marked)
    if known is not None:
        looked_up = replay.Known()
        going = settled(partial(journal.after, known))
        while chunk := list(islice(going, REPLAYED_AT_ONCE)):
            database.write_now(replay.replay, chunk, looked_up)
            lines += len(chunk)
            if told:
                told(len(chunk))
    database.write_now(replay.mark, now=now)
    return lines


def opened(settings: Settings) -> Installation:
    """Open an installation for one command, beside a service that may be running.

    Schema and keys are only checked, and the configuration is taken to be this command's own; a
    database that is empty gets its schema.
    """
    here = open_installation(settings)
    with _closed_on_failure(here):
        _schema(here, migrate=False)
        here.database.read_now(facts.known, here.keys)
    return here


def build(
    here: Installation,
    *,
    role: Role = Role.ALL,
    clock: Callable[[], datetime] = utc_now,
    more: Sequence[BaseRoute] = (),
) -> Starlette:
    """Make the application; its lifespan runs the timetable and the sender of this role.

    Raises Misconfigured when another sender runs on the same SQLite file.
    """
    routes = [
        *signing.routes,  # first: a thousand a second may come
        *feeds.routes,
        *files.routes,
        *assets.routes,
        *operation.routes,
        *hub.routes,
        *more,
        *api,
        *confirming.routes,
        *leaving.routes,
        *me.routes,
        *moving.routes,
        *pages.routes,
    ]
    sender = Sender(here, clock) if role is not Role.WEB else None
    kind = Starlette if role is Role.WORKER else partial(Front, here)
    application = kind(
        routes=operation.routes if role is Role.WORKER else routes,
        middleware=[Middleware(AccessLog)],
        exception_handlers=exception_handlers,
        lifespan=_lifespan(here, sender, clock),
    )
    application.router.redirect_slashes = False  # a redirect would trust the Host header
    return application


def _lifespan(
    here: Installation, sender: Sender | None, clock: Callable[[], datetime]
) -> Callable[[Starlette], AbstractAsyncContextManager[State]]:
    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[State]:
        push = Push(here, clock)
        timetable = Timetable(here, clock, push.jobs) if sender else None
        rate = Rate(lambda: sender.pace.sent if sender else 0)
        health = Health(
            last_tick=lambda: timetable.last_tick if timetable else None,
            problem=lambda: timetable.problem if timetable else None,
            sending=sender.pace if sender else None,
            sent_per_second=rate.per_second,
        )
        beside = [asyncio.create_task(rate.keep())]
        if isinstance(application, Front):
            beside.append(asyncio.create_task(here.database.listen()))
        if sender and timetable:
            await sender.start()
            timetable.start()
        nudge = timetable.nudge if timetable else _nobody
        try:
            yield {"here": here, "clock": clock, "nudge": nudge, "health": health}
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            if sender and timetable:
                timetable.stop()
                await sender.stop()
            await push.close()

    return lifespan


def _nobody() -> None:
    """Nudge nobody: another process keeps the timetable, and looks every second."""


@contextmanager
def _closed_on_failure(here: Installation) -> Iterator[None]:
    try:
        yield
    except BaseException:
        here.close()
        raise


def _schema(here: Installation, *, migrate: bool) -> None:
    engine = here.database.engine
    found, wanted = migrations.revision(engine), migrations.newest()
    if found == wanted:
        return
    if found is not None and found > wanted:
        raise Misconfigured(
            f"The database is at schema {found}, this program knows {wanted}.",
            remedy="Run the newer version of feedsvc again.",
        )
    if not migrate and not migrations.empty(engine):
        raise Misconfigured(
            f"The database is at schema {found}, this program wants {wanted}.",
            remedy="Run `feedsvc migrate`.",
        )
    migrations.bring_up_to_date(here.database.url, engine)
