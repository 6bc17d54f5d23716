"""The API document says what the API does."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from feedsvc.web.api import every
from tests.web.api.conftest import Bearer, Bell, client
from tests.world import world


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database will do: the document is made from models."""
    return sqlite_url


async def described(api: httpx2.AsyncClient) -> Any:
    return (await api.get("/api/openapi.json")).json()


def references(part: Any) -> set[str]:
    """Find every `$ref` in a part of the document."""
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(references(inner) for inner in part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


async def test_every_operation_is_described_with_its_scope(api: httpx2.AsyncClient) -> None:
    document = await described(api)
    told = {
        (method.upper(), path): one["security"][0]["staffKey"][0]
        for path, by_method in document["paths"].items()
        for method, one in by_method.items()
    }
    assert document["openapi"] == "3.1.0"
    assert told == {(one.method, one.path): one.scope.value for one in every}


async def test_every_reference_leads_somewhere(api: httpx2.AsyncClient) -> None:
    document = await described(api)
    for reference in references(document):
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


async def test_limits_are_stated(api: httpx2.AsyncClient) -> None:
    document = await described(api)
    update = document["components"]["schemas"]["UpdateDraft"]
    assert update["properties"]["title"]["maxLength"] == 200
    assert update["properties"]["body"]["maxLength"] == 40_000
    assert update["additionalProperties"] is False
    assert "262144 bytes" in document["info"]["description"]


async def test_every_post_asks_for_an_idempotency_key(api: httpx2.AsyncClient) -> None:
    document = await described(api)
    posts = [one["post"] for one in document["paths"].values() if "post" in one]
    named = [{p["name"] for p in post["parameters"] if p["required"]} for post in posts]
    assert all("Idempotency-Key" in names for names in named)


async def test_every_operation_says_what_it_does(api: httpx2.AsyncClient) -> None:
    assert all(one.about for one in every)


async def test_the_document_has_an_etag(api: httpx2.AsyncClient) -> None:
    tag = (await api.get("/api/openapi.json")).headers["etag"]
    again = await api.get("/api/openapi.json", headers={"If-None-Match": tag})
    assert again.status_code == 304


async def test_the_page_has_every_operation_and_loads_nothing(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/api/docs")
    assert all(one.path in answer.text for one in every)
    assert "<script" not in answer.text
    assert "http://" not in answer.text.replace("http://127.0.0.1:8000", "")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src")


@pytest.mark.parametrize(
    ("base_url", "proxies", "status"),
    [
        ("http://localhost:8000", (), 200),
        ("https://updates.example.org", (), 401),
        ("https://updates.example.org", ("127.0.0.1",), 200),
    ],
)
async def test_this_machine_is_known_when_the_proxies_are_or_there_is_none(
    sqlite_url: str, tmp_path: Path, base_url: str, proxies: tuple[str, ...], status: int
) -> None:
    sections = {"site": {"base_url": base_url}, "http": {"trusted_proxies": proxies}}
    with world(sqlite_url, tmp_path, **sections) as made:
        async with client(made, Bell()) as http:
            assert (await http.get("/api/docs")).status_code == status


async def test_the_page_is_for_this_machine_or_for_who_has_a_key(
    api: httpx2.AsyncClient, bearer: Bearer
) -> None:
    passed_on = {"X-Forwarded-For": "192.0.2.1"}
    without = await api.get("/api/docs", headers=passed_on)
    with_key = await api.get("/api/docs", headers=passed_on | bearer())
    assert (without.status_code, with_key.status_code) == (401, 200)
