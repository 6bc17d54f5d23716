"""What the tests of `/me` need: somebody with a fresh link, and what is stored of them."""

import re
from collections.abc import Iterable
from typing import Any

from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import MailKind
from feedsvc.domain.tables.people import Signer, Subscription
from feedsvc.records import fresh_links
from tests.world import World

ANNA = "anna@example.org"
LETTER = {"addressees": [{"name": "The Minister"}], "body": "Please."}


async def fresh_link(world: World, address: str = ANNA) -> str:
    """Let somebody ask for a link and get it by mail; return its address."""
    index = world.here.keys.address_index(address)
    world.write(fresh_links.wish, index, now=world.now)
    await world.tick()
    return links(world, MailKind.LINK, "me_url")[-1]


async def planned(world: World, **span: float) -> None:
    """Let time pass and what is due be planned."""
    world.pass_time(**span)
    await world.tick()


async def later(world: World, **span: float) -> list[str]:
    """Let time pass, plan and send; return who was written to."""
    await planned(world, **span)
    return world.send()


def words(html: str) -> str:
    """What a page says, without its marks."""
    return re.sub(r"<[^>]*>", "", html)


def links(world: World, kind: MailKind, name: str) -> list[str]:
    """The links of this name in all mails so far."""
    return [world.values(mail)[name] for _, mail in world.mails(kind)]


def signer(world: World, address: str = ANNA) -> Signer:
    """Whoever has this address."""
    found = world.read(lambda s: s.get(Signer, world.signer_id(address)))
    assert isinstance(found, Signer)
    return found


def wishes(world: World) -> list[Subscription]:
    """All subscriptions, the oldest first."""

    def listed(session: Session) -> list[Subscription]:
        return list(session.exec(select(Subscription).order_by(col(Subscription.id))).all())

    found: list[Subscription] = world.read(listed)
    return found


def rows(world: World, model: Any) -> list[Any]:
    """Every row of a table."""
    found: Iterable[Any] = world.read(lambda s: s.exec(select(model).order_by(model.id)).all())
    return list(found)
