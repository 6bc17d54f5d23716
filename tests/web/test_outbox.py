"""The demo's outbox: the list of what was caught, and one mail of it, in a real frame."""

from email.message import EmailMessage

import pytest

from feedsvc.gateways.catcher import Catcher, Caught
from feedsvc.web.outbox import outbox_routes
from tests.web.visiting import visitor
from tests.world import World


def caught(world: World) -> Catcher:
    """Give a catcher that has caught one mail."""
    mail = EmailMessage()
    mail["Subject"] = "The river is clean"
    mail.set_content("Read it on the page.")
    catcher = Catcher(world.clock)
    catcher.mails.append(
        Caught(1, "from@example.org", "anna@example.org", world.now, mail.as_bytes())
    )
    return catcher


@pytest.mark.parametrize("page", ["/outbox", "/outbox/1"])
async def test_the_outbox_shows_what_was_caught_in_the_language_asked_for(
    here_and_now: World, page: str
) -> None:
    async with visitor(here_and_now, outbox_routes(caught(here_and_now))) as client:
        shown = await client.get(page, params={"lang": "ar"})
    assert shown.status_code == 200, shown.text
    assert 'dir="rtl"' in shown.text
    assert "The river is clean" in shown.text
