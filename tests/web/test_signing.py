"""Signing answers everyone alike; confirming works once, and only by POST."""

import re
from typing import Any

import httpx2
import pytest
from sqlalchemy import delete
from sqlmodel import Session, col, select

from feedsvc.actions import ask, sign
from feedsvc.domain import tokens
from feedsvc.domain.tables.doors import Intake
from feedsvc.domain.tables.ledger import MailKind
from feedsvc.domain.tables.people import Signature, Subscription
from feedsvc.domain.tokens import Purpose, Token
from tests.web.visiting import BASE, by_hand, visitor
from tests.world import World

LETTER = {"addressees": [{"name": "The Minister"}], "body": "Please."}
ANNA = {"email": "anna@example.org", "name": "Anna", "updates": "true"}
JSON_ANNA: dict[str, Any] = {**ANNA, "updates": True}


def petition(world: World, **fields: Any) -> None:
    world.campaign(kind="petition", letter=LETTER, **fields)


def intakes(world: World) -> int:
    return len(world.read(lambda session: session.exec(select(Intake)).all()))


def work_off(world: World) -> None:
    here = world.here
    for act in (sign.work_off, ask.ask):
        while world.write(act, here.composer, here.keys, here.settings, now=world.now):
            pass


def confirm_url(world: World) -> str:
    _, mail = world.mails(MailKind.CONFIRM)[-1]
    return world.values(mail)["confirm_url"]


@pytest.mark.parametrize("how", ["urlencoded", "multipart"])
async def test_form_is_accepted_and_kept_sealed(here_and_now: World, how: str) -> None:
    petition(here_and_now)
    typed = by_hand(here_and_now, ANNA)
    form: dict[str, Any] = (
        {"data": typed}
        if how == "urlencoded"
        else {"files": {k: (None, v) for k, v in typed.items()}}
    )
    async with visitor(here_and_now) as client:
        page = await client.post("/c/river/sign", **form)
    assert page.status_code == 202
    assert "Check your mail" in page.text
    sealed = here_and_now.read(lambda session: session.exec(select(Intake.sealed)).one())
    assert b"anna" not in sealed


async def test_known_and_unknown_addresses_get_the_same_bytes(here_and_now: World) -> None:
    petition(here_and_now)
    here_and_now.join("anna@example.org")
    async with visitor(here_and_now) as client:
        answers = [
            await client.post("/c/river/sign", data=by_hand(here_and_now, ANNA | {"email": email}))
            for email in ("anna@example.org", "ben@example.org")
        ]
    first, second = [(one.status_code, one.content, one.headers.multi_items()) for one in answers]
    assert first == second


async def test_json_is_accepted(here_and_now: World) -> None:
    petition(here_and_now)
    async with visitor(here_and_now) as client:
        answer = await client.post("/c/river/sign", json=JSON_ANNA)
    assert (answer.status_code, answer.json()) == (202, {"status": "accepted"})
    assert intakes(here_and_now) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "anna at example.org"}, "email"),
        ({"email": 5}, "email"),
        ({"email": ["anna@example.org"]}, "email"),
        ({"name": ["Anna"]}, "name"),
        ({"language": ["en"]}, "language"),
        ({"time_zone": ["UTC"]}, "time_zone"),
        ({"time_zone": {}}, "time_zone"),
        ({"name": "A\nB"}, "name"),
        ({"name": " ", "updates": False}, "name"),
        ({"cadence": "hourly"}, "cadence"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"language": "klingon!"}, "language"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_json_with_a_fault_names_the_field_and_stores_nothing(
    here_and_now: World, change: dict[str, Any], field: str
) -> None:
    petition(here_and_now)
    async with visitor(here_and_now) as client:
        answer = await client.post("/c/river/sign", json=JSON_ANNA | change)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["errors"][0]["field"] == field
    assert intakes(here_and_now) == 0


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"email": NaN}', '{"email": "a@b.org", "email": "c@d.org"}', "[" * 9000],
)
async def test_what_is_no_json_object_is_refused(here_and_now: World, body: str) -> None:
    petition(here_and_now)
    async with visitor(here_and_now) as client:
        kind = {"Content-Type": "application/json"}
        answer = await client.post("/c/river/sign", content=body, headers=kind)
    assert 400 <= answer.status_code < 500
    assert intakes(here_and_now) == 0


async def test_form_with_a_fault_is_shown_again_with_what_was_typed(here_and_now: World) -> None:
    petition(here_and_now)
    typed = {"email": "anna@", "name": "Zoë <b>", "updates": "true", "cadence": "weekly"}
    async with visitor(here_and_now) as client:
        page = await client.post("/c/river/sign", data=typed)
    assert page.status_code == 422
    for kept in ('value="anna@"', 'value="Zoë &lt;b&gt;"', " checked", 'value="weekly" selected'):
        assert kept in page.text
    assert "We cannot write to this address." in page.text
    assert intakes(here_and_now) == 0


