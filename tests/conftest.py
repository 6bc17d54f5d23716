"""What every test may ask for: a real database of either kind, and the habits of hypothesis."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from feedsvc.web import looks
from tests import postgresql
from tests.world import World, world

# A shared machine is slow at times; slowness is for the bench to tell.
settings.register_profile(
    "ci", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("long", settings.get_profile("ci"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a database that is slow to answer, as it is at times on a shared machine."""
    monkeypatch.setattr(looks, "PATIENCE_SECONDS", 60.0)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, as the service does."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """Give the PostgreSQL of this run, started when the first test asks for it."""
    with postgresql.running() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: postgresql.Server) -> Iterator[str]:
    """Give the URL of an empty PostgreSQL database that goes away after the test."""
    with postgresql_server.fresh_database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the URL of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'feedsvc.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Run the test twice: on an empty database of either kind."""
    url = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(url, str)
    return url


@pytest.fixture
def here_and_now(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Give a whole installation on a database of either kind, with a clock of ours."""
    with world(database_url, tmp_path) as made:
        yield made
