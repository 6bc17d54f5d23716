"""A new revision of an update, and what it does to the feeds (DESIGN 2, edit classes)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from feedsvc.config import Site
from feedsvc.domain import edits
from feedsvc.domain.content import Revision, Text
from feedsvc.domain.tables.content import (
    Campaign,
    EditClass,
    Entry,
    EntryKind,
    Notify,
    Update,
    UpdateStatus,
)
from feedsvc.records import announcements, content, feeds


def revise(
    session: Session,
    campaign: Campaign,
    update: Update,
    revision: Revision,
    *,
    changed: Collection[str],
    added: Sequence[str],
    site: Site,
) -> None:
    """Store the next revision, and show it: in the languages `changed`, and in those `added`.

    A significant edit brings its entries to the head of the feeds; a correction is also announced.
    The caller holds the campaign's lock.
    """
    now = revision.created_at
    content.add_revision(session, update, revision)
    entered = content.enter(session, campaign, update, added, site, now) if added else []
    if update.status is not UpdateStatus.PUBLISHED:
        return
    _date_translations(update, entered, now)
    moved: list[Entry] = []
    if revision.edit_class in edits.SIGNIFICANT:
        moved = list(announcements.of_update(session, update, changed))
        announcements.touch(moved, now)
        update.updated_at = max(feeds.whole(now), update.published_at or feeds.whole(now))
    told: list[Entry] = []
    if revision.edit_class is EditClass.CORRECTION:
        kind = EntryKind.CORRECTION
        told = announcements.announce(session, campaign, update, moved, kind, site, now)
    feeds.move(session, campaign, now, appearing=[*entered, *moved, *told])


def withdraw(
    session: Session,
    campaign: Campaign,
    update: Update,
    texts: tuple[Text, ...],
    notes: Mapping[str, str],
    *,
    site: Site,
    now: datetime,
) -> None:
    """Take a published update back: stubs in its place, a tombstone, and an entry that says so.

    Its texts stay stored and are shown nowhere. The caller holds the campaign's lock.
    """
    number = update.revision + 1
    withdrawal = Revision(number, EditClass.WITHDRAWAL, now, texts, dict(notes))
    content.add_revision(session, update, withdrawal)
    update.status, update.withdrawn_at = UpdateStatus.WITHDRAWN, now
    update.updated_at = feeds.whole(now)
    entries = announcements.of_update(session, update)
    announcements.touch(announcements.all_of(session, update), now)
    kind = EntryKind.WITHDRAWAL
    told = announcements.announce(session, campaign, update, entries, kind, site, now)
    feeds.move(session, campaign, now, appearing=told, urgent=True)


def _date_translations(update: Update, entries: Sequence[Entry], now: datetime) -> None:
    """Publish a language that was added: as news there, unless the update is history."""
    if update.notify is Notify.SUBSCRIBERS:
        for entry in entries:
            second = feeds.whole(now)
            entry.published_at = entry.updated_at = max(second, entry.published_at or second)
