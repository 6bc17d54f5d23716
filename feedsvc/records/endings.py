"""The end of a campaign's feeds (FEEDS H14): a last entry that says so, and after a while nothing."""

from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain.tables.content import Campaign, CampaignStatus, Entry, EntryKind
from feedsvc.records import announcements, feeds


def turn(session: Session, campaign: Campaign, site: Site, now: datetime) -> None:
    """Bring the feeds of a campaign in line with its status, when it is withdrawn or reopened."""
    withdrawn = campaign.status is CampaignStatus.WITHDRAWN
    if withdrawn and campaign.withdrawn_at is None:
        campaign.withdrawn_at = now
        last = announcements.dated(_last_entries(session, campaign, site, now), now)
        feeds.move(session, campaign, now, appearing=last, urgent=True)
    elif not withdrawn and campaign.withdrawn_at is not None:
        campaign.withdrawn_at = campaign.ended_at = None
        for entry in _entries(session, campaign, EntryKind.END):
            entry.left_at = entry.left_at or feeds.whole(now)
        feeds.move(session, campaign, now)


def _last_entries(session: Session, campaign: Campaign, site: Site, now: datetime) -> list[Entry]:
    """Make the entries that end the feeds of each language; one campaign may end more than once."""
    times = {entry.number for entry in _entries(session, campaign, EntryKind.END)}
    plain = {one.language for one in _entries(session, campaign, EntryKind.LAUNCH) if one.plain}
    spoken = select(Entry.language).where(
        Entry.campaign_id == campaign.id, col(Entry.published_at).is_not(None)
    )
    return [
        feeds.mint(
            *(session, campaign, None, language),
            site=site,
            now=now,
            kind=EntryKind.END,
            number=max(times, default=0) + 1,
            plain=language in plain,
        )
        for language in sorted(session.exec(spoken.distinct()).all())
    ]


def _entries(session: Session, campaign: Campaign, kind: EntryKind) -> list[Entry]:
    mine = select(Entry).where(Entry.campaign_id == campaign.id, Entry.kind == kind)
    return list(session.exec(mine.order_by(col(Entry.language))).all())
