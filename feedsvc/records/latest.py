"""The latest update of a campaign: the newest event among those that are out."""

from collections.abc import Collection
from datetime import date

from sqlmodel import Session, col, select

from feedsvc.domain.dates import EventDate
from feedsvc.domain.tables.content import Update, UpdateStatus


def of_campaigns(session: Session, ids: Collection[int]) -> dict[int, Update]:
    """Return the latest update of each campaign that has one, by campaign."""
    return {update.campaign_id: update for update in sorted(out(session, ids), key=when)}


def out(session: Session, campaigns: Collection[int]) -> list[Update]:
    """Return the updates of these campaigns that are out."""
    published = Update.status == UpdateStatus.PUBLISHED
    mine = select(Update).where(col(Update.campaign_id).in_(campaigns), published)
    return list(session.exec(mine).all())


def when(update: Update) -> tuple[date, int, int]:
    """Order updates by their event, then by their arrival."""
    return event(update).date, update.arrival or 0, update.id or 0


def event(update: Update) -> EventDate:
    """Return when it happened, else the day on which we published it."""
    published = update.published_at or update.created_at
    return EventDate.parse(update.occurred_on or published.date().isoformat())
