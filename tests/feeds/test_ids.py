"""Ids never change: not with the scheme or host of the site, not with a campaign's slug (F3, F4)."""

from collections.abc import Callable, Mapping
from pathlib import Path

from sqlmodel import Session, select

from feedsvc.domain.tables.content import Campaign
from tests.feeds.parsers import Facts
from tests.feeds.site import documents
from tests.feeds.test_parsers import READINGS, expected
from tests.web.serving import client
from tests.world import World, world

ARABIC = {"ar": {"title": "نهر", "body": "نص"}}
HTTPS = {"site": {"base_url": "https://updates.example.org"}}


def ids(found: Mapping[str, bytes]) -> dict[str, set[str]]:
    """Return the ids that each reader finds in a site: of entries, by parser and format."""
    read: dict[str, set[str]] = {reading: set() for reading in READINGS}
    for url, raw in found.items():
        for reading, (suffix, parser) in READINGS.items():
            if url.endswith(f".{suffix}"):
                read[reading] |= {facts.id for facts in parser(raw)}
    return read


def rename(made: World) -> None:
    """Give the campaign another slug, behind everybody's back as far as there is no action for it."""

    def changed(session: Session) -> None:
        session.exec(select(Campaign)).one().slug = "stream"

    made.write(changed)
