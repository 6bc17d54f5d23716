"""Leaving by page and by one click: GET shows, POST acts, and the page shows no more than its link."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from feedsvc.actions import forget, leave
from feedsvc.domain import tokens
from feedsvc.domain.tables.people import Because, Cadence, Ending, Signer, Subscription
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.records import leaves, suppressions
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


@pytest.mark.parametrize("cadence", [Cadence.DAILY, Cadence.WEEKLY])
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


async def test_never_again_holds_for_who_was_forgotten_meanwhile(here_and_now: World) -> None:
    here_and_now.campaign("river", kind="petition")
    url = link(here_and_now, Purpose.NEVER, here_and_now.sign_up("anna@example.org"))
    here_and_now.pass_time(days=9)
    here_and_now.write(forget.forget_unconfirmed, now=here_and_now.now)
    async with visitor(here_and_now) as client:
        answer = await client.post(url)
    assert "We will not write again" in answer.text
    index = here_and_now.here.keys.address_index("anna@example.org")
    assert here_and_now.read(suppressions.never, index)


async def test_never_again_is_not_promised_for_an_address_of_which_nothing_is_left(
    here_and_now: World,
) -> None:
    here_and_now.campaign("river", kind="petition")
    url = link(here_and_now, Purpose.NEVER, here_and_now.sign_up("anna@example.org"))
    here_and_now.pass_time(days=31)
    here_and_now.write(forget.forget_unconfirmed, now=here_and_now.now)
    async with visitor(here_and_now) as client:
        answer = await client.post(url)
    assert answer.status_code == 410
    assert "We do not know this address any more" in answer.text


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


async def test_page_after_leaving_offers_the_way_back(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        await client.post(url)
        here_and_now.pass_time(hours=23)
        again = await client.post(url)
        back = await client.post(url, data=undo(again.text))
    assert "You are back" in back.text
    assert "Save the river" in back.text
    assert live(here_and_now) == ["river", "forest"]


async def test_what_one_page_has_left_by_everything_its_undo_brings_back(
    here_and_now: World,
) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        page = await client.post(url, data={"everything": "true"})
        back = await client.post(url, data=undo(page.text))
    assert not any(word in page.text + back.text for word in ("Save the", "forest"))
    assert live(here_and_now) == ["river", "forest"]


async def test_undoing_twice_says_the_same(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        form = undo((await client.post(url)).text)
        answers = [await client.post(url, data=form) for _ in range(2)]
    assert answers[0].text == answers[1].text
    assert len(subscriptions(here_and_now)) == 3


async def test_undo_that_is_too_late_says_so_and_changes_nothing(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        form = undo((await client.post(url)).text)
        here_and_now.pass_time(days=1)
        answer, page = await client.post(url, data=form), await client.get(url)
    assert (answer.status_code, "Nothing was changed" in answer.text) == (409, True)
    assert 'name="undo"' not in page.text
    assert live(here_and_now) == ["forest"]


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-03-02T09:00:00", "2026-03-02T09:00:01Z"])
async def test_undo_of_another_moment_changes_nothing(here_and_now: World, moment: str) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        await client.post(url)
        answer = await client.post(url, data={"undo": "true", "left_at": moment})
    assert "Nothing was changed" in answer.text
    assert live(here_and_now) == ["forest"]


async def test_one_click_outweighs_an_undo(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        form = undo((await client.post(url)).text)
        await client.post(url, data=form | CLICK)
    assert live(here_and_now) == ["forest"]


async def test_who_looks_after_leaving_is_told_and_offered_the_way_back(
    here_and_now: World,
) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        await client.post(url)
        page = await client.get(url)
        await client.post(url, data=undo(page.text))
        live_again = await client.get(url)
    assert "These mails have stopped" in page.text
    assert "Stop these mails?" in live_again.text


async def test_leave_that_was_made_elsewhere_is_not_taken_back_by_a_mail(
    here_and_now: World,
) -> None:
    signer, url = two_campaigns(here_and_now)
    here_and_now.leave(signer)
    left_at = str(subscriptions(here_and_now)[0].ended_at)
    async with visitor(here_and_now) as client:
        page = await client.get(url)
        again = await client.post(url)
        answer = await client.post(url, data={"undo": "true", "left_at": left_at})
    assert 'name="left_at"' not in page.text + again.text
    assert answer.status_code == 409
    assert live(here_and_now) == []


@pytest.mark.parametrize("instead", ["immediate", "daily", "pause"])
async def test_link_of_a_mail_never_brings_more_of_them(here_and_now: World, instead: str) -> None:
    here_and_now.campaign()
    signer = here_and_now.join("anna@example.org", cadence="weekly")
    until = here_and_now.now + timedelta(days=300)
    here_and_now.write(leave.pause, signer, campaigns=None, until=until)
    async with visitor(here_and_now) as client:
        await client.post(link(here_and_now, Purpose.LEAVE_ALL, signer), data={"instead": instead})
    [wish] = subscriptions(here_and_now)
    assert (wish.cadence, wish.paused_until) == (Cadence.WEEKLY, until)


async def test_reason_is_thanked_for_and_counted(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        form = undo((await client.post(url)).text)
        del form["undo"]
        thanks = await client.post(url, data=form | {"because": "too much"})
    assert "Thank you for telling us" in thanks.text
    assert 'name="undo"' in thanks.text
    river, forest = [here_and_now.campaign_id(slug) for slug in ("river", "forest")]
    assert here_and_now.read(leaves.reasons, river) == {Because.TOO_MUCH: 1}
    assert here_and_now.read(leaves.reasons, forest) == {}


async def test_who_took_the_leave_back_is_not_counted(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        form = undo((await client.post(url)).text)
        await client.post(url, data={"left_at": form["left_at"], "because": "other"})
        await client.post(url, data=form)
    assert here_and_now.read(leaves.reasons, here_and_now.campaign_id("river")) == {}


async def test_reason_that_is_none_is_refused_and_leaves_nothing(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    async with visitor(here_and_now) as client:
        answer = await client.post(url, data={"because": "spite"})
    assert answer.status_code == 422
    assert live(here_and_now) == ["river", "forest"]


async def test_reason_without_a_leave_leaves_nothing(here_and_now: World) -> None:
    _, url = two_campaigns(here_and_now)
    moment = here_and_now.now.isoformat()
    async with visitor(here_and_now) as client:
        await client.post(url, data={"because": "other", "left_at": moment})
    assert live(here_and_now) == ["river", "forest"]


def undo(page: str) -> dict[str, str]:
    """Read what the form would send that takes a leave back."""
    form = next(part for part in page.split("<form")[1:] if 'name="undo"' in part)
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.split("</form>")[0]))


def live(world: World) -> list[str]:
    """Name the campaigns that mail is sent about, in their order."""
    found = {one.campaign_id for one in subscriptions(world) if one.live}
    return [slug for slug in ("river", "forest") if world.campaign_id(slug) in found]
