"""Entries that say what befell an update or a campaign: readers see no other change (FEEDS D4)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain.tables.content import Campaign, Entry, EntryKind, Update
from feedsvc.records import feeds


def of_update(
    session: Session, update: Update, languages: Collection[str] | None = None
) -> Sequence[Entry]:
    """Return the entries of an update in some languages, or in all it is in."""
    mine = select(Entry).where(Entry.update_id == update.id, Entry.kind == EntryKind.UPDATE)
    if languages is not None:
        mine = mine.where(col(Entry.language).in_(languages))
    return session.exec(mine.order_by(col(Entry.language))).all()


def all_of(session: Session, update: Update) -> Sequence[Entry]:
    """Return all entries about an update, announcements included."""
    return session.exec(select(Entry).where(Entry.update_id == update.id)).all()


def announce(
    session: Session,
    campaign: Campaign,
    update: Update,
    about: Sequence[Entry],
    kind: EntryKind,
    site: Site,
    now: datetime,
) -> list[Entry]:
    """Make an entry beside each of these, which says that the newest revision corrects or withdraws it."""
    entries = [
        feeds.mint(
            *(session, campaign, update, entry.language),
            site=site,
            now=now,
            kind=kind,
            number=update.revision,
            plain=entry.plain,
        )
        for entry in about
    ]
    return dated(entries, now)


def dated(entries: list[Entry], now: datetime) -> list[Entry]:
    """Publish these entries now."""
    for entry in entries:
        entry.published_at = entry.updated_at = feeds.whole(now)
    return entries


def touch(entries: Sequence[Entry], now: datetime) -> None:
    """Move `updated` of these entries to now; it never goes back, whatever the clock says."""
    for entry in entries:
        second = feeds.whole(now)
        entry.updated_at = max(second, entry.updated_at or second, entry.published_at or second)
