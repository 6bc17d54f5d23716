"""Leaving by page and by one click: GET shows, POST acts, and the page shows no more than its link."""

from typing import Any

import pytest
from sqlmodel import Session, col, select

from feedsvc.domain import tokens
from feedsvc.domain.tables.people import Cadence, Ending, Signer, Subscription
from feedsvc.domain.tokens import Purpose, Token
from tests.web.visiting import visitor
from tests.world import World

CLICK = {"List-Unsubscribe": "One-Click"}


def link(world: World, purpose: Purpose, signer: int, scope: int = 0) -> str:
    return f"/u/{tokens.write(Token(purpose, signer, scope), world.here.keys)}"


def subscriptions(world: World) -> list[Subscription]:
    def listed(session: Session) -> list[Subscription]:
        return list(session.exec(select(Subscription).order_by(col(Subscription.id))).all())

    found = world.read(listed)
    assert isinstance(found, list)
    return found


def left(world: World) -> list[bool]:
    return [one.ending is Ending.LEFT for one in subscriptions(world)]


def two_campaigns(world: World) -> tuple[int, str]:
    """Let Anna follow river and forest; return her id and the link that leaves river."""
    world.campaign("river")
    world.campaign("forest")
    signer = world.join("anna@example.org", "river")
    world.join("anna@example.org", "forest")
    return signer, link(world, Purpose.LEAVE_CAMPAIGN, signer, world.campaign_id("river"))


@pytest.mark.parametrize(
    "body", [{"data": CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}]
)
async def test_one_click_leaves_at_once_and_again(
    here_and_now: World, body: dict[str, Any]
) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        answers = [await client.post(url, **body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert "set-cookie" not in answers[0].headers
    assert left(here_and_now) == [True, False]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", ""),
        (b"\xff\xfe", "application/octet-stream"),
        (b"broken", "multipart/form-data"),
        (b"broken", "multipart/form-data; boundary=x"),
    ],
)
async def test_leaving_works_whatever_the_body_is(
    here_and_now: World, content: bytes, kind: str
) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        answer = await client.post(url, content=content, headers={"Content-Type": kind})
    assert answer.status_code == 200
    assert left(here_and_now) == [True, False]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_leaves_nothing(here_and_now: World, method: str) -> None:
    signer, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        for address in (url, link(here_and_now, Purpose.NEVER, signer)):
            page = await client.request(method, address)
            assert page.status_code == 200
    assert left(here_and_now) == [False, False]


async def test_page_names_what_its_link_names_and_nobody(here_and_now: World) -> None:
    signer, url = two_campaigns(here_and_now)
    everything = link(here_and_now, Purpose.LEAVE_ALL, signer)
    async with visitor(here_and_now) as client:
        one, everyone = [(await client.get(address)).text for address in (url, everything)]
    assert "Save the river" in one
    assert not any(word in one for word in ("forest", "anna"))
    assert not any(word in everyone for word in ("river", "forest", "anna"))


async def test_second_button_leaves_everything(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        page = await client.post(url, data={"everything": "true"})
    assert "You have left" in page.text
    assert left(here_and_now) == [True, True]


async def test_link_of_a_mail_leaves_every_campaign_in_it(here_and_now: World) -> None:
    two_campaigns(here_and_now)
    here_and_now.campaign("sea")
    here_and_now.join("anna@example.org", "sea")
    for slug in ("river", "forest"):
        here_and_now.post(slug)
    here_and_now.pass_time(minutes=11)
    await here_and_now.tick()
    (_, mail), *_ = here_and_now.mails()
    async with visitor(here_and_now) as client:
        page = await client.get(here_and_now.values(mail)["leave_url"])
        await client.post(here_and_now.values(mail)["leave_url"], data=CLICK)
    assert "forest" in page.text
    assert "sea" not in page.text
    assert left(here_and_now) == [True, True, False]


@pytest.mark.parametrize("cadence", list(Cadence))
async def test_writing_less_often_instead(here_and_now: World, cadence: Cadence) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        page = await client.post(url, data={"instead": cadence.value})
    assert "From now on we write" in page.text
    assert [one.cadence for one in subscriptions(here_and_now)] == [cadence, Cadence.IMMEDIATE]
    assert left(here_and_now) == [False, False]


async def test_pausing_instead(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        page = await client.post(url, data={"instead": "pause"})
    assert "1 April 2026" in page.text
    until = [one.paused_until for one in subscriptions(here_and_now)]
    assert until[0] is not None
    assert ((until[0] - here_and_now.now).days, until[1]) == (30, None)


async def test_less_often_does_not_bring_back_who_has_left(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        await client.post(url, data=CLICK)
        page = await client.post(url, data={"instead": "weekly"})
    assert "You have left" in page.text
    assert left(here_and_now) == [True, False]


async def test_choice_that_is_none_changes_nothing(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        page = await client.post(url, data={"instead": "hourly"})
    assert page.status_code == 422
    assert left(here_and_now) == [False, False]


async def test_one_click_outweighs_every_other_field(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        await client.post(url, data=CLICK | {"instead": "weekly"})
    assert left(here_and_now) == [True, False]


async def test_never_again_is_asked_first_and_then_kept(here_and_now: World) -> None:
    signer, _ = two_campaigns(here_and_now)
    url = link(here_and_now, Purpose.NEVER, signer)
    async with visitor(here_and_now) as client:
        asked, done, again = await client.get(url), await client.post(url), await client.post(url)
    assert "<form" in asked.text
    assert "We will not write again" in done.text
    assert again.status_code == 200
    assert left(here_and_now) == [True, True]


async def test_leaving_works_for_somebody_who_was_erased(here_and_now: World) -> None:
    signer, url = two_campaigns(here_and_now)
    here_and_now.write(_erase, signer)
    async with visitor(here_and_now) as client:
        answer = await client.post(url, data=CLICK)
    assert answer.status_code == 200


def _erase(session: Session, signer_id: int) -> None:
    signer = session.get_one(Signer, signer_id)
    signer.address_index = signer.address_sealed = None


async def test_forged_link_is_not_found(here_and_now: World) -> None:
    signer, url = two_campaigns(here_and_now)
    confirm = link(here_and_now, Purpose.CONFIRM, signer)
    forged = url[:-2] + ("A" if url[-2] != "A" else "B") + url[-1]  # of the last, two bits are idle
    async with visitor(here_and_now) as client:
        for address in (forged, confirm, "/u/x", "/u/" + "A" * 39):
            answers = [await client.get(address), await client.post(address, data=CLICK)]
            assert [answer.status_code for answer in answers] == [404, 404]
    assert left(here_and_now) == [False, False]


async def test_token_pages_are_not_kept_and_not_told_of(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        for page in (await client.get(url), await client.post(url, data=CLICK)):
            assert page.headers["cache-control"] == "no-store"
            assert page.headers["referrer-policy"] == "no-referrer"
            assert page.headers["x-content-type-options"] == "nosniff"
