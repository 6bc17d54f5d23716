"""A signer's second way: ask for a link, choose, move to another address, take the data, be erased."""

from feedsvc.domain.tables.ledger import MailKind
from tests.web.mine import ANNA, LETTER, later, links, planned, words
from tests.web.visiting import by_hand, visitor
from tests.world import World

NEW = "anna.new@example.com"
FORM = {"email": ANNA, "name": "Anna", "updates": "true", "time_zone": "Australia/Sydney"}


async def test_signer_chooses_moves_and_is_erased(here_and_now: World) -> None:
    here_and_now.campaign(kind="petition", letter=LETTER)
    campaign = str(here_and_now.campaign_id())
    async with visitor(here_and_now) as client:
        await client.post("/c/river/sign", data=by_hand(here_and_now, FORM))
        await here_and_now.tick()
        await client.post(links(here_and_now, MailKind.CONFIRM, "confirm_url")[0])
        here_and_now.post(title="First")
        await later(here_and_now, minutes=11)

        # A mail that was passed on leads to a page that shows nothing and asks for an address.
        page = await client.get(links(here_and_now, MailKind.DIGEST, "preferences_url")[0])
        assert "First" not in page.text
        assert (await client.post("/me", data={"email": ANNA})).status_code == 202
        await here_and_now.tick()
        mine = links(here_and_now, MailKind.LINK, "me_url")[0]
        page = await client.get(mine)
        assert "First" in page.text

        weekly = {"do": "cadence", "campaign": campaign, "cadence": "weekly"}
        assert (await client.post(mine, data=weekly)).status_code == 303
        here_and_now.post(title="Second")
        await planned(here_and_now, minutes=11)
        shown = words((await client.get(mine)).text)
        assert "Comes with your weekly mail of 9 March 2026, 08:10." in shown

        await client.post(mine, data={"do": "move", "email": NEW})
        await here_and_now.tick()
        for kind in (MailKind.MOVE_FROM, MailKind.MOVE_TO):
            await client.post(links(here_and_now, kind, "move_url")[0])
        assert (await client.get(mine)).status_code == 410
        assert await later(here_and_now, days=8) == [NEW]

        await client.post("/me", data={"email": NEW})
        await here_and_now.tick()
        mine = links(here_and_now, MailKind.LINK, "me_url")[-1]
        told = (await client.get(f"{mine}/data")).json()
        assert [row["state"] for row in told["updates"]] == ["mailed", "mailed"]
        await client.post(f"{mine}/erase")
        here_and_now.post(title="Third")
        assert await later(here_and_now, days=8) == []
    assert here_and_now.books().eligible == 0
