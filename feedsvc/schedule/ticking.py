"""A tick: one step after the other asks the database what is due, and does it (law 13)."""

from contextlib import suppress
from datetime import datetime
from functools import partial

from sqlmodel import col

from feedsvc.actions import (
    ask,
    ask_both,
    fan_out,
    link,
    plan,
    publish,
    replay,
    retire,
    sign,
    slots,
    steer,
    welcome,
)
from feedsvc.domain.tables.doors import Intake
from feedsvc.domain.tables.ledger import Notice, Slot
from feedsvc.errors import Unavailable
from feedsvc.gateways.installation import Installation
from feedsvc.records import facts
from feedsvc.schedule.rows import one_by_one
from feedsvc.schedule.rush import A_SHORT_TURN, A_TURN, MOMENT, give_way, newest

SIGN_UPS = col(Intake.id), True
FAN_OUTS = col(Notice.id), col(Notice.eligible).is_(None)
SWEEPS = col(Notice.id), col(Notice.swept).is_not(None)
PLANS = col(Slot.id), col(Slot.planned_at).is_(None)


async def tick(here: Installation, now: datetime) -> None:
    """Do all that is due at `now`: sign-ups, embargoes, fan-out, what was steered, slots, plans.

    What fails, a step or a row, does not stop the next ones (law 8) and is due again at the next
    tick; the failures are raised at the end.
    """
    failures = []
    for step in STEPS:
        try:
            await step(here, now)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  raised below, with the others
            errors = error.exceptions if isinstance(error, ExceptionGroup) else [error]
            failures.append(ExceptionGroup(step.__name__.strip("_"), errors))
    if failures:
        raise ExceptionGroup("steps of a tick failed", failures)


async def _sign_ups(here: Installation, now: datetime, at_most: float = A_TURN) -> None:
    """Work off sign-ups for a while: however many come, all other steps have their turn (law 8)."""
    pieces = (here.composer, here.keys, here.settings)
    act, rush = partial(sign.work_off, now=now), await newest(here)
    yielding = partial(give_way, here, rush)
    await one_by_one(
        here, SIGN_UPS, act, *pieces, meanwhile=yielding, every=MOMENT, at_most=at_most
    )


async def _asks(here: Installation, now: datetime) -> None:
    pieces = (here.composer, here.keys, here.settings)
    while await here.database.write(ask.ask, *pieces, now=now):
        pass


async def _links(here: Installation, now: datetime) -> None:
    pieces = (here.composer, here.keys, here.settings)
    for act in (link.mail_links, ask_both.ask_both):
        while await here.database.write(act, *pieces, now=now):
            pass


async def _welcomes(here: Installation, now: datetime) -> None:
    if here.settings.digest.welcome:
        pieces = (here.composer, here.keys, here.settings)
        while await here.database.write(welcome.welcome, *pieces, now=now):
            pass


async def _embargoes(here: Installation, now: datetime) -> None:
    await here.database.write(publish.release_due, now=now)


async def _retire(here: Installation, now: datetime) -> None:
    while await here.database.write(retire.retire, now=now):
        pass


async def _fan_out(here: Installation, now: datetime) -> None:
    chunk = here.settings.digest.chunk
    act = partial(fan_out.fan_out, chunk=chunk)
    await one_by_one(here, FAN_OUTS, act, meanwhile=partial(_urgent, here, now))


async def _judge(here: Installation, now: datetime) -> None:
    found = await here.database.read(steer.findings, now)
    for notice_id, why in found.halts.items():
        await here.database.write(steer.halt_mailing, notice_id, why, now=now)
    for notice_id in found.proven:
        await here.database.write(steer.prove, notice_id, now=now)
    for notice_id in found.untried:
        await here.database.write(steer.prove, notice_id, tried=False, now=now)


async def _sweeps(here: Installation, now: datetime) -> None:
    chunk, percent = here.settings.digest.chunk, here.settings.mail.canary_percent
    act = partial(steer.sweep, chunk=chunk, canary_percent=percent, now=now)
    await one_by_one(here, SWEEPS, act, meanwhile=partial(_urgent, here, now))


async def _slots(here: Installation, now: datetime) -> None:
    digest, zones = here.settings.digest, here.zones
    while await here.database.write(slots.open_slots, digest=digest, zones=zones, now=now):
        pass


async def _plans(here: Installation, now: datetime) -> None:
    chunk, percent = here.settings.digest.chunk, here.settings.mail.canary_percent
    act = partial(plan.plan, chunk=chunk, canary_percent=percent, now=now)
    pieces = (here.composer, here.keys)
    await one_by_one(here, PLANS, act, *pieces, meanwhile=partial(_urgent, here, now))


async def _wipe(here: Installation, now: datetime) -> None:  # noqa: ARG001  a step like the others
    """Wipe the log of the database after somebody was erased; whoever reads in it is waited for."""
    owed = await here.database.read(facts.wipe_owed)
    if owed is not None and await here.database.empty_log():
        await here.database.write(facts.wiped, owed)


async def _mark(here: Installation, now: datetime) -> None:
    """Mark in the journal how far the database has come, so that a restart replays next to nothing."""
    journal = here.database.journal
    if journal is not None and not journal.marked():
        await here.database.write(replay.mark, now=now)


STEPS = (
    _sign_ups,
    _asks,
    _links,
    _welcomes,
    _embargoes,
    _retire,
    _fan_out,
    _judge,
    _sweeps,
    _slots,
    _plans,
    _wipe,
    _mark,
)


async def _urgent(here: Installation, now: datetime) -> None:
    """Do what cannot wait until a million mails are planned; the next tick shows what failed."""
    few_sign_ups = partial(_sign_ups, at_most=A_SHORT_TURN)
    for step in (few_sign_ups, _asks, _links, _judge, _wipe, _mark):
        with suppress(Exception):
            await step(here, now)
