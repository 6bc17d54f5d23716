"""The ground of a drill: a scratch folder, settings of its own, made-up signers and one update."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import tomlkit
from sqlalchemy import text
from sqlmodel import Session, col, func, select

from feedsvc import app, config, migrations
from feedsvc.actions import campaigns, crowd, publish
from feedsvc.config import PREFIX
from feedsvc.domain.drafts import CampaignDraft, UpdateDraft
from feedsvc.domain.tables import metadata
from feedsvc.domain.tables.ledger import Mail
from feedsvc.errors import Conflict
from feedsvc.gateways.database import Database, open_database
from feedsvc.gateways.installation import Installation
from feedsvc.records.books import Books, books

HOST = "127.0.0.1"
CHUNK = 5_000
UNKNOWN_WAIT = 2
BY = "drill"
CAMPAIGN = {
    "slug": "drill",
    "kind": "statement",
    "title": "A campaign made up by feedsvc drill",
    "body": "Nobody has signed it.",
}
PARAGRAPH = "A paragraph of an update that was made up by `feedsvc drill`, and that nobody reads. "
UPDATE = {"title": "An update made up by feedsvc drill", "body": PARAGRAPH * 40}


class Ground:
    """A folder with all that one drill needs; of the machine's configuration it takes nothing."""

    def __init__(self, folder: Path, database: str | None) -> None:
        self.folder = folder
        self._given = database is not None
        self.database = database or f"sqlite:///{folder / 'feedsvc.db'}"
        self.config = folder / "config.toml"
        self.log = folder / "sink.log"
        self.expected = folder / "expected"
        self.events = folder / "events"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of our processes: without any setting of this machine."""
        return {
            name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)
        }

    def refuse_what_is_in_use(self) -> None:
        """See that the database is empty: a drill fills it, and clears it at the end."""
        with self._database() as database:
            if not migrations.empty(database.engine):
                raise Conflict(
                    "The database of a drill must be empty, and this one holds tables.",
                    remedy="Create one for it, as with `createdb feedsvc_drill`.",
                )

    def prepare(self, *, signers: int, connections: int, relay_port: int) -> None:
        """Write the settings, make the signers and publish the update."""
        sections = self._sections(connections, relay_port)
        self.config.write_text(tomlkit.dumps(sections), "utf-8")
        addresses = (f"{crowd.address(number)}\n" for number in range(signers))
        self.expected.write_text("".join(addresses), "utf-8")
        here = app.ready(config.read(self.config, **sections))
        try:
            _fill(here, signers)
        finally:
            here.close()

    def books(self) -> Books:
        """Read the books of the update."""
        with self._database() as database:
            return database.read_now(books)[0]

    def settled(self) -> bool:
        """Whether the service has nothing left to send, by its own account."""
        with self._database() as database:
            found, due = database.read_now(books)[0], database.read_now(_due)
        return found.eligible is not None and not (due or sum(found.in_hand.values()))

    def clear(self) -> None:
        """Leave a database that was given as empty as it was; one that was refused is not ours."""
        if self._given and self.config.exists():
            with self._database() as database, database.engine.begin() as connection:
                metadata.drop_all(connection)
                connection.execute(text("DROP TABLE IF EXISTS alembic_version"))

    def _sections(self, connections: int, relay_port: int) -> dict[str, dict[str, object]]:
        return {
            "site": {"name": "feedsvc drill", "base_url": f"http://{HOST}:8000"},
            "http": {"host": HOST, "port": 0},
            "database": {"url": self.database},
            "keys": {"file": str(self.folder / "feedsvc.keys")},
            "mail": {
                "relay": f"smtp://{HOST}:{relay_port}",
                "from_address": "drill@feedsvc.invalid",
                "connections": connections,
                "unknown_wait_seconds": UNKNOWN_WAIT,
            },
            "digest": {"settle_seconds": 0},
        }

    @contextmanager
    def _database(self) -> Iterator[Database]:
        """Open the database for a moment: while we have it open, a crash is not a whole crash."""
        database = open_database(self.database, pool=1)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def scratch(*, keep: bool) -> Iterator[Path]:
    """Give a folder that goes away at the end."""
    folder = Path(tempfile.mkdtemp(prefix="feedsvc-drill-"))
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _fill(here: Installation, signers: int) -> None:
    now, site, write = datetime.now(UTC), here.settings.site, here.database.write_now
    draft = CampaignDraft.model_validate(CAMPAIGN)
    slug = write(campaigns.create_campaign, draft, site=site, by=BY, now=now).slug
    for start in range(0, signers, CHUNK):
        count = min(CHUNK, signers - start)
        pieces = (slug, here.keys, here.settings)
        write(crowd.add_crowd, *pieces, count=count, start=start, now=now)
    update = UpdateDraft.model_validate(UPDATE)
    write(publish.post_update, slug, update, site=site, by=BY, now=now)


def _due(session: Session) -> int:
    """Count the mails that will be sent, or sent once more."""
    waiting = select(func.count()).select_from(Mail).where(col(Mail.due_at).is_not(None))
    return session.exec(waiting).one()
