"""Working rows off one after the other, the oldest first; one that fails stops no other (law 8)."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

from sqlmodel import Session, func, select

from feedsvc.errors import Unavailable
from feedsvc.gateways.installation import Installation

SECONDS = 1.0


async def one_by_one(
    here: Installation,
    rows: tuple[Any, Any],
    act: Callable[..., Any],
    *pieces: object,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
    every: float | None = None,
    at_most: float = math.inf,
) -> None:
    """Work off the oldest of these rows until none is left; one that fails is passed by (law 8).

    What takes long looks up every second, or `every` so many, and does what must not wait, `meanwhile`.
    After `at_most` so many seconds the rest is left to the next tick.
    """
    loop = asyncio.get_running_loop()
    after: int | None = 0
    pause = SECONDS if every is None else every
    began = loop.time()
    failures, looked_up = [], began
    while after is not None and loop.time() - began < at_most:
        try:
            if not await here.database.write(act, *pieces, after=after):
                break
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  raised below, with the others
            failures.append(error)
            after = await here.database.read(_oldest, rows, after)
        if meanwhile is not None and loop.time() - looked_up > pause:
            await meanwhile()
            looked_up = loop.time()
    if failures:
        raise ExceptionGroup("rows passed by", failures)


def _oldest(session: Session, rows: tuple[Any, Any], after: int) -> int | None:
    number, is_open = rows
    found: int | None = session.exec(select(func.min(number)).where(is_open, number > after)).one()
    return found
