"""Many calls at once, but not too many: where one is done, the next takes its place."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from feedsvc.gateways.outgoing import AT_ONCE

LOOK_SECONDS = 1.0

T = TypeVar("T")


async def work_off(
    name: str,
    take: Callable[[int], Awaitable[Sequence[T]]],
    act: Callable[[T], Awaitable[None]],
) -> None:
    """Take what is due and act on it until nothing is; one that is slow holds up no other.

    The failures are raised at the end, or when it is cut short all that is under way is.
    """
    under_way: set[asyncio.Task[None]] = set()
    failures: list[Exception] = []
    try:
        while True:
            free = AT_ONCE - len(under_way)
            taken = await take(free) if free else ()
            under_way |= {asyncio.create_task(_run(act, one, failures)) for one in taken}
            if not under_way:
                break
            # The longest wait is for what becomes due meanwhile.
            _, under_way = await asyncio.wait(
                under_way, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
    if failures:
        raise ExceptionGroup(name, failures)


async def _run(act: Callable[[T], Awaitable[None]], one: T, failures: list[Exception]) -> None:
    try:
        await act(one)
    except Exception as error:  # noqa: BLE001  raised when the others are done
        failures.append(error)
