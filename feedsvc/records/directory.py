"""The list of all feeds, /feeds.opml (F21)."""

from datetime import UTC, datetime

from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain.feeds.opml import Listed, opml
from feedsvc.domain.tables.content import Campaign, CampaignStatus, Entry
from feedsvc.records import addresses, entries
from feedsvc.records.launches import launches

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When the feeds of a site without campaigns last changed."""


def directory(session: Session, site: Site) -> bytes:
    """Write /feeds.opml: in each language, the feed of everything and those of the campaigns."""
    going_on = col(Campaign.status) != CampaignStatus.WITHDRAWN
    shown = entries.joined(select(Entry.language, Entry.campaign_id)).where(going_on)
    spoken = session.exec(shown.distinct()).all()
    named = select(Campaign).where(col(Campaign.id).in_({number for _, number in spoken}))
    campaigns = {campaign.id: campaign for campaign in session.exec(named).all()}
    pairs = sorted(
        ((language, campaigns[number]) for language, number in spoken),
        key=lambda pair: (pair[0], pair[1].slug),
    )
    pages = launches(session, {campaign.id or 0 for _, campaign in pairs}, ())
    listed = [
        _listed(site, site.name, language) for language in sorted({pair[0] for pair in pairs})
    ]
    listed += [
        _listed(site, pages.titled(campaign, language).title, language, campaign)
        for language, campaign in pairs
    ]
    return opml(site.name, last_change(session), listed)


def last_change(session: Session) -> datetime:
    """Return when any campaign last moved."""
    newest = select(Campaign.updated_at).order_by(col(Campaign.updated_at).desc())
    return session.exec(newest).first() or NEVER


def specimen(site: Site) -> bytes:
    """Write a list that shows how lists are written."""
    return opml(site.name, NEVER, [_listed(site, site.name, "ar")])


def _listed(site: Site, title: str, language: str, campaign: Campaign | None = None) -> Listed:
    home = addresses.page(site, campaign, language) if campaign else addresses.home(site, language)
    return Listed(
        title=title or home,
        language=language,
        feed_url=addresses.feed(site, campaign, language).atom,
        home_url=home,
    )
