"""What the tests of the sender begin with: a world to copy, a relay with a script, short waits."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sender.scripted import ScriptedRelay
from tests.sender.trial import Posted, Trial, copied, hurry, post_to_everybody
from tests.world import world


@pytest.fixture(scope="session")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Posted:
    """Prepare once what every row of the table begins with."""
    return _posted(tmp_path_factory.mktemp("posted"), "All is well.")


@pytest.fixture(scope="session")
def posted_at_length(tmp_path_factory: pytest.TempPathFactory) -> Posted:
    """Prepare once mails that are too long to leave in one piece."""
    return _posted(tmp_path_factory.mktemp("posted_at_length"), "All is well. " * 2000)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten what takes long in life."""
    hurry(monkeypatch)


@pytest.fixture
def pipelining() -> bool:
    """Offer PIPELINING, where a test does not try both."""
    return True


@pytest.fixture
async def here(
    posted: Posted, tmp_path: Path, hurried: None, *, pipelining: bool
) -> AsyncIterator[Trial]:
    """Give three mails and a relay without a script yet."""
    async with copied(posted, tmp_path, ScriptedRelay(pipelining=pipelining)) as ready:
        yield ready


@pytest.fixture
async def at_length(
    posted_at_length: Posted,
    tmp_path: Path,
    hurried: None,
    monkeypatch: pytest.MonkeyPatch,
    *,
    pipelining: bool,
) -> AsyncIterator[Trial]:
    """Give three long mails, of which the system holds so little that they wait to be read."""

    def narrow(sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1024)

    monkeypatch.setattr("asyncio.base_events._set_nodelay", narrow)
    relay = ScriptedRelay(pipelining=pipelining)
    async with copied(posted_at_length, tmp_path, relay) as ready:
        yield ready


def _posted(folder: Path, body: str) -> Posted:
    with world(f"sqlite:///{folder / 'feedsvc.db'}", folder) as here:
        post_to_everybody(here, body=body)
        return Posted(folder, here.now)
