"""How far a staff key reaches: route by scope by campaign (TRUST 4)."""

from typing import Any

import httpx2
import pytest

from feedsvc.actions import keys
from feedsvc.domain.tables.staff import Scope
from feedsvc.web.api import every
from tests.web.api.conftest import Bearer, repeatable
from tests.world import World

CAMPAIGN = {"slug": "new", "kind": "statement", "title": "New"}
NEWS = {"title": "News", "body": "News."}
SIGNER = {"email": "anna@example.org", "updates": True}
DRAFT = NEWS | {"status": "draft"}

ROUTES: dict[tuple[str, str], tuple[Any, set[Scope], int]] = {
    ("GET", "/api/campaigns"): (None, {Scope.UPDATES_READ}, 200),
    ("POST", "/api/campaigns"): (CAMPAIGN, {Scope.ADMIN}, 201),
    ("GET", "/api/campaigns/{slug}"): (None, {Scope.UPDATES_READ}, 200),
    ("GET", "/api/campaigns/{slug}/updates"): (None, {Scope.UPDATES_READ}, 200),
    ("POST", "/api/campaigns/{slug}/updates"): (DRAFT, {Scope.UPDATES_WRITE}, 201),
    ("GET", "/api/campaigns/{slug}/signers"): (None, {Scope.SIGNERS_READ}, 200),
    ("POST", "/api/campaigns/{slug}/signers"): (SIGNER, {Scope.SIGNERS_WRITE}, 202),
    ("GET", "/api/updates/{id}"): (None, {Scope.UPDATES_READ}, 200),
    ("POST", "/api/updates/{id}/publish"): (None, {Scope.UPDATES_PUBLISH}, 200),
    ("GET", "/api/updates/{id}/books"): (None, {Scope.UPDATES_READ}, 200),
    ("POST", "/api/updates/{id}/pause"): (None, {Scope.UPDATES_PUBLISH}, 409),  # it is a draft
    ("POST", "/api/updates/{id}/resume"): (None, {Scope.UPDATES_PUBLISH}, 409),
    ("POST", "/api/updates/{id}/cancel"): (None, {Scope.UPDATES_PUBLISH}, 409),
}
"""What each route takes, the scopes that open it beside admin, and what it answers then."""


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database will do: what a key may do is decided above it."""
    return sqlite_url


def arrange(world: World, path: str) -> str:
    """Set up two campaigns with an update each, and return the address of the one in `river`."""
    world.campaign("river")
    world.campaign("sea")
    return path.format(slug="river", id=world.post("river", status="draft").uid)


def test_no_route_is_missing_from_the_matrix() -> None:
    assert {(one.method, one.path) for one in every} == set(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_only_the_right_scopes_open_a_route(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World, method: str, path: str
) -> None:
    body, opening, good = ROUTES[method, path]
    address = arrange(here_and_now, path)
    got = {}
    for scope in sorted(Scope):  # admin, which creates, is the first of them
        headers = bearer(scope, name=scope) | repeatable(scope)
        document = body and {
            **body,
            **({"slug": scope.replace(":", "-")} if "slug" in body else {}),
        }
        got[scope] = (
            await api.request(method, address, json=document, headers=headers)
        ).status_code
    assert got == {scope: good if scope in opening | {Scope.ADMIN} else 403 for scope in Scope}


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_key_of_one_campaign_opens_that_one_only(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World, method: str, path: str
) -> None:
    body, _, good = ROUTES[method, path]
    address = arrange(here_and_now, path)
    got = {}
    for slug in ("river", "sea"):
        headers = bearer(*Scope, name=slug, campaign=slug) | repeatable(slug)
        answer = await api.request(method, address, json=body, headers=headers)
        got[slug] = answer.status_code
    site_wide = {("GET", "/api/campaigns"): (200, 200), ("POST", "/api/campaigns"): (403, 403)}
    elsewhere = 404 if "{id}" in path else 403
    assert (got["river"], got["sea"]) == site_wide.get((method, path), (good, elsewhere))


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_without_a_key_nothing_opens(
    api: httpx2.AsyncClient, here_and_now: World, method: str, path: str
) -> None:
    address = arrange(here_and_now, path)
    for shown in (b"", b"Bearer", b"Bearer ", b"Bearer x", b"Basic eDp4", b"Bearer \xff"):
        headers = [(b"authorization", shown), (b"idempotency-key", b"k1")]
        answer = await api.request(method, address, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "feedsvc key create" in answer.json()["remedy"]


@pytest.mark.parametrize(
    "spelling",
    [
        "/api/campaigns/sea/updates/",
        "/api/campaigns/SEA/updates",
        "/api//campaigns/sea/updates",
        "/api/campaigns/river/%2e%2e/sea/updates",
        "/api/campaigns/sea%2fupdates",
        "/API/campaigns/sea/updates",
        "/api/campaigns/sea/updates;a=b",
    ],
)
async def test_no_other_spelling_of_an_address_opens_it(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World, spelling: str
) -> None:
    arrange(here_and_now, "")
    here_and_now.post("sea", title="Secret", status="draft")
    for method in ("GET", "HEAD"):
        answer = await api.request(method, spelling, headers=bearer(name=method, campaign="river"))
        assert answer.status_code in {403, 404}
        assert "Secret" not in answer.text


async def test_a_method_that_is_named_in_a_header_is_not_the_method(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    override = {"X-HTTP-Method-Override": "POST"}
    await api.get("/api/campaigns/river/updates", headers=bearer() | repeatable() | override)
    found = await api.get("/api/campaigns/river/updates", headers=bearer(name="reader"))
    assert found.json()["items"] == []


async def test_publishing_at_once_needs_the_scope_to_publish(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    headers = bearer(Scope.UPDATES_READ, Scope.UPDATES_WRITE) | repeatable()
    answer = await api.post("/api/campaigns/river/updates", json=NEWS, headers=headers)
    assert answer.status_code == 403
    assert '"status": "draft"' in answer.json()["remedy"]


async def test_a_revoked_key_opens_nothing_from_then_on(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    headers = bearer(name="gone")
    before = await api.get("/api/campaigns", headers=headers)
    here_and_now.write(keys.revoke_key, "gone", by="test", now=here_and_now.now)
    after = await api.get("/api/campaigns", headers=headers)
    assert (before.status_code, after.status_code) == (200, 401)


async def test_an_expired_key_opens_nothing(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    headers = bearer(days=1)
    here_and_now.pass_time(days=1)
    assert (await api.get("/api/campaigns", headers=headers)).status_code == 401
