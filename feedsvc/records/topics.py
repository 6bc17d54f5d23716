"""What hubs are told of: each feed in one format is a topic, under its own address (W2)."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import Session, col, select

from feedsvc.config import Settings, Site
from feedsvc.domain import feeds, websub
from feedsvc.domain.tables.content import (
    Campaign,
    Entry,
    FeedVersion,
    FormerSlug,
    Update,
    UpdateStatus,
)
from feedsvc.gateways.templates import Templates
from feedsvc.records import addresses, documents, versions
from feedsvc.records.feeds import SITE


class Topic(NamedTuple):
    """One feed in one format; scope 0 is the site, and no language the plain feed."""

    scope: int
    language: str
    suffix: str


class Copy(NamedTuple):
    """A feed in one format, as the web serves it."""

    body: bytes
    content_type: str
    self_url: str


class Printed(NamedTuple):
    """One version of a feed in all formats, by their suffix; nothing when there is no such feed."""

    version: int
    copies: dict[str, Copy]


def topics(session: Session, site: Site, scope: int) -> list[str]:
    """Return the addresses of all feeds of a scope, as their self links have them."""
    campaign = session.get(Campaign, scope) if scope != SITE else None
    return [
        str(getattr(addresses.feed(site, campaign, language), suffix))
        for language in (None, *_languages(session, scope))
        for suffix in feeds.FORMATS
    ]


def told(session: Session, site: Site, scope: int) -> list[str]:
    """Return what a hub is told of a scope: its topics, and those it had under former slugs.

    Subscribers to a former address are sent on only if their hub looks there (301).
    """
    now = topics(session, site, scope)
    campaign = session.get(Campaign, scope) if scope != SITE else None
    if campaign is None:
        return now
    former = select(FormerSlug.slug).where(FormerSlug.campaign_id == scope)
    return now + [
        url.replace(f"/c/{campaign.slug}.", f"/c/{slug}.")
        for slug in sorted(session.exec(former).all())
        for url in now
    ]


def copied(session: Session, site: Site, scope: int) -> list[str]:
    """Return what a cache may hold of a scope: its feeds, its page, and the pages of what was withdrawn."""
    campaign = session.get(Campaign, scope) if scope != SITE else None
    if campaign is None:
        pages = [addresses.home(site, None), f"{site.base_url}/feeds.opml"]
    else:
        spoken = {campaign.language, *_languages(session, scope)}
        pages = [
            addresses.page(site, campaign, language, key)
            for key in ("", *_withdrawn(session, scope))
            for language in sorted(spoken)
        ]
    return topics(session, site, scope) + pages


def topic(session: Session, site: Site, url: str) -> Topic | None:
    """Find the feed whose self link this is, byte for byte (W2); None if there is none."""
    asked = websub.address(site.base_url, url)
    if asked is None or asked.suffix not in feeds.FORMATS:
        return None
    version = versions.versions(session, [asked.slug]).get(asked.slug)
    if version is None or version.ended:
        return None
    known = url in topics(session, site, version.scope)
    return Topic(version.scope, asked.language or "", asked.suffix) if known else None


def printed(
    session: Session, settings: Settings, templates: Templates, scope: int, language: str
) -> Printed:
    """Print a feed from one state of the database, the very bytes that the web serves."""
    versions.steady(session)
    moved = session.get(FeedVersion, scope)
    feed = None
    if not _ended(session, scope):
        feed = documents.gather(session, settings, templates, scope, language or None)
    copies = {
        form.suffix: Copy(form.render(feed), form.content_type, getattr(feed.urls, form.suffix))
        for form in feeds.FORMATS.values()
        if feed
    }
    return Printed(moved.version if moved else 0, copies)


def _withdrawn(session: Session, scope: int) -> Sequence[str]:
    """Find the keys of updates that were taken back."""
    taken_back = select(Update.key).where(
        Update.campaign_id == scope, Update.status == UpdateStatus.WITHDRAWN
    )
    return sorted(session.exec(taken_back).all())


def _ended(session: Session, scope: int) -> bool:
    """Whether the feeds of a campaign are gone."""
    campaign = session.get(Campaign, scope) if scope != SITE else None
    return campaign is not None and campaign.ended_at is not None


def _languages(session: Session, scope: int) -> Sequence[str]:
    """Find the languages in which there is a feed."""
    spoken = select(Entry.language).where(
        col(Entry.published_at).is_not(None), col(Entry.left_at).is_(None)
    )
    if scope != SITE:
        spoken = spoken.where(Entry.campaign_id == scope)
    return sorted(session.exec(spoken.distinct()).all())
