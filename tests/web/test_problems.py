"""A problem is told to a program in JSON and to a person by a page."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from feedsvc.errors import (
    Conflict,
    FeedsvcError,
    Forbidden,
    Invalid,
    Misconfigured,
    NotFound,
    Unauthorised,
    Unavailable,
)
from feedsvc.web.problems import KINDS, exception_handlers
from feedsvc.web.state import Request
from tests.world import World

ERRORS: dict[str, Exception] = {
    "invalid": Invalid("title", "is empty.", remedy="Write one."),
    "not-found": NotFound("There is no update 'x'.", remedy="List them."),
    "conflict": Conflict("It is there.", remedy="Choose another."),
    "unauthorised": Unauthorised("No key.", remedy="Make one."),
    "forbidden": Forbidden("Not that far.", remedy="Use another."),
    "unavailable": Unavailable("The database is away.", remedy="Try again."),
    "misconfigured": Misconfigured("The key file /srv/entrails is gone."),
    "other": FeedsvcError("entrails"),
    "bug": RuntimeError("entrails"),
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database will do: nothing is asked of it."""
    return sqlite_url


@pytest.fixture
def client(here_and_now: World) -> TestClient:
    """Give a client of an application in which everything goes wrong."""

    async def fail(request: Request) -> Response:
        raise ERRORS[request.path_params["why"]]

    routes = [Route("/api/{why}", fail), Route("/page/{why}", fail)]
    app = Starlette(routes=routes, exception_handlers=exception_handlers)

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await app(scope | {"state": {"here": here_and_now.here}}, receive, send)

    return TestClient(with_state, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("why", "status"),
    [
        ("invalid", 422),
        ("not-found", 404),
        ("conflict", 409),
        ("unauthorised", 401),
        ("forbidden", 403),
        ("unavailable", 503),
    ],
)
def test_an_error_of_ours_has_its_status_and_says_what_to_do(
    client: TestClient, why: str, status: int
) -> None:
    answer = client.get(f"/api/{why}")
    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, told["status"]) == (status, status)
    assert told["type"] == f"/api/docs#{why}"
    assert told["title"] == KINDS[status][1]
    assert told["remedy"]


def test_the_field_is_named(client: TestClient) -> None:
    told = client.get("/api/invalid").json()
    assert told["detail"] == "title: is empty."
    assert told["errors"] == [{"field": "title", "problem": "is empty.", "remedy": "Write one."}]


def test_who_comes_while_the_database_is_away_is_told_when_to_come_again(
    client: TestClient,
) -> None:
    assert client.get("/api/unavailable").headers["retry-after"] == "5"


@pytest.mark.parametrize("why", ["misconfigured", "other", "bug"])
@pytest.mark.parametrize("place", ["api", "page"])
def test_a_fault_of_ours_shows_nothing_of_the_inside(
    client: TestClient, place: str, why: str
) -> None:
    answer = client.get(f"/{place}/{why}")
    assert answer.status_code == 500
    assert "entrails" not in answer.text


def test_a_person_gets_a_page(client: TestClient) -> None:
    answer = client.get("/page/conflict", headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 409
    assert answer.headers["content-type"].startswith("text/html")
    assert "Choose another." in answer.text
    assert "content-security-policy" in answer.headers


def test_a_program_that_asks_for_json_gets_json_of_a_page_too(client: TestClient) -> None:
    answer = client.get("/page/conflict", headers={"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_page_that_is_not_there_says_so_in_the_language_of_its_reader(
    client: TestClient,
) -> None:
    answer = client.get("/nowhere", headers={"Accept-Language": "ar"})
    assert (answer.status_code, 'lang="ar"' in answer.text) == (404, True)


def test_the_english_of_a_problem_is_marked_in_an_arabic_frame_and_said_once(
    client: TestClient,
) -> None:
    html = {"Accept": "text/html,*/*"}
    answer = client.delete("/page/conflict?lang=ar", headers=html)
    assert 'dir="rtl"' in answer.text
    assert '<div lang="en" dir="ltr">\n<h1>This cannot be done here</h1>' in answer.text
    assert "This cannot be done here." not in answer.text
