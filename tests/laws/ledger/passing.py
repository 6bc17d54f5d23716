"""What time does: it passes, the timetable ticks, and what is old is forgotten."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule
from sqlmodel import Session

from feedsvc.actions import (
    ask_both,
    fan_out,
    forget,
    move,
    plan,
    publish,
    slots,
    steer,
    tidy,
    welcome,
)
from feedsvc.domain.tables.ledger import Withheld
from tests.laws.ledger.base import Base

SPANS = [timedelta(minutes=m) for m in (1, 7, 11, 31, 60 * 5, 60 * 13, 60 * 25, 60 * 80, 60 * 200)]

CHANGES = tuple(
    datetime(2026, month, day, hour, 0, tzinfo=UTC)
    for month, day, hour in (
        (3, 8, 10),
        (3, 29, 1),
        (4, 4, 16),
        (10, 3, 16),
        (10, 25, 1),
        (11, 1, 9),
    )
)
"""When the clocks change: Los Angeles, London, Sydney; and back, in the other order."""


class PowerCut(Exception):
    """The process ended before the commit."""


def cut_short(session: Session, act: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Do it all but commit."""
    act(session, *args, **kwargs)
    session.flush()
    raise PowerCut


def judge(session: Session, *, now: datetime) -> None:
    """Let the rest follow the shares that went well."""
    found = steer.findings(session, now)
    for notice_id in (*found.proven, *found.untried):
        steer.prove(session, notice_id, tried=notice_id in found.proven, now=now)


class Passing(Base):
    """The clock, and what is done by the timetable."""

    @rule(span=st.sampled_from(SPANS))
    def pass_time(self, span: timedelta) -> None:
        """Let time pass, up to more than a week."""
        self.world.now += span

    @rule(change=st.sampled_from(CHANGES), minutes=st.sampled_from([-90, -1, 0, 1, 31, 90]))
    def jump(self, change: datetime, minutes: int) -> None:
        """Jump ahead to a change of the clocks that is near."""
        there = change + timedelta(minutes=minutes)
        if timedelta() < there - self.world.now < timedelta(days=20):
            self.world.now = there

    @rule(times=st.integers(1, 2))
    def tick(self, times: int) -> None:
        """Let the timetable tick; a doubled tick changes nothing."""
        for _ in range(times):
            asyncio.run(self.world.tick())
        self._embargoes_end()

    @rule(step=st.integers(0, 7), cut=st.booleans())
    def one_step(self, step: int, cut: bool) -> None:  # noqa: FBT001  drawn
        """Do one transaction of a tick, which may be lost before its commit."""
        here, now = self.world.here, self.world.now
        percent = here.settings.mail.canary_percent
        pieces: dict[str, Any] = {
            "composer": here.composer,
            "keys": here.keys,
            "settings": here.settings,
        }
        steps: list[Callable[..., Any]] = [
            partial(publish.release_due, now=now),
            partial(fan_out.fan_out, chunk=2),
            partial(slots.open_slots, digest=here.settings.digest, zones=here.zones, now=now),
            partial(
                plan.plan,
                composer=here.composer,
                keys=here.keys,
                chunk=1,
                canary_percent=percent,
                now=now,
            ),
            partial(steer.sweep, chunk=1, canary_percent=percent, now=now),
            partial(judge, now=now),
            partial(ask_both.ask_both, **pieces, now=now),
            partial(welcome.welcome, **pieces, now=now),
        ]
        if cut:
            with suppress(PowerCut):
                self.world.write(cut_short, steps[step])
        else:
            self.world.write(steps[step])
            if step == 0:
                self._embargoes_end()

    @rule()
    def tidy(self) -> None:
        """Forget wishes that were not confirmed within a week."""
        over = [
            key for key, wish in self.wishes.items() if not wish.confirmed and not self._waits(wish)
        ]
        self.world.write(tidy.tidy, now=self.world.now)
        self.world.write(forget.forget_unconfirmed, now=self.world.now)
        self.world.write(move.forget_changes, now=self.world.now)
        for key in over:
            self.wishes.pop(key).ended = Withheld.EXPIRED