async def test_form_without_a_name_asks_for_one(here_and_now: World) -> None:
    petition(here_and_now)
    async with visitor(here_and_now) as client:
        page = await client.post("/c/river/sign", data=by_hand(here_and_now, ANNA | {"name": " "}))
    assert page.status_code == 422
    assert "Please give your name." in page.text
    assert "This name cannot be taken." not in page.text


async def test_who_follows_a_statement_is_asked_for_an_address_alone(here_and_now: World) -> None:
    here_and_now.campaign()
    async with visitor(here_and_now) as client:
        page = await client.get("/c/river")
    assert 'name="email"' in page.text
    assert 'name="name"' not in page.text


async def test_petition_that_is_closed_says_so_in_whole_sentences(here_and_now: World) -> None:
    petition(here_and_now, status="closed")
    async with visitor(here_and_now) as client:
        page = await client.get("/c/river")
    assert "no longer open for signing. Nobody has signed yet.</p>" in page.text


async def test_form_passes_over_fields_it_does_not_know(here_and_now: World) -> None:
    petition(here_and_now)
    async with visitor(here_and_now) as client:
        page = await client.post("/c/river/sign", data=by_hand(here_and_now, ANNA | {"utm": "x"}))
    assert page.status_code == 202


async def test_body_above_the_limit_is_refused(here_and_now: World) -> None:
    petition(here_and_now)
    async with visitor(here_and_now) as client:
        page = await client.post("/c/river/sign", data=ANNA | {"name": "x" * 20_000})
    assert page.status_code == 413


@pytest.mark.parametrize("status", ["closed", "won", "withdrawn"])
async def test_petition_that_is_not_open_takes_no_signature(
    here_and_now: World, status: str
) -> None:
    petition(here_and_now, status=status)
    async with visitor(here_and_now) as client:
        statuses = [
            (await client.post("/c/river/sign", data=by_hand(here_and_now, ANNA))).status_code,
            (await client.post("/c/river/sign", json=JSON_ANNA)).status_code,
        ]
    assert statuses == [409, 409]
    assert intakes(here_and_now) == 0


@pytest.mark.parametrize(
    ("status", "answered"), [("closed", 202), ("won", 202), ("withdrawn", 409)]
)
async def test_petition_can_be_followed_as_long_as_news_may_come(
    here_and_now: World, status: str, answered: int
) -> None:
    petition(here_and_now, status=status)
    follow = {"email": "anna@example.org", "updates": "true"}
    async with visitor(here_and_now) as client:
        shown = await client.get("/c/river")
        page = await client.post("/c/river/sign", data=by_hand(here_and_now, follow))
        said = await client.post("/c/river/sign", json=follow | {"updates": True})
    work_off(here_and_now)
    assert ("<form" in shown.text) == (answered == 202)
    assert (page.status_code, said.status_code) == (answered, answered)
    assert len(here_and_now.mails(MailKind.CONFIRM)) == (answered == 202)


async def test_who_signs_too_late_is_shown_the_way_to_the_page_of_the_campaign(
    here_and_now: World,
) -> None:
    petition(here_and_now, status="closed")
    form = by_hand(here_and_now, {"email": "anna@example.org", "name": "Anna"})
    async with visitor(here_and_now) as client:
        page = await client.post("/c/river/sign?lang=ar", data=form)
    assert page.status_code == 409
    assert '/c/river?lang=ar"' in page.text


async def test_petition_that_is_closed_is_not_signed_by_who_asks_for_nothing(
    here_and_now: World,
) -> None:
    petition(here_and_now, status="closed")
    async with visitor(here_and_now) as client:
        answer = await client.post("/c/river/sign", json={"email": "anna@example.org"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "updates")


async def test_name_under_a_statement_is_refused_where_it_is_not_kept(here_and_now: World) -> None:
    here_and_now.campaign()
    async with visitor(here_and_now) as client:
        answer = await client.post("/c/river/sign", json=JSON_ANNA)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "name")
    assert intakes(here_and_now) == 0


async def test_statement_can_be_followed_without_a_name(here_and_now: World) -> None:
    here_and_now.campaign()
    async with visitor(here_and_now) as client:
        follow = {"email": "anna@example.org", "updates": "true"}
        page = await client.post("/c/river/sign", data=by_hand(here_and_now, follow))
        nothing_wanted = await client.post("/c/river/sign", data={"email": "ben@example.org"})
    assert (page.status_code, nothing_wanted.status_code) == (202, 422)
    assert "tell you of news" in page.text
    work_off(here_and_now)
    assert len(here_and_now.mails(MailKind.CONFIRM)) == 1


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("https://org.example", 202), (BASE, 202)]
)
async def test_json_from_a_browser_comes_from_listed_sites_only(
    here_and_now: World, monkeypatch: pytest.MonkeyPatch, origin: str, status: int
) -> None:
    petition(here_and_now)
    http = here_and_now.here.settings.http
    monkeypatch.setitem(http.__dict__, "embed_origins", ("https://org.example",))
    async with visitor(here_and_now) as client:
        headers = {"Origin": origin}
        answer = await client.post("/c/river/sign", json=JSON_ANNA, headers=headers)
        asked = await client.options("/c/river/sign", headers=headers)
    assert answer.status_code == status
    assert asked.status_code == (403 if status == 403 else 204)


