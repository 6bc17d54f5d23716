"""A campaign's own site hands sign-ups in, and staff who may see who has signed."""

import hashlib
from datetime import timedelta
from typing import Any

import httpx2
import orjson
import pytest
from sqlmodel import col, select

from feedsvc.actions import erase
from feedsvc.domain.tables.ledger import MailKind
from feedsvc.domain.tables.people import Ending, Signature, Subscription
from feedsvc.domain.tables.staff import Answer, AuditLine, Scope
from tests.web.api.conftest import Bearer, repeatable
from tests.world import World

SIGNERS = "/api/campaigns/river/signers"
CONSENT = {"source": "the old form", "date": "2026-03-01", "text": "Tell me more."}
ANNA = {"email": "anna@example.org", "name": "Anna Øst", "updates": True}
ACCEPTED = (202, {"status": "accepted"})


async def hand_in(
    api: httpx2.AsyncClient, headers: dict[str, str], key: str = "k1", **change: Any
) -> httpx2.Response:
    return await api.post(SIGNERS, json=ANNA | change, headers=headers | repeatable(key))


def wishes(world: World) -> list[Subscription]:
    return list(
        world.read(lambda s: s.exec(select(Subscription).order_by(col(Subscription.id))).all())
    )


def river(world: World, **fields: Any) -> None:
    letter = {"addressees": [{"name": "The Minister"}], "body": "Please."}
    world.campaign("river", kind="petition", letter=letter, **fields)


