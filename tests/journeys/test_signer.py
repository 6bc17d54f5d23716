"""A signer's way: sign, confirm, hear of it once, leave with one click, and hear no more."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Table, select
from sqlmodel import Session, SQLModel

from feedsvc.domain.tables.ledger import MailKind
from feedsvc.records.books import Books, books
from tests.web.visiting import by_hand, visitor
from tests.world import World

LETTER = {"addressees": [{"name": "The Minister"}], "body": "Please."}
ANNA = {"email": "anna@example.org", "name": "Anna", "updates": "true"}
CLICK = {"List-Unsubscribe": "One-Click"}


async def test_signer_confirms_hears_and_leaves(here_and_now: World) -> None:
    here_and_now.campaign(kind="petition", letter=LETTER)
    async with visitor(here_and_now) as client:
        assert (
            await client.post("/c/river/sign", data=by_hand(here_and_now, ANNA))
        ).status_code == 202
        await here_and_now.tick()
        (url,) = links(here_and_now, MailKind.CONFIRM, "confirm_url")

        before = everything(here_and_now)
        assert (await client.get(url)).status_code == 200
        assert (await client.head(url)).status_code == 200
        assert everything(here_and_now) == before

        thanks = await client.post(url)
        assert "Your signature counts." in thanks.text
        assert "1 person has signed" in thanks.text

        await news(here_and_now, "First")
        (url,) = links(here_and_now, MailKind.DIGEST, "leave_url")
        before = everything(here_and_now)
        assert (await client.get(url)).status_code == 200
        assert everything(here_and_now) == before

        here_and_now.post(title="Second")
        await here_and_now.tick()
        assert (await client.post(url, data=CLICK)).status_code == 200
        await news(here_and_now, "Third")
    assert len(links(here_and_now, MailKind.DIGEST, "leave_url")) == 1
    third, second, _ = of(here_and_now)
    assert (second.eligible, second.withheld, second.balanced) == (1, {"left": 1}, True)
    assert (third.eligible, third.withheld, third.balanced) == (0, {}, True)


def links(world: World, kind: MailKind, name: str) -> list[str]:
    """The links of this name in all mails so far."""
    return [world.values(mail)[name] for _, mail in world.mails(kind)]


async def news(world: World, title: str) -> None:
    """Post an update and let its mails be planned."""
    world.post(title=title)
    world.pass_time(minutes=11)
    await world.tick()


def of(world: World) -> list[Books]:
    """The books, the newest notice first."""
    found = world.read(books)
    assert isinstance(found, list)
    return found


def everything(world: World) -> dict[str, Sequence[Row[Any]]]:
    """Every row of every table."""

    def dump(session: Session) -> dict[str, Sequence[Row[Any]]]:
        tables: list[Table] = SQLModel.metadata.sorted_tables
        return {
            one.name: session.execute(select(one).order_by(*one.primary_key)).all()
            for one in tables
        }

    found = world.read(dump)
    assert isinstance(found, dict)
    return found
