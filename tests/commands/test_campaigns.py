"""`feedsvc rename` gives a campaign another address."""

from collections.abc import Callable

import pytest
from typer.testing import Result

from feedsvc.errors import Conflict, Invalid, NotFound
from feedsvc.records import versions
from tests.world import World

Run = Callable[..., Result]


def test_a_campaign_is_renamed_and_found_under_both_names(run: Run, here_and_now: World) -> None:
    here_and_now.campaign()
    result = run("rename", "river", "stream")
    assert (result.exit_code, result.stdout) == (0, "http://127.0.0.1:8000/c/stream\n")
    found = here_and_now.read(versions.versions, ["river", "stream"])
    assert [version.slug for version in found.values()] == ["stream"] * 2


@pytest.mark.parametrize(
    ("slug", "new", "error"),
    [
        ("river", "lake", Conflict),
        ("river", "Not a slug", Invalid),
        ("river", "history", Invalid),
        ("pond", "stream", NotFound),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    run: Run, here_and_now: World, slug: str, new: str, error: type[Exception]
) -> None:
    here_and_now.campaign()
    here_and_now.campaign("lake")
    before = here_and_now.dump()
    result = run("rename", slug, new)
    assert isinstance(result.exception, error)
    assert here_and_now.dump() == before
