"""Law 14: a lasting link shows no campaign that its mail did not name, no history, no person."""

import html
from typing import Any

import httpx2
import pytest

from feedsvc.actions import leave
from feedsvc.domain import tokens
from feedsvc.domain.tables.people import Because
from feedsvc.domain.tokens import Purpose, Token
from tests.web.visiting import visitor
from tests.world import World

ANNA = "anna.quill@example.org"
NAMED = {
    Purpose.LEAVE_CAMPAIGN: {"osprey"},
    Purpose.LEAVE_MAIL: {"osprey", "heron"},
    Purpose.LEAVE_ALL: set[str](),
    Purpose.NEVER: set[str](),
}
"""What each link may name: the campaigns of the mail that it was made for."""

PERSONAL = ("anna", "quill", "example.org", "Drained", "Wader", "2 March 2026", "immediate")
ANSWERS: list[dict[str, str]] = [
    {"instead": "weekly"},
    {"instead": "pause"},
    {"instead": "hourly"},
    {"because": "spite"},
    {"because": "other"},
    {"undo": "true"},
    {"undo": "true", "everything": "true"},
    {"because": "too much", "everything": "true"},
    {"everything": "true"},
    {"List-Unsubscribe": "One-Click"},
    {},
]


@pytest.fixture
def several(here_and_now: World) -> World:
    """Give a world in which Anna follows three campaigns, and has a mail about two of them."""
    for slug in ("osprey", "heron", "plover"):
        here_and_now.campaign(slug)
        here_and_now.join(ANNA, slug, name="Anna Quill")
    here_and_now.send()
    here_and_now.pass_time(days=2)
    here_and_now.post("osprey", "Drained")
    here_and_now.post("heron", "Wader")
    here_and_now.run()
    here_and_now.pass_time(days=2)
    return here_and_now


def link(world: World, purpose: Purpose) -> str:
    (_, mail), *_ = world.mails()
    scopes = {
        Purpose.LEAVE_CAMPAIGN: world.campaign_id("osprey"),
        Purpose.LEAVE_MAIL: mail.digest_id,
    }
    token = Token(purpose, world.signer_id(ANNA), scopes.get(purpose, 0))
    return f"/u/{tokens.write(token, world.here.keys)}"


def tells_too_much(answer: httpx2.Response, purpose: Purpose) -> list[str]:
    """Find what an answer tells that its link must not."""
    shown = html.unescape(f"{answer.headers}{answer.text}")
    others = {"osprey", "heron", "plover"} - NAMED[purpose]
    return [word for word in (*others, *PERSONAL) if word.lower() in shown.lower()]


async def every_answer(world: World, client: httpx2.AsyncClient, url: str) -> list[httpx2.Response]:
    """Ask for all that a link can be asked, before and after what it does."""
    moment = {"left_at": world.now.isoformat()}
    got = [await client.request(method, url) for method in ("GET", "HEAD")]
    for told in ANSWERS:
        for data in (told, told | moment, told | moment | {"everything": "true"}):
            got += [await client.post(url, data=data), await client.get(url)]
    world.pass_time(days=2)
    got.append(await client.post(url, data={"undo": "true"} | moment))
    return got


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("purpose", NAMED)
async def test_no_answer_tells_more_than_its_mail(
    several: World, purpose: Purpose, language: str
) -> None:
    async with visitor(several) as client:
        client.headers["Accept-Language"] = language
        answers = await every_answer(several, client, link(several, purpose))
    assert all(answer.status_code < 500 for answer in answers)
    assert not [told for answer in answers if (told := tells_too_much(answer, purpose))]


async def test_the_way_back_from_everything_names_nothing(several: World) -> None:
    data = {"undo": "true", "left_at": several.now.isoformat(), "everything": "true"}
    for purpose in (Purpose.LEAVE_CAMPAIGN, Purpose.LEAVE_ALL):
        async with visitor(several) as client:
            await client.post(link(several, purpose), data={"everything": "true"})
            answer = await client.post(link(several, purpose), data=data)
        assert "about the same campaigns" in answer.text
        assert not tells_too_much(answer, Purpose.LEAVE_ALL)


async def test_the_way_back_names_what_the_mail_named(several: World) -> None:
    data = {"undo": "true", "left_at": several.now.isoformat()}
    async with visitor(several) as client:
        await client.post(link(several, Purpose.LEAVE_MAIL))
        answer = await client.post(link(several, Purpose.LEAVE_MAIL), data=data)
    assert all(f"Save the {slug}" in answer.text for slug in ("osprey", "heron"))
    assert not tells_too_much(answer, Purpose.LEAVE_MAIL)


async def test_it_cannot_be_told_apart_whether_another_campaign_was_left(several: World) -> None:
    url = link(several, Purpose.LEAVE_CAMPAIGN)
    async with visitor(several) as client:
        before = await client.get(url)
        several.leave(several.signer_id(ANNA), "plover")
        after = await client.get(url)
    assert before.text == after.text


async def test_a_reason_is_not_shown_again(several: World) -> None:
    anna, now = several.signer_id(ANNA), several.now
    several.leave(anna)
    why: dict[str, Any] = {"campaigns": None, "left_at": now, "why": Because.TOO_MUCH, "now": now}
    several.write(leave.because, anna, **why)
    with_reason = await _page(several)
    several.write(leave.because, anna, **why | {"why": Because.OTHER})
    assert with_reason == await _page(several)


async def _page(world: World) -> str:
    async with visitor(world) as client:
        return (await client.get(link(world, Purpose.LEAVE_ALL))).text
