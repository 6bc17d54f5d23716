"""REDbot, who knows all that is written about HTTP, has no complaint about any feed.

A complaint is a note of level "warning" or "bad". It asks a real server, with and without validators,
and in several codings.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from feedsvc.commands.serve import listening, options
from tests.web import serving
from tests.world import World, world

COMPLAINTS = {"warning", "bad"}
FALSE = {
    # FEEDS H7 asks for "public": caches of its readers' programs look for the word, and not for what
    # RFC 9111 concludes from s-maxage.
    "STORE_PUBLIC_UNNECESSARY",
}

FEEDS = [
    *(
        f"/{stem}.{suffix}"
        for stem in ("c/river", "c/river.en", "updates", "updates.en", "c/river/archive/1")
        for suffix in ("atom", "rss", "json")
    ),
    "/feeds.opml",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a running server with feeds, and an archive."""
    folder = tmp_path_factory.mktemp("redbot")
    with (
        world(f"sqlite:///{folder}/feedsvc.db", folder) as river,
        running(river) as found,
    ):
        river.campaign(body="A campaign about a river. " * 40)
        for number in range(50):
            river.post(title=f"News {number}", body="An update about a river. " * 40)
        river.pass_time(hours=1)
        yield found


@contextmanager
def running(of: World) -> Iterator[str]:
    """Run the HTTP server as `feedsvc serve` does, in a thread."""
    with listening("127.0.0.1", 0) as door:
        server = uvicorn.Server(options(serving.app(of)))
        thread = threading.Thread(target=server.run, args=([door],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def looked_at(url: str) -> tuple[int, list[list[str]]]:
    """Let REDbot look; return the status that it got, and its notes."""
    script = Path(__file__).with_name("redbotted.py")
    said = subprocess.run(
        [sys.executable, script, url], check=True, stdout=subprocess.PIPE, timeout=60
    )
    found = json.loads(said.stdout)
    return found["status"], found["notes"]


def complaints(notes: list[list[str]]) -> list[list[str]]:
    """Return the notes that are complaints, and true."""
    return [note for note in notes if note[0] in COMPLAINTS and note[1] not in FALSE]


@pytest.mark.parametrize("path", FEEDS)
def test_redbot_has_no_complaint(address: str, path: str) -> None:
    status, notes = looked_at(address + path)
    assert (status, complaints(notes)) == (200, [])
    kinds = {note[1] for note in notes}
    assert {"INM_304", "IMS_304", "CONNEG_GZIP_GOOD"} <= kinds


def test_redbot_has_no_complaint_about_a_feed_that_is_not_there(address: str) -> None:
    status, notes = looked_at(f"{address}/c/lake.atom")
    assert (status, complaints(notes)) == (404, [])
