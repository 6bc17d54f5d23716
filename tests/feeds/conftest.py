"""A site with everything, set up once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.feeds.site import documents, site
from tests.world import World, world


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a site with campaigns of every kind, to be read only."""
    folder = tmp_path_factory.mktemp("site")
    with site(f"sqlite:///{folder / 'feedsvc.db'}", folder) as made:
        yield made


@pytest.fixture(scope="session")
def served(whole: World) -> dict[str, bytes]:
    """Give every document of its feeds, by address."""
    return documents(whole)


@pytest.fixture
def sqlite_world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """Give a whole installation on SQLite, for what does not differ and takes long."""
    with world(sqlite_url, tmp_path) as made:
        yield made
