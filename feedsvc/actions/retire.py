"""Retire what was withdrawn: after thirty days stubs leave the feeds, and feeds of campaigns end."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Campaign, Entry, EntryKind, Update
from feedsvc.records import content, feeds

STAY = timedelta(days=30)
AT_ONCE = 100


def retire(session: Session, *, now: datetime) -> bool:
    """Retire what has been withdrawn long enough; return whether there may be more."""
    due = {entry.campaign_id for entry in _stubs(session, now)} | _ended(session, now)
    campaigns = _locked(session, due)
    stubs = _stubs(session, now, of=due)  # another worker may have been here before us
    ended = _ended(session, now, of=due)
    for entry in stubs:
        entry.left_at = feeds.whole(now)
    for campaign in campaigns:
        if campaign.id in ended:
            campaign.ended_at = now
        if campaign.id in ended | {entry.campaign_id for entry in stubs}:
            feeds.move(session, campaign, now)
    return len(stubs) == AT_ONCE or len(ended) == AT_ONCE


def _stubs(session: Session, now: datetime, of: set[int] | None = None) -> list[Entry]:
    """Find what still stands in the place of updates that were withdrawn long ago."""
    old = (
        select(Entry)
        .join(Update, col(Update.id) == Entry.update_id)
        .where(
            Update.status == "withdrawn",  # spelled out, or SQLite passes the index by
            col(Update.withdrawn_at) <= now - STAY,
            col(Entry.left_at).is_(None),
            Entry.kind != EntryKind.WITHDRAWAL,
        )
    )
    if of is not None:
        old = old.where(col(Entry.campaign_id).in_(of))
    return list(session.exec(old.order_by(col(Entry.id)).limit(AT_ONCE)).all())


def _ended(session: Session, now: datetime, of: set[int] | None = None) -> set[int]:
    old = select(Campaign.id).where(
        col(Campaign.withdrawn_at) <= now - STAY, col(Campaign.ended_at).is_(None)
    )
    if of is not None:
        old = old.where(col(Campaign.id).in_(of))
    return {campaign_id or 0 for campaign_id in session.exec(old.limit(AT_ONCE)).all()}


def _locked(session: Session, ids: set[int]) -> list[Campaign]:
    return [content.locked(session, Campaign.id == one, str(one)) for one in sorted(ids)]
