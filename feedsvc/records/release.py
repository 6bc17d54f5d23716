"""The release of an update: from here on pages, feeds and the fan-out find it."""

from datetime import datetime

from sqlmodel import Session, select

from feedsvc.domain.dates import EventDate, noon
from feedsvc.domain.tables.content import Campaign, Entry, Notify, Update, UpdateStatus
from feedsvc.domain.tables.ledger import Notice, NoticeKind
from feedsvc.records import feeds


def status_at(publish_at: datetime | None, now: datetime) -> UpdateStatus:
    """Return where an update stands that is to be published: an embargo may hold it back."""
    embargo = publish_at is not None and publish_at > now
    return UpdateStatus.SCHEDULED if embargo else UpdateStatus.PUBLISHED


def release(session: Session, campaign: Campaign, update: Update, now: datetime) -> None:
    """Publish: arrival number, dates, feeds, and the notice that fan-out will find.

    The caller holds the campaign's lock.
    """
    campaign.last_arrival += 1
    update.arrival = campaign.last_arrival
    update.published_at = update.updated_at = _published_at(update, now)
    for entry in session.exec(select(Entry).where(Entry.update_id == update.id)).all():
        entry.published_at = entry.updated_at = update.published_at
    if update.notify is Notify.SUBSCRIBERS:
        session.add(
            Notice(
                update_id=update.id or 0,
                campaign_id=campaign.id or 0,
                kind=NoticeKind.NEWS,
                arrival=campaign.last_arrival,
                arrived_at=now,
            )
        )
    feeds.move(session, campaign, now)


def _published_at(update: Update, now: datetime) -> datetime:
    """History sinks to its place: under its event date, not under the day it was loaded."""
    if update.notify is Notify.NONE and update.occurred_on:
        return min(noon(EventDate.parse(update.occurred_on)), feeds.whole(now))
    return feeds.whole(now)
