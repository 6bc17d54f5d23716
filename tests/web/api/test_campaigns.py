"""Staff create, list and read campaigns."""

import httpx2

from feedsvc.actions import leave
from feedsvc.domain.tables.people import Because
from feedsvc.domain.tables.staff import Scope
from tests.web.api.conftest import Bearer, repeatable
from tests.world import World

PETITION = {
    "slug": "forest",
    "kind": "petition",
    "title": "Save the forest",
    "short_link": "en/501",
    "letter": {"addressees": [{"name": "The Minister", "office": "Forests"}], "body": "Please."},
}


async def test_a_created_campaign_can_be_read(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    headers = bearer(Scope.ADMIN)
    made = await api.post("/api/campaigns", json=PETITION, headers=headers | repeatable())
    read = await api.get(made.headers["location"], headers=headers)
    assert (made.status_code, made.headers["location"]) == (201, "/api/campaigns/forest")
    assert read.json() == made.json()
    assert read.json()["letter"]["addressees"] == [{"name": "The Minister", "office": "Forests"}]
    assert read.json()["feeds"]["atom"] == "http://127.0.0.1:8000/c/forest.atom"


async def test_reasons_for_leaving_are_counted(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign("forest")
    signer, now = here_and_now.join("anna@example.org", "forest"), here_and_now.now
    here_and_now.leave(signer)
    why = {"campaigns": None, "left_at": now, "why": Because.NOT_FOR_ME, "now": now}
    here_and_now.write(leave.because, signer, **why)
    read = await api.get("/api/campaigns/forest", headers=bearer(Scope.UPDATES_READ))
    assert read.json()["left_because"] == {"not for me": 1}


async def test_signatories_keep_their_order_and_their_script(
    api: httpx2.AsyncClient, bearer: Bearer
) -> None:
    names = ["Relief & Reconciliation", "11.11.11", "المركز السوري"]
    statement = {"slug": "s", "kind": "statement", "title": "S", "signatories": names}
    made = await api.post(
        "/api/campaigns", json=statement, headers=bearer(Scope.ADMIN) | repeatable()
    )
    assert made.json()["signatories"] == names


async def test_a_slug_can_be_taken_once(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign("forest")
    answer = await api.post(
        "/api/campaigns", json=PETITION, headers=bearer(Scope.ADMIN) | repeatable()
    )
    assert answer.status_code == 409
    assert answer.json()["remedy"] == "Choose another slug."


async def test_campaigns_are_listed_by_slug_and_cursor(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    for slug in ("river", "air", "sea"):
        here_and_now.campaign(slug)
    headers = bearer()
    first = (await api.get("/api/campaigns?limit=2", headers=headers)).json()
    rest = (await api.get(f"/api/campaigns?after={first['next']}", headers=headers)).json()
    assert [item["slug"] for item in first["items"]] == ["air", "river"]
    assert ([item["slug"] for item in rest["items"]], rest["next"]) == (["sea"], None)


async def test_a_key_of_one_campaign_sees_no_other_in_the_list(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign("river")
    here_and_now.campaign("sea")
    found = (await api.get("/api/campaigns", headers=bearer(campaign="sea"))).json()
    assert [item["slug"] for item in found["items"]] == ["sea"]


async def test_what_is_offered_next_comes_back(api: httpx2.AsyncClient, bearer: Bearer) -> None:
    offers = {"donate_url": "https://give.example.org/?a=1&b=2", "related": ["lake", "not-yet"]}
    made = await api.post(
        "/api/campaigns", json=PETITION | offers, headers=bearer(Scope.ADMIN) | repeatable()
    )
    assert {name: made.json()[name] for name in offers} == offers


async def test_place_to_give_that_is_not_https_is_refused_by_name(
    api: httpx2.AsyncClient, bearer: Bearer
) -> None:
    answer = await api.post(
        "/api/campaigns",
        json=PETITION | {"donate_url": "http://give.example.org"},
        headers=bearer(Scope.ADMIN) | repeatable(),
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "donate_url"
