"""Sign-ups in a rush: they are answered first, and worked off when there is room."""

import asyncio
from dataclasses import dataclass

from sqlmodel import Session, func, select

from feedsvc.domain.tables.doors import Intake
from feedsvc.gateways.installation import Installation

MOMENT, RESTS = 0.05, 5
A_TURN, A_SHORT_TURN = 0.8, 0.2
"""How many seconds a tick spends on sign-ups; and each second of fan-out or planning."""

RUSH = 200
"""So many sign-ups a second are a rush: working them off then takes a sixth of the time."""


@dataclass(slots=True)
class Rush:
    """Which sign-up was the newest, and when."""

    newest: int
    at: float


async def give_way(here: Installation, rush: Rush) -> None:
    """Rest while people sign faster than this: they are answered first, the work waits."""
    now = await newest(here)
    if now.newest - rush.newest > RUSH * (now.at - rush.at):
        await asyncio.sleep(RESTS * MOMENT)
        now = await newest(here)
    rush.newest, rush.at = now.newest, now.at


async def newest(here: Installation) -> Rush:
    """Look which sign-up is the newest."""
    found = await here.database.read(_last_intake)
    return Rush(found, asyncio.get_running_loop().time())


def _last_intake(session: Session) -> int:
    return session.exec(select(func.max(Intake.id))).one() or 0
