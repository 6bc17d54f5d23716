"""Law 14: a lasting link shows no campaign that its mail did not name, no history, no person."""

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from feedsvc.actions import choose, leave
from feedsvc.domain import tokens
from feedsvc.domain.tables.people import Because, Cadence
from feedsvc.domain.tokens import Purpose, Token
from tests.web.visiting import visitor
from tests.world import World

ANNA = "anna.quill@example.org"
BEA = "bea@example.com"
LETTER = {"addressees": [{"name": "The Minister"}], "body": "Please."}
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
NAMED = {
    Purpose.LEAVE_CAMPAIGN: {"osprey"},
    Purpose.LEAVE_MAIL: {"osprey", "heron"},
    Purpose.LEAVE_ALL: set[str](),
    Purpose.NEVER: set[str](),
}
"""What each link may name: the campaigns of the mail that it was made for."""

PERSONAL = (
    "anna",
    "quill",
    "example.org",
    "Drained",
    "Wader",
    "Fledged",
    "2 March 2026",
    "immediate",
)
ANSWERS: list[dict[str, str]] = [
    {"instead": "weekly"},
    {"instead": "pause"},
    {"instead": "hourly"},
    {"because": "spite"},
    {"because": "other"},
    {"List-Unsubscribe": "One-Click"},
    {"undo": "true"},
    {"undo": "true", "everything": "true"},
    {"because": "too much", "everything": "true"},
    {"everything": "true"},
    {"List-Unsubscribe": "One-Click"},
    {},
]


@pytest.fixture(params=["plain", "discreet"])
def several(here_and_now: World, request: pytest.FixtureRequest) -> World:
    """Give a world in which Anna and Bea have one mail about two campaigns, and Anna much more to hide."""
    here = here_and_now
    for slug in ("osprey", "heron", "plover"):
        here.campaign(slug, kind="petition", letter=LETTER)
        here.join(ANNA, slug, name="Anna Quill")
    for slug in ("osprey", "heron"):
        here.join(BEA, slug, name="Bea")
    here.post("plover", "Fledged")
    here.run()
    _choose(here, discreet=request.param == "discreet")
    here.pass_time(days=2)
    here.post("osprey", "Drained")
    here.post("heron", "Wader")
    here.run()
    here.pass_time(days=2)
    return here


def _choose(here: World, *, discreet: bool) -> None:
    """Let Anna hear of the third campaign once a week, and not now; both may be discreet."""
    anna, plover = here.signer_id(ANNA), [here.campaign_id("plover")]
    here.write(choose.choose_cadence, anna, campaigns=plover, cadence=Cadence.WEEKLY)
    here.write(leave.pause, anna, campaigns=plover, until=here.now + timedelta(days=9))
    for one in (anna, here.signer_id(BEA)):
        here.write(choose.choose_discretion, one, discreet=discreet)


def link(world: World, purpose: Purpose, address: str = ANNA) -> str:
    mail = next(mail for whose, mail in reversed(world.mails()) if whose == address)
    scopes = {
        Purpose.LEAVE_CAMPAIGN: world.campaign_id("osprey"),
        Purpose.LEAVE_MAIL: mail.digest_id,
    }
    token = Token(purpose, world.signer_id(address), scopes.get(purpose, 0))
    return f"/u/{tokens.write(token, world.here.keys)}"


def tells_too_much(answer: httpx2.Response, purpose: Purpose) -> list[str]:
    """Find what an answer tells that its link must not."""
    shown = html.unescape(f"{answer.headers}{answer.text}")
    others = {"osprey", "heron", "plover"} - NAMED[purpose]
    words = [word for word in (*others, *PERSONAL) if word.lower() in shown.lower()]
    return words + strangers(html.unescape(answer.text), purpose)


def strangers(text: str, purpose: Purpose) -> list[str]:
    """Find links to what the mail did not name, to news, and to what is theirs; and any address."""
    named = {f"/c/{slug}" for slug in NAMED[purpose]}
    paths = [urlsplit(found).path for found in re.findall(r'(?:href|action)="([^"]*)"', text)]
    theirs = [path for path in paths if re.match(r"/(?:c|n|s|me|confirm|move)/", path)]
    return [path for path in theirs if path not in named] + ADDRESS.findall(text)


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


@pytest.mark.parametrize("purpose", NAMED)
async def test_no_answer_depends_on_what_else_its_person_has(
    several: World, purpose: Purpose
) -> None:
    then, told = several.now, []
    for address in (ANNA, BEA):
        several.now, url = then, link(several, purpose, address)
        if (address, purpose) == (BEA, Purpose.LEAVE_CAMPAIGN):
            several.leave(several.signer_id(BEA), "heron")
        async with visitor(several) as client:
            answers = await every_answer(several, client, url)
        told.append([(one.status_code, one.text.replace(url, "")) for one in answers])
    assert told[0] == told[1]


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