async def test_a_sign_up_with_a_consent_counts_at_once(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    river(here_and_now)
    answer = await hand_in(api, bearer(Scope.SIGNERS_WRITE), consent=CONSENT)
    await here_and_now.tick()
    (wish,) = wishes(here_and_now)
    assert (answer.status_code, answer.json()) == ACCEPTED
    assert (wish.live, wish.consent_source, wish.consent_text) == (
        True,
        "site: the old form",
        "Tell me more.",
    )
    assert here_and_now.mails(MailKind.CONFIRM) == []


async def test_a_sign_up_without_a_consent_is_asked_to_confirm(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    river(here_and_now)
    answer = await hand_in(api, bearer(Scope.SIGNERS_WRITE))
    await here_and_now.tick()
    assert (answer.status_code, answer.json()) == ACCEPTED
    assert [address for address, _ in here_and_now.mails(MailKind.CONFIRM)] == [ANNA["email"]]
    assert [wish.live for wish in wishes(here_and_now)] == [False]


@pytest.mark.parametrize("consent", [CONSENT, None])
async def test_a_sign_up_that_comes_twice_is_one(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World, consent: Any
) -> None:
    river(here_and_now)
    headers = bearer(Scope.SIGNERS_WRITE)
    for key in ("k1", "k1", "k2"):
        answer = await hand_in(api, headers, key, consent=consent)
        assert (answer.status_code, answer.json()) == ACCEPTED
    await here_and_now.tick()
    assert len(wishes(here_and_now)) == 1
    assert len(here_and_now.mails(MailKind.CONFIRM)) == (consent is None)


async def test_who_signs_and_wants_no_mail_counts_under_a_hash(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    river(here_and_now)
    await hand_in(api, bearer(Scope.SIGNERS_WRITE), updates=False, consent=CONSENT)
    signature = here_and_now.read(lambda s: s.exec(select(Signature)).one())
    assert (signature.signer_id, signature.confirmed_at) == (None, here_and_now.now)


async def test_an_earlier_consent_brings_nobody_back_who_left(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    river(here_and_now)
    here_and_now.leave(here_and_now.join("anna@example.org"))
    answer = await hand_in(api, bearer(Scope.SIGNERS_WRITE), consent=CONSENT)
    assert (answer.status_code, answer.json()) == ACCEPTED
    assert [wish.ending for wish in wishes(here_and_now)] == [Ending.LEFT]


async def test_a_later_consent_brings_back_who_left(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    river(here_and_now)
    here_and_now.leave(here_and_now.join("anna@example.org"))
    here_and_now.pass_time(days=2)
    later = CONSENT | {"date": (here_and_now.now - timedelta(days=1)).isoformat()}
    await hand_in(api, bearer(Scope.SIGNERS_WRITE), consent=later)
    assert [wish.live for wish in wishes(here_and_now)] == [False, True]


@pytest.mark.parametrize("consent", [CONSENT, None])
async def test_who_was_erased_stays_out(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World, consent: Any
) -> None:
    river(here_and_now)
    signer = here_and_now.join("anna@example.org")
    here_and_now.write(erase.erase, signer, now=here_and_now.now)
    answer = await hand_in(api, bearer(Scope.SIGNERS_WRITE), consent=consent)
    await here_and_now.tick()
    assert (answer.status_code, answer.json()) == ACCEPTED
    assert [wish.live for wish in wishes(here_and_now)] == [False]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "anna@"}, "email"),
        ({"name": "", "updates": False}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"language": "klingon!"}, "language"),
        ({"cadence": "hourly"}, "cadence"),
        ({"consent": CONSENT | {"date": "2030-01-01"}}, "consent.date"),
        ({"consent": CONSENT | {"date": "yesterday"}}, "consent.date"),
        ({"consent": CONSENT | {"source": " "}}, "consent.source"),
        ({"consent": {"source": "x"}}, "consent.date"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_fault_names_the_field_and_stores_nothing(
    api: httpx2.AsyncClient,
    bearer: Bearer,
    here_and_now: World,
    change: dict[str, Any],
    field: str,
) -> None:
    river(here_and_now)
    answer = await hand_in(api, bearer(Scope.SIGNERS_WRITE), **{"consent": CONSENT} | change)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert wishes(here_and_now) == []


async def test_a_name_is_refused_where_it_is_not_kept(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign("river")
    answer = await hand_in(api, bearer(Scope.SIGNERS_WRITE))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "name")


async def test_a_closed_petition_takes_who_follows_and_no_names(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    river(here_and_now, status="closed")
    headers = bearer(Scope.SIGNERS_WRITE)
    signs = await hand_in(api, headers, "k1")
    follows = await hand_in(api, headers, "k2", name="")
    assert (signs.status_code, follows.status_code) == (409, 202)


async def test_an_answer_that_is_kept_names_nobody(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    river(here_and_now)
    await hand_in(api, bearer(Scope.SIGNERS_WRITE))
    guessed = hashlib.sha256(orjson.dumps(ANNA, option=orjson.OPT_SORT_KEYS)).digest()
    (kept,) = here_and_now.read(lambda s: s.exec(select(Answer)).all())
    assert kept.request_hash != guessed
    assert "anna@" not in str(here_and_now.dump())


async def test_signers_are_listed_page_by_page(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    river(here_and_now)
    for name in ("anna", "ben", "cleo"):
        here_and_now.join(f"{name}@example.org", name=name.title())
    here_and_now.sign_up("dora@example.org", updates=False)
    here_and_now.leave(here_and_now.signer_id("ben@example.org"))
    headers, found, following = bearer(Scope.SIGNERS_READ), [], f"{SIGNERS}?limit=2"
    while following:
        answer = await api.get(following, headers=headers)
        found += [(one["email"], one["name"], one["state"]) for one in answer.json()["items"]]
        following = answer.links.get("next", {}).get("url", "")
        assert answer.headers["cache-control"] == "no-store"
    assert found == [
        ("anna@example.org", "Anna", "live"),
        ("ben@example.org", "Ben", "left"),
        ("cleo@example.org", "Cleo", "live"),
        ("dora@example.org", "Zoë", "pending"),
    ]


async def test_a_cursor_that_is_none_is_refused(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    river(here_and_now)
    answer = await api.get(f"{SIGNERS}?after=7", headers=bearer(Scope.SIGNERS_READ))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "after")


@pytest.mark.parametrize("proof", [{}, {"consent": CONSENT}])
async def test_every_sign_up_is_audited_and_names_nobody(
    api: httpx2.AsyncClient,
    bearer: Bearer,
    here_and_now: World,
    proof: dict[str, Any],
) -> None:
    river(here_and_now)
    await hand_in(api, bearer(Scope.SIGNERS_WRITE), **proof)
    mine = select(AuditLine).where(AuditLine.what == "sign up")
    [line] = here_and_now.read(lambda s: s.exec(mine).all())
    assert (line.who, line.about, line.detail) == ("staff", "river", "")


async def test_every_look_is_audited_and_names_nobody(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    river(here_and_now)
    here_and_now.join("anna@example.org")
    headers = bearer(Scope.SIGNERS_READ)
    for _ in range(2):
        await api.get(SIGNERS, headers=headers)
    mine = select(AuditLine).where(AuditLine.what == "export signers")
    lines = here_and_now.read(lambda s: s.exec(mine).all())
    assert [(line.who, line.about, line.detail) for line in lines] == [("staff", "river", "")] * 2
