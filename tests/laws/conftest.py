"""Installations on fast files, for tests that go through thousands of orders of events."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import World, world

FAST = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it


@pytest.fixture(params=["sqlite", "postgresql"])
def quick_world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Give a world with small chunks, in memory where the machine has a disk there."""
    yield from _quick(request)


@pytest.fixture(params=["sqlite", "postgresql"])
def welcoming_world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Give one that also says to those who join where their campaigns stand."""
    yield from _quick(request, welcome=True)


@pytest.fixture(params=["sqlite"])
def fast_world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Give one on SQLite only, for what takes long and is the same on both."""
    yield from _quick(request)


def _quick(request: pytest.FixtureRequest, **digest: bool) -> Iterator[World]:
    place = FAST if FAST.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="feedsvc-", dir=place) as folder:
        url = f"sqlite:///{folder}/feedsvc.db"
        if request.param == "postgresql":
            url = request.getfixturevalue("postgresql_url")
        with world(url, Path(folder), digest={"chunk": 2} | digest) as made:
            yield made
