"""Feeds as the tables have them: stored facts only, so that no change means the same bytes (law 10).

The plain feed of a campaign, or of the site, has each update once: in the campaign's language, else
in its first text. A language feed has what there is in that language, and no fallbacks. The launch
of a campaign is an entry like the others (F19).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from sqlmodel import Session, col, select

from feedsvc.config import Settings, Site
from feedsvc.domain import feeds
from feedsvc.domain.dates import EventDate, in_words
from feedsvc.domain.feeds.launch import launch_html
from feedsvc.domain.feeds.opml import Listed, opml
from feedsvc.domain.markup import first_words
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignStatus,
    CampaignText,
    Entry,
    FeedVersion,
    Letter,
)
from feedsvc.gateways.templates import Templates
from feedsvc.records import addresses, entries, texts
from feedsvc.records.feeds import SITE
from feedsvc.records.locks import on_postgresql

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When the feeds of a site without campaigns last changed."""

CLOSED_MAX_AGE = 14_400


@dataclass(frozen=True, slots=True)
class Version:
    """Where the feeds of a scope stand: how often they have moved, and whether they have ended.

    `slug` is the campaign's present one, which may be another than the one that was asked for.
    """

    scope: int
    number: int
    slug: str | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class _About:
    """What a feed is of."""

    title: str
    description: str
    language: str
    home_url: str


def versions(session: Session, slugs: Collection[str | None]) -> dict[str | None, Version]:
    """Look where the feeds of campaigns stand, and those of the site for None; a small query each.

    A campaign that is not there is left out.
    """
    found: dict[str | None, Version] = {}
    if None in slugs:
        moved = session.exec(select(FeedVersion.version).where(FeedVersion.scope == SITE)).first()
        found[None] = Version(SITE, moved or 0)
    if named := [slug for slug in slugs if slug is not None]:
        rows = session.exec(
            select(Campaign.slug, Campaign.id, Campaign.status, FeedVersion.version)
            .join(FeedVersion, FeedVersion.scope == Campaign.id, isouter=True)  # type: ignore[arg-type]  # SQLModel types a comparison as bool
            .where(col(Campaign.slug).in_(named))
        ).all()
        for slug, scope, status, number in rows:
            ended = status is CampaignStatus.WITHDRAWN
            found[slug] = Version(scope or 0, number or 0, slug, ended)
    return found


def steady(session: Session) -> None:
    """Let all queries of this session see one state of the database; called before the first."""
    if on_postgresql(session):  # SQLite does so anyway
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def gather(
    session: Session,
    settings: Settings,
    templates: Templates,
    scope: int = SITE,
    language: str | None = None,
    run: str | None = None,
) -> feeds.Feed | None:
    """Gather the newest of a feed, or one run of its archives; None if there is nothing to put in."""
    if run is not None or not templates.languages:
        return None
    found = entries.newest(session, scope, language, settings.feeds.entries)
    if language and not found:
        return None
    inside = entries.written(session, settings.site, found, scope=scope)
    campaign = session.get_one(Campaign, scope) if scope != SITE else None
    moved = _last_change(session) if campaign is None else campaign.updated_at
    about = _about(session, settings.site, campaign, language)
    feed = feeds.Feed(
        id=addresses.feed_id(settings.site, addresses.authority(session), campaign, language),
        urls=addresses.feed(settings.site, campaign, language),
        authors=(feeds.Author(name=settings.site.name, url=f"{settings.site.base_url}/"),),
        updated=max([moved, *(entry.updated for entry in inside)]),
        entries=tuple(inside),
        max_age_seconds=_max_age(settings, campaign),
        expired=campaign is not None and campaign.status is CampaignStatus.CLOSED,
        title=about.title,
        description=about.description,
        language=about.language,
        home_url=about.home_url,
    )
    return feeds.head(feed, at_most=settings.feeds.entries)


def directory(session: Session, site: Site) -> bytes:
    """Write /feeds.opml: in each language, the feed of everything and those of the campaigns."""
    pairs = session.exec(entries.joined(select(Entry.language, Campaign)).distinct()).all()
    pairs = sorted(pairs, key=lambda pair: (pair[0], pair[1].slug))
    pages = texts.of_campaigns(session, {campaign.id or 0 for _, campaign in pairs})
    listed = [
        _listed(site, site.name, language) for language in sorted({pair[0] for pair in pairs})
    ]
    for language, campaign in pairs:
        page = entries.page_in(pages.get(campaign.id or 0, {}), campaign, language)
        listed.append(_listed(site, page.title, language, campaign))
    return opml(site.name, _last_change(session), listed)


def fingerprint(settings: Settings) -> str:
    """Tell one configuration and renderer from another: where this differs, so do the feeds."""
    site = settings.site
    seen = (
        (site.name, site.base_url, site.default_language),
        (settings.feeds.entries, settings.feeds.max_age_seconds, CLOSED_MAX_AGE),
        feeds.fingerprint(),
        launch_html(_PAGE, _LETTER, ["11.11.11", "A & B"], "https://feeds.example"),
        first_words(_PAGE.body),
        [in_words(EventDate.parse(day), "ar") for day in ("2017", "2017-12", "2017-12-07")],
        opml(site.name, NEVER, [_listed(site, site.name, "ar")]),
    )
    return sha256(repr(seen).encode()).hexdigest()


_PAGE = CampaignText(
    campaign_id=1,
    language="en",
    position=0,
    title="One",
    body='# One\n\n*A*, **b** & <c> [d](/d "e") <https://feeds.example/?a=1&b=2>\n\n1. f\n2. g\n\n> h',
)
_LETTER = Letter(
    campaign_id=1,
    version=1,
    language="ar",
    addressees=[{"name": "A", "office": "B"}, {"name": "C"}],
    salutation="D",
    body="- e\n- f\n\n```\ng\n```",
    closing="H\nI",
    created_at=NEVER,
)


def _last_change(session: Session) -> datetime:
    newest = select(Campaign.updated_at).order_by(col(Campaign.updated_at).desc())
    return session.exec(newest).first() or NEVER


def _max_age(settings: Settings, campaign: Campaign | None) -> int:
    """Say how long readers may keep it; a campaign that is closed has little to say (H7)."""
    if campaign and campaign.status is CampaignStatus.CLOSED:
        return max(CLOSED_MAX_AGE, settings.feeds.max_age_seconds)
    return settings.feeds.max_age_seconds


def _about(session: Session, site: Site, campaign: Campaign | None, language: str | None) -> _About:
    if campaign is None:
        home = addresses.home(site, language)
        return _About(site.name, "", language or site.default_language, home)
    pages = texts.of_campaigns(session, [campaign.id or 0]).get(campaign.id or 0, {})
    page = entries.page_in(pages, campaign, language)
    home = addresses.page(site, campaign, language or campaign.language)
    summary = page.summary or first_words(page.body)
    return _About(page.title, summary, language or page.language, home)


def _listed(site: Site, title: str, language: str, campaign: Campaign | None = None) -> Listed:
    home = addresses.page(site, campaign, language) if campaign else addresses.home(site, language)
    return Listed(
        title=title or home,
        language=language,
        feed_url=addresses.feed(site, campaign, language).atom,
        home_url=home,
    )
