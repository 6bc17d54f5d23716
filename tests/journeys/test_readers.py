"""Readers that people have installed read all feeds, and are told the second time that nothing is new.

They come from Debian. None of these versions reads JSON Feed: newsboat 2.21, sfeed 1.7, rss2email 3.13.
"""

import email.policy
import os
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from tests.journeys.house import PATIENCE, Entries, House, free_port, house

Read = Callable[[], Entries]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give the service, started as an operator would."""
    with house(tmp_path_factory.mktemp("house")) as made:
        yield made


def run(folder: Path, command: str, *arguments: str) -> None:
    """Run a reader at home in a folder; one that is not installed is not run, and said to be so."""
    if shutil.which(command) is None:
        pytest.skip(f"{command} is not installed here (Debian: newsboat, sfeed, rss2email)")
    environment = os.environ | {"HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    environment.pop("PYTHONPATH", None)  # ours; a reader in Python has its own
    done = subprocess.run(
        [command, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)


def statuses(service: House) -> dict[str, list[int]]:
    """Return with what each feed was answered since the last look."""
    answered: dict[str, list[int]] = {}
    for poll in service.recorder.taken():
        answered.setdefault(service.recorder.url + poll.path, []).append(poll.status)
    return answered


def once(service: House, status: int) -> dict[str, list[int]]:
    """Return what is answered when each feed is polled once."""
    return {url: [status] for url in service.feeds}


def test_newsboat_reads_all_feeds_and_is_told_that_nothing_is_new(
    service: House, tmp_path: Path
) -> None:
    """Newsboat forgets what it was told the first time (its issue 2734), so it comes three times."""
    (tmp_path / "urls").write_text("".join(f"{url}\n" for url in service.feeds))
    (tmp_path / "config").write_text("download-timeout 10\n")
    reload = ("-u", "urls", "-c", "cache.db", "-C", "config", "-x", "reload")

    passes = []
    for _ in range(3):
        run(tmp_path, "newsboat", *reload)
        passes.append(statuses(service))

    with closing(sqlite3.connect(tmp_path / "cache.db")) as cache:
        rows = cache.execute("SELECT url, title FROM rss_item").fetchall()
    assert passes == [once(service, 200), once(service, 200), once(service, 304)]
    # An id that is in several feeds is one item there, and read once.
    assert Counter(rows) == Counter(set().union(*service.entries.values()))


SFEED = """
# The fetch() of sfeed's README, as its users have it for servers that answer with 304.
fetch() {{
    etag="$HOME/.sfeed/etags/$(basename "$3")"
    curl -L --max-redirs 0 -H "User-Agent:" -f -s -m 15 --compressed \\
        --etag-save "${{etag}}" --etag-compare "${{etag}}" -z "${{etag}}" "$2" 2>/dev/null
}}
feeds() {{
{feeds}
}}
"""


def test_sfeed_reads_all_feeds_and_is_told_that_nothing_is_new(
    service: House, tmp_path: Path
) -> None:
    feeds = "\n".join(f'feed "{number}" "{url}"' for number, url in enumerate(service.feeds))
    (tmp_path / ".sfeed/etags").mkdir(parents=True)
    (tmp_path / ".sfeed/sfeedrc").write_text(SFEED.format(feeds=feeds))

    run(tmp_path, "sfeed_update")
    first = statuses(service)
    run(tmp_path, "sfeed_update")
    second = statuses(service)

    rows = [
        (url, *line.split("\t")[2:0:-1])
        for number, url in enumerate(service.feeds)
        for line in (tmp_path / f".sfeed/feeds/{number}").read_text().splitlines()
    ]
    assert (first, second) == (once(service, 200), once(service, 304))
    assert by_feed(rows) == service.entries


class Postbox:
    """Catches the mail that a reader sends itself."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802  aiosmtpd names it
        """Keep a mail."""
        content = getattr(envelope, "content", b"")
        self.mails.append(email.message_from_bytes(content, policy=email.policy.default))
        return "250 caught"


RSS2EMAIL = """[DEFAULT]
from = reader@example.org
to = reader@example.org
email-protocol = smtp
smtp-server = 127.0.0.1
smtp-port = {port}
smtp-auth = False
smtp-ssl = False
html-mail = False
use-publisher-email = False
name-format = {{feed.url}}
"""


def test_rss2email_mails_each_entry_once_and_is_told_that_nothing_is_new(
    service: House, tmp_path: Path
) -> None:
    postbox = Postbox()
    catching = Controller(postbox, hostname="127.0.0.1", port=free_port())
    catching.start()
    try:
        named = "".join(f"[feed.f{n}]\nurl = {url}\n" for n, url in enumerate(service.feeds))
        (tmp_path / "rss2email.cfg").write_text(RSS2EMAIL.format(port=catching.port) + named)
        files = ("-c", "rss2email.cfg", "-d", "seen.json")
        run(tmp_path, "r2e", *files, "run")
        first, mailed = statuses(service), len(postbox.mails)
        run(tmp_path, "r2e", *files, "run")
        second = statuses(service)
    finally:
        catching.stop()

    assert (first, second) == (once(service, 200), once(service, 304))
    assert len(postbox.mails) == mailed
    titles = Counter(str(mail["Subject"]) for mail in postbox.mails)
    assert titles == Counter(title for shown in service.entries.values() for _, title in shown)


def by_feed(rows: list[tuple[str, ...]]) -> Entries:
    """Sort what a reader keeps by the feed that it was in."""
    kept: Entries = {}
    for feed, link, title in rows:
        kept.setdefault(feed, set()).add((link, title))
    return kept
