"""Law 11: at the form nobody learns whether an address is known, not from a byte and not from the clock."""

import re
import time
from statistics import quantiles

import httpx2
import pytest

from feedsvc.actions import leave
from feedsvc.domain.tables.people import Reach, Suppression
from tests.web.visiting import by_hand, visitor
from tests.world import World

STATES = ("unknown", "pending", "confirmed", "left", "suppressed", "never", "bounced", "erased")
ROUNDS = 25
TOKEN = re.compile(rb'name="token" value="[^"]+"')


def address(state: str) -> str:
    return f"{state:x>12}@example.org"


@pytest.fixture
def site(here_and_now: World) -> World:
    """Give a site that knows seven of eight addresses, each in another way."""
    here = here_and_now
    here.campaign(kind="petition")
    here.sign_up(address("pending"))
    ids = {state: here.join(address(state)) for state in STATES[2:]}
    here.leave(ids["left"])
    here.write(leave.never, ids["never"], now=here.now)
    for state, reach in (
        ("suppressed", Reach.BULK),
        ("bounced", Reach.BULK),
        ("erased", Reach.ALL),
    ):
        row = Suppression(
            address_index=here.here.keys.address_index(address(state)),
            reach=reach,
            reason=state,
            created_at=here.now,
        )
        here.write(lambda session, row=row: session.add(row))
    return here


async def answer(client: httpx2.AsyncClient, site: World, how: str, state: str) -> httpx2.Response:
    wish = {"email": address(state), "name": "Zoë"}
    if how == "form":
        typed = by_hand(site, wish | {"updates": "true"})
        return await client.post("/c/river/sign", data=typed)
    return await client.post("/c/river/sign", json=wish | {"updates": True})


@pytest.mark.parametrize("how", ["form", "json"])
async def test_every_address_is_answered_with_the_same_bytes(site: World, how: str) -> None:
    async with visitor(site) as client:
        answers = [await answer(client, site, how, state) for state in STATES]
    told = {
        (one.status_code, tuple(one.headers.multi_items()), TOKEN.sub(b"", one.content))
        for one in answers
    }
    assert {one.status_code for one in answers} == {202}
    assert len(told) == 1


@pytest.mark.parametrize("how", ["form", "json"])
async def test_no_address_is_answered_sooner_or_later_than_the_others(
    site: World, how: str
) -> None:
    took: dict[str, list[float]] = {state: [] for state in STATES}
    async with visitor(site) as client:
        for _ in range(ROUNDS):
            for state in STATES:
                begun = time.perf_counter()
                await answer(client, site, how, state)
                took[state].append(time.perf_counter() - begun)
    quarters = {state: quantiles(times, n=4) for state, times in took.items()}
    latest_start = max(first for first, _, _ in quarters.values())
    earliest_end = min(third for _, _, third in quarters.values())
    assert latest_start < earliest_end, quarters
