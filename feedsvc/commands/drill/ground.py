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
from feedsvc.config import PREFIX, Settings
from feedsvc.domain.drafts import CampaignDraft, UpdateDraft
from feedsvc.domain.tables import metadata
from feedsvc.domain.tables.ledger import Mail
from feedsvc.errors import Conflict
from feedsvc.gateways.database import open_database
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
        self.database = database or f"sqlite:///{folder / 'feedsvc.db'}"
        self.config = folder / "config.toml"
        self.log = folder / "sink.log"
        self.expected = folder / "expected"
        self.events = folder / "events"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of our processes: without any setting of this machine."""
        ours = {f"{PREFIX}DIGEST__SETTLE_SECONDS": "0"}
        return {
            name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)
        } | ours

    def prepare(self, *, signers: int, connections: int, relay_port: int) -> None:
        """Write the settings, make the signers and publish the update.

        Raises Conflict when the database holds anything.
        """
        sections = self._sections(connections, relay_port)
        self.config.write_text(tomlkit.dumps(sections), "utf-8")
        self._refuse_a_database_in_use()
        addresses = (f"{crowd.address(number)}\n" for number in range(signers))
        self.expected.write_text("".join(addresses), "utf-8")
        here = app.ready(config.read(self.config, **sections))
        try:
            _fill(here, signers)
        finally:
            here.close()

    def books(self) -> Books:
        """Read the books of the update, as any command does."""
        with self._opened() as here:
            return here.database.read_now(books)[0]

    def settled(self) -> bool:
        """Whether the service has nothing left to send, by its own account."""
        with self._opened() as here:
            (found,) = here.database.read_now(books)
            due = here.database.read_now(_due)
        return found.eligible is not None and not (due or sum(found.in_hand.values()))

    def clear(self) -> None:
        """Empty the database again, if it is not in our folder."""
        if self.database.startswith("sqlite"):
            return
        database = open_database(self.database)
        try:
            metadata.drop_all(database.engine)
            with database.engine.begin() as connection:
                connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
        finally:
            database.close()

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

    def _refuse_a_database_in_use(self) -> None:
        database = open_database(self.database)
        try:
            if not migrations.empty(database.engine):
                raise Conflict(
                    "The database of a drill must be empty, and this one holds tables.",
                    remedy="Create another one, such as with `createdb feedsvc_drill`.",
                )
        finally:
            database.close()

    @contextmanager
    def _opened(self) -> Iterator[Installation]:
        here = app.opened(self._settings())
        try:
            yield here
        finally:
            here.close()
