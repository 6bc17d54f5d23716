"""A site with everything, set up once."""

from collections.abc import Iterator

import pytest

from tests.feeds.site import documents, site
from tests.world import World


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
