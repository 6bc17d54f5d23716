"""Load content from a folder of files: what is new, and what has changed since.

A campaign's folder is one transaction: all of it is stored or nothing. A file that is not there
changes nothing, and loading twice changes nothing. What `dump` wrote comes back as it was, with its
ids and instants, and mails nobody.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from feedsvc.actions.load import campaigns, contents, restore, updates
from feedsvc.actions.load.run import Change, Run
from feedsvc.config import Site
from feedsvc.domain import content
from feedsvc.domain.tables.content import Campaign, Fact, FeedVersion
from feedsvc.records import feeds
from feedsvc.records.facts import TAG_AUTHORITY

__all__ = ["Before", "Change", "begin", "finish", "load_folder"]


@dataclass(frozen=True, slots=True)
class Before:
    """What was there before: whether nothing, and where the feeds of the site stood."""

    empty: bool
    version: int


def begin(session: Session, record: content.SiteRecord | None) -> Before:
    """Take over the authority of the tags, where none has been minted yet."""
    if record and record.tag_authority and session.get(Fact, TAG_AUTHORITY) is None:
        session.add(Fact(name=TAG_AUTHORITY, value=record.tag_authority.encode()))
    row = session.get(FeedVersion, feeds.SITE)
    empty = session.exec(select(Campaign.id).limit(1)).first() is None
    return Before(empty, row.version if row else 0)


def load_folder(
    session: Session,
    folder: content.Folder,
    *,
    site: Site,
    by: str,
    now: datetime,
    fresh: bool = False,
) -> list[Change]:
    """Store what is new in the folder of one campaign, and what has changed since.

    `fresh`: the database was empty when the loading began.
    """
    run = Run(session, site, folder.campaign.slug, by, now, fresh)
    contents.put(run, folder)
    campaign = campaigns.load(run, folder)
    for update in sorted(folder.updates, key=_when):  # so they come into the archives in order
        updates.load(run, campaign, update)
    return run.changes


def _when(update: content.UpdateFile) -> tuple[str, str]:
    return str(update.occurred_on or "9999"), update.key


def finish(
    session: Session, record: content.SiteRecord | None, before: Before, *, now: datetime
) -> None:
    """Put the feeds of the site where the dump had them, or beyond: no version stands twice."""
    row = session.get(FeedVersion, feeds.SITE)
    if record is None or record.feed is None:
        if row is None and session.exec(select(Campaign.id).limit(1)).first() is not None:
            feeds.bump(session, feeds.SITE, now)
        return
    stamp = record.feed
    if row is None or (before.empty and row.version == before.version):
        restore.stamp(session, feeds.SITE, stamp)
    elif row.version < stamp.version:
        row.version += stamp.version
        session.add(row)
