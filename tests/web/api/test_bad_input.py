"""What cannot be taken is refused with field and remedy, and nothing is stored."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.staff import Scope
from tests.web.api.conftest import Bearer, repeatable
from tests.world import World

UPDATES = "/api/campaigns/river/updates"
NEWS = {"title": "Vote today", "body": "It is today."}

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"title": ""}, "title", "visible character"),
    ({"title": "a\x07b"}, "title", "Remove that character"),
    ({"title": "a\u2028b"}, "title", "Remove that character"),
    ({"title": 7}, "title", "JSON string"),
    ({"title": "x" * 201}, "title", "Shorten"),
    ({"body": "x" * 40_001}, "body", "Shorten"),
    ({"colour": "red"}, "colour", "openapi.json"),
    ({"occurred_on": "10/04/2017"}, "occurred_on", "Write 2017-04-10 or 2017-10-04"),
    ({"occurred_on": "2030-01-01"}, "occurred_on", "publish_at"),
    ({"publish_at": "2030-01-01T00:00:00"}, "publish_at", "zone"),
    ({"publish_at": 1_900_000_000}, "publish_at", "JSON string"),
    ({"status": "withdrawn"}, "status", "'draft' or 'published'"),
    ({"notify": "everyone"}, "notify", "'subscribers' or 'none'"),
    ({"key": "letter"}, "key", "small letters"),
    ({"key": "../etc"}, "key", "small letters"),
    ({"language": "klingon"}, "language", '"en"'),
    ({"texts": {"ar": {"title": "", "body": "x"}}}, "texts.ar.title", "visible character"),
    ({"texts": {"en": NEWS}}, "texts.en", "campaign's"),
    ({"texts": []}, "texts", "JSON object"),
]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database will do: what is refused at the door never gets there."""
    return sqlite_url


def nothing_stored(world: World) -> bool:
    return world.read(lambda s: s.exec(select(Update)).first()) is None


@pytest.mark.parametrize(("change", "field", "remedy"), WRONG)
async def test_a_wrong_field_is_named_with_its_remedy(
    api: httpx2.AsyncClient,
    bearer: Bearer,
    here_and_now: World,
    change: dict[str, Any],
    field: str,
    remedy: str,
) -> None:
    here_and_now.campaign()
    answer = await api.post(UPDATES, json=NEWS | change, headers=bearer() | repeatable())
    told = answer.json()
    assert (answer.status_code, told["status"]) == (422, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["errors"][0]["field"] == field
    assert remedy in told["errors"][0]["remedy"]
    assert nothing_stored(here_and_now)


async def test_all_wrong_fields_are_named_at_once(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    answer = await api.post(UPDATES, json={"title": ""}, headers=bearer() | repeatable())
    assert [error["field"] for error in answer.json()["errors"]] == ["title", "body"]


@pytest.mark.parametrize(
    ("raw", "status", "said"),
    [
        (b"", 400, "is not JSON"),
        (b"{", 400, "line 1"),
        (b'{"title": NaN, "body": "x"}', 400, "is not JSON"),
        (b'{"title": "\xff"}', 400, "is not UTF-8"),
        (b'{"title": "\\ud800"}', 400, "is not JSON"),
        (b'{"title": "a", "title": "b", "body": "x"}', 400, "title: stands there twice"),
        (b'{"texts": {"en": 1, "en": 2}}', 400, "en: stands there twice"),
        (b"[" * 33 + b"]" * 33, 400, "nested deeper than 32"),
        (b"[" * 100_000, 400, "is not JSON"),
        (b"1" * 5_000, 400, "is not JSON"),
        (b'{"title": "' + b"x" * 300_000 + b'"}', 413, "262144 bytes"),
        (b"[]", 422, "(the whole body)"),
        (b"null", 422, "(the whole body)"),
    ],
    ids=range(13),
)
async def test_what_is_no_plain_json_is_refused(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World, raw: bytes, status: int, said: str
) -> None:
    here_and_now.campaign()
    headers = bearer() | repeatable() | {"Content-Type": "application/json"}
    answer = await api.post(UPDATES, content=raw, headers=headers)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


async def test_a_stream_without_length_is_cut_off_at_the_limit(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 10_000_000:
            taken += 65_536
            yield b" " * 65_536

    headers = bearer() | repeatable() | {"Content-Type": "application/json"}
    answer = await api.post(UPDATES, content=endless(), headers=headers)
    assert answer.status_code == 413
    assert taken < 1_000_000


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
async def test_only_json_is_taken(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World, kind: str
) -> None:
    here_and_now.campaign()
    headers = bearer() | repeatable() | {"Content-Type": kind}
    answer = await api.post(UPDATES, content=json.dumps(NEWS), headers=headers)
    assert (answer.status_code, answer.json()["remedy"]) == (415, "Send application/json.")


async def test_an_unknown_address_is_a_problem_too(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/api/nowhere")
    assert (answer.status_code, answer.json()["type"]) == (404, "/api/docs#not-found")


async def test_a_wrong_method_is_told_the_right_ones(api: httpx2.AsyncClient) -> None:
    answer = await api.delete("/api/campaigns")
    assert (answer.status_code, answer.json()["remedy"]) == (405, "Use GET, HEAD, POST.")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("limit", ["0", "-1", "201", "many", "²", "9" * 5_000])
async def test_a_limit_that_is_none_is_refused(
    api: httpx2.AsyncClient, bearer: Bearer, limit: str
) -> None:
    answer = await api.get("/api/campaigns", params={"limit": limit}, headers=bearer())
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "limit")


async def test_a_cursor_of_another_list_is_refused(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.campaign("sea")
    other = here_and_now.post("sea")
    answer = await api.get(UPDATES, params={"after": other.uid}, headers=bearer())
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "after")


@pytest.mark.parametrize("key", ["k" * 201, "a\tb"])
async def test_an_idempotency_key_that_is_none_is_refused(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World, key: str
) -> None:
    here_and_now.campaign()
    answer = await api.post(UPDATES, json=NEWS, headers=bearer() | {"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Idempotency-Key")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "history"}, "slug"),
        ({"slug": "a.b"}, "slug"),
        ({"kind": "party"}, "kind"),
        ({"signatories": ["One"]}, "signatories"),
        ({"kind": "statement", "letter": {"addressees": [{"name": "A"}], "body": "B"}}, "letter"),
        ({"letter": {"addressees": [], "body": "B"}}, "letter.addressees"),
        ({"letter": {"addressees": [{"name": " "}], "body": "B"}}, "letter.addressees.0.name"),
        ({"short_link": "a b"}, "short_link"),
    ],
)
async def test_a_wrong_campaign_is_refused(
    api: httpx2.AsyncClient, bearer: Bearer, change: dict[str, Any], field: str
) -> None:
    campaign = {"slug": "forest", "kind": "petition", "title": "Save the forest"} | change
    answer = await api.post(
        "/api/campaigns", json=campaign, headers=bearer(Scope.ADMIN) | repeatable()
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
