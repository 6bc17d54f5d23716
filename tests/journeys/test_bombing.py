"""Somebody signs nine people up nine thousand times: each gets three mails at most, and nobody else is lost.

The sign-ups come in by HTTP, as JSON, from a thousand networks and over a month; the timetable is the
real one. `FEEDSVC_TEST_BOMBS` says how many for each address: the 9,000 of TRUST 4 take a quarter of an
hour, and what limits them shows with four a day.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import Session, col, select

from feedsvc.actions import leave
from feedsvc.domain.tables.ledger import Withheld
from feedsvc.domain.tables.people import (
    Ending,
    Reach,
    Signature,
    Subscription,
    Suppression,
)
from feedsvc.records import due
from feedsvc.schedule import tidy_up
from tests.web.visiting import InWorld, service
from tests.world import World

EACH = int(os.environ.get("FEEDSVC_TEST_BOMBS", "120"))
DAYS = 30
SLUGS = ("river", "forest", "meadow")
STATES = (
    "unknown",
    "pending",
    "confirmed",
    "left",
    "suppressed",
    "bounced",
    "never",
    "erased",
    "signed",
)
CROWDED = "93.184.216.9"
"""Where one of the bombers sits, among people who sign."""


def address(name: str) -> str:
    return f"{name}@victims.example.org"


@pytest.fixture
def site(here_and_now: World) -> World:
    """Give a site with three petitions that knows eight of the nine, each in another way."""
    here = here_and_now
    for slug in SLUGS:
        here.campaign(slug, kind="petition")
    here.sign_up(address("pending"))
    ids = {name: here.join(address(name)) for name in STATES[2:8]}
    here.join(address("signed"), updates=False)
    here.leave(ids["left"])
    here.write(leave.never, ids["never"], now=here.now)
    for name, reach in (
        ("suppressed", Reach.BULK),
        ("bounced", Reach.BULK),
        ("erased", Reach.ALL),
    ):
        here.write(_suppress, here.here.keys.address_index(address(name)), reach, here.now)
    here.write(_bounce, ids["bounced"], here.now)
    here.send()
    here.pass_time(days=31)  # what these states cost has no part in the month
    return here


def _suppress(session: Session, index: bytes, reach: Reach, now: datetime) -> None:
    session.add(Suppression(address_index=index, reach=reach, reason="dead", created_at=now))


def _bounce(session: Session, signer_id: int, now: datetime) -> None:
    wish = session.exec(select(Subscription).where(Subscription.signer_id == signer_id)).one()
    wish.end(Ending.BOUNCED, 0, now)
    due.withhold(session, [wish.id or 0], Withheld.BOUNCED)


async def test_a_bombed_address_gets_three_mails_and_no_real_sign_up_is_lost(site: World) -> None:
    sent: Counter[str] = Counter()
    started = site.now
    app = service(site)
    people: list[str] = []
    for day in range(DAYS):
        await _sign_all(app, _bombs(day))
        new = [f"quiet{day}@people.example.org", f"crowded{day}@people.example.org"]
        await _sign_all(app, [(new[0], f"81.2.{day}.7", "river"), (new[1], CROWDED, "river")])
        people += new
        for _ in range(4):
            await site.tick()
            sent.update(await asyncio.to_thread(_deliver_and_confirm, site))
            site.pass_time(hours=6)
        await tidy_up(site.here, site.now)
    assert site.now - started == timedelta(days=DAYS)
    assert {name: sent[address(name)] for name in STATES if sent[address(name)] > 3} == {}
    assert sent[address("never")] == sent[address("erased")] == 0
    assert sent[address("unknown")] == 3
    site.pass_time(days=1)
    await site.tick()
    await asyncio.to_thread(_deliver_and_confirm, site)
    index = site.here.keys.address_index
    assert {index(one) for one in people} <= site.read(_confirmed)


def _bombs(day: int) -> Iterator[tuple[str, str, str]]:
    """Give address, network and campaign of one day's bombs."""
    for number in range(EACH // DAYS):
        network = CROWDED if number % 3 == 0 else f"11.{day}.{number % 200}.1"
        for name in STATES:
            yield address(name), network, SLUGS[(day + number) % 3]


async def _sign_all(app: InWorld, sign_ups: Iterator[Any] | list[Any]) -> None:
    waiting = list(sign_ups)
    for start in range(0, len(waiting), 100):
        await asyncio.gather(*(_sign(app, *one) for one in waiting[start : start + 100]))


async def _sign(app: InWorld, email: str, client: str, slug: str) -> None:
    transport = httpx2.ASGITransport(app, client=(client, 5))
    body = json.dumps({"email": email, "name": "Zoë", "updates": True})
    request = httpx2.Request(
        "POST",
        f"http://127.0.0.1:8000/c/{slug}/sign",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert (await transport.handle_async_request(request)).status_code == 202


def _deliver_and_confirm(site: World) -> list[str]:
    """Send what is due; the people, and nobody else, follow their links."""
    written_to = site.send()
    for one in written_to:
        if one.endswith("@people.example.org"):
            site.confirm(site.signer_id(one))
    return written_to


def _confirmed(session: Session) -> set[bytes]:
    rows = select(Signature.person_index).where(col(Signature.confirmed_at).is_not(None))
    return set(session.exec(rows).all())