async def test_consent_names_the_words_that_were_agreed_to(here_and_now: World) -> None:
    petition(here_and_now)
    async with visitor(here_and_now) as client:
        await client.post("/c/river/sign", data=by_hand(here_and_now, ANNA))
    work_off(here_and_now)
    wish = here_and_now.read(lambda session: session.exec(select(Subscription)).one())
    assert wish.consent_source == "form"
    assert re.match(r"\d{4}-\d{2} ", wish.consent_text)


async def test_confirm_page_names_what_is_pending(here_and_now: World) -> None:
    petition(here_and_now)
    here_and_now.sign_up("anna@example.org")
    async with visitor(here_and_now) as client:
        page = await client.get(confirm_url(here_and_now))
    assert page.status_code == 200
    assert "Save the river" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_confirming_works_once_and_thanks_twice(here_and_now: World) -> None:
    petition(here_and_now)
    here_and_now.sign_up("anna@example.org")
    here_and_now.post(title="So far")
    url = confirm_url(here_and_now)
    async with visitor(here_and_now) as client:
        first = await client.post(url)
        before = confirmed_at(here_and_now)
        here_and_now.pass_time(hours=1)
        pages = [first, await client.post(url), await client.get(url)]
    assert all("Your signature counts." in page.text for page in pages)
    assert all("So far" in page.text for page in pages)
    assert confirmed_at(here_and_now) == before


def confirmed_at(world: World) -> object:
    return world.read(lambda session: session.exec(select(Signature.confirmed_at)).one())


async def test_confirm_link_shows_nothing_else_of_its_person(here_and_now: World) -> None:
    petition(here_and_now)
    here_and_now.campaign("forest", kind="petition", letter=LETTER)
    here_and_now.join("anna@example.org", "forest")
    here_and_now.pass_time(days=2)
    here_and_now.sign_up("anna@example.org")
    url = confirm_url(here_and_now)
    async with visitor(here_and_now) as client:
        pages = [await client.get(url), await client.post(url), await client.get(url)]
    assert not any("forest" in page.text for page in pages)


async def test_old_confirm_link_says_what_to_do(here_and_now: World) -> None:
    petition(here_and_now)
    here_and_now.sign_up("anna@example.org")
    here_and_now.pass_time(days=8)
    async with visitor(here_and_now) as client:
        pages = [await ask(confirm_url(here_and_now)) for ask in (client.get, client.post)]
    assert [page.status_code for page in pages] == [410, 410]
    assert "a new link is sent to you" in pages[0].text


async def test_confirm_link_that_has_nothing_to_confirm_any_more_says_so(
    here_and_now: World,
) -> None:
    petition(here_and_now)
    here_and_now.campaign("forest", kind="petition", letter=LETTER)
    here_and_now.sign_up("anna@example.org", "forest")
    here_and_now.sign_up("anna@example.org")
    url = confirm_url(here_and_now)
    here_and_now.write(lambda session: session.execute(delete(Signature)))
    here_and_now.write(lambda session: session.execute(delete(Subscription)))
    async with visitor(here_and_now) as client:
        pages = [await client.get(url), await client.post(url)]
    assert [page.status_code for page in pages] == [410, 410]


async def test_link_made_for_something_else_does_not_confirm(here_and_now: World) -> None:
    petition(here_and_now)
    signer = here_and_now.sign_up("anna@example.org")
    leaving = tokens.write(Token(Purpose.LEAVE_ALL, signer), here_and_now.here.keys)
    async with visitor(here_and_now) as client:
        pages = [await client.post(f"/confirm/{token}") for token in (leaving, "x", "é" * 39)]
    assert [page.status_code for page in pages] == [404, 404, 404]
    assert here_and_now.read(_nothing_confirmed)


def _nothing_confirmed(session: Session) -> bool:
    confirmed = select(Signature.id).where(col(Signature.confirmed_at).is_not(None))
    return not session.exec(confirmed).all()


async def test_signing_nudges_the_timetable(here_and_now: World) -> None:
    petition(here_and_now)
    async with visitor(here_and_now) as client:
        await client.post("/c/river/sign", data=by_hand(here_and_now, ANNA))
        assert nudges(client) == 1


def nudges(client: httpx2.AsyncClient) -> int:
    return int(client._transport.app.nudges)  # type: ignore[attr-defined]  # noqa: SLF001  ours
