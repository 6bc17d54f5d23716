"""Who is told that feeds have moved, and of what: topics, hubs, listeners and how they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from feedsvc.config import Settings, Site
from feedsvc.domain import feeds, websub
from feedsvc.domain.tables.content import Campaign, Entry, FeedVersion
from feedsvc.domain.tables.hubs import HubRequest, HubSubscription, Listener, Told
from feedsvc.gateways.templates import Templates
from feedsvc.records import addresses, documents
from feedsvc.records.feeds import SITE, move


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


@dataclass(frozen=True, slots=True)
class Hearing:
    """How a listener stands; `behind` counts the scopes it was not told of."""

    listener: str
    behind: int
    failing_since: datetime | None
    problem: str
    left_out: bool


@dataclass(frozen=True, slots=True)
class OwnHub:
    """How our own hub stands; `failing` are the subscriptions whose callback does not take it."""

    subscriptions: int
    failing: int
    unconfirmed: int


def advertised(session: Session, settings: Settings) -> tuple[str, ...]:
    """Return the hubs that feeds may name: readers poll less where there is one, so it must work."""
    left_out = set(session.exec(select(Listener.name).where(col(Listener.left_out))).all())
    own = (own_hub(settings.site),) if settings.feeds.own_hub else ()
    return own + tuple(hub for hub in settings.feeds.outside_hubs if hub not in left_out)


def own_hub(site: Site) -> str:
    """Return where our own hub is."""
    return f"{site.base_url}{websub.PATH}"


def listeners(settings: Settings) -> tuple[str, ...]:
    """Return who is to be told, by these settings: the cache first, for hubs wait for it."""
    cache = (websub.CACHE,) if settings.feeds.purge_url else ()
    return cache + settings.feeds.outside_hubs


def topics(session: Session, site: Site, scope: int) -> list[str]:
    """Return the addresses of all feeds of a scope, as their self links have them."""
    campaign = session.get(Campaign, scope) if scope != SITE else None
    return [
        str(getattr(addresses.feed(site, campaign, language), suffix))
        for language in (None, *_languages(session, scope))
        for suffix in feeds.FORMATS
    ]


def copied(session: Session, site: Site, scope: int) -> list[str]:
    """Return the addresses of what a cache may hold of a scope: its feeds and its page."""
    campaign = session.get(Campaign, scope) if scope != SITE else None
    if campaign is None:
        pages = [addresses.home(site, None), f"{site.base_url}/feeds.opml"]
    else:
        spoken = {campaign.language, *_languages(session, scope)}
        pages = [addresses.page(site, campaign, language) for language in sorted(spoken)]
    return topics(session, site, scope) + pages


def topic(session: Session, site: Site, url: str) -> Topic | None:
    """Find the feed whose self link this is, byte for byte (W2); None if there is none."""
    asked = websub.address(site.base_url, url)
    if asked is None or asked.suffix not in feeds.FORMATS:
        return None
    version = documents.versions(session, [asked.slug]).get(asked.slug)
    if version is None or version.ended:
        return None
    known = url in topics(session, site, version.scope)
    return Topic(version.scope, asked.language or "", asked.suffix) if known else None


def printed(
    session: Session, settings: Settings, templates: Templates, scope: int, language: str
) -> Printed:
    """Print a feed from one state of the database, the very bytes that the web serves."""
    documents.steady(session)
    moved = session.get(FeedVersion, scope)
    feed = documents.gather(session, settings, templates, scope, language or None)
    copies = {
        form.suffix: Copy(form.render(feed), form.content_type, getattr(feed.urls, form.suffix))
        for form in (feeds.FORMATS.values() if feed else ())
        if feed
    }
    return Printed(moved.version if moved else 0, copies)


def anybody_to_ask(session: Session, now: datetime) -> bool:
    """Look whether a callback is to be asked: a look costs a read, to take one a write."""
    waiting = select(HubRequest.id).where(
        col(HubRequest.failed_at).is_(None), HubRequest.due_at <= now
    )
    return session.exec(waiting.limit(1)).first() is not None


def anybody_to_send(session: Session, now: datetime) -> bool:
    """Look whether a subscriber of our hub lacks something."""
    return session.exec(lacking(select(HubSubscription.id), now).limit(1)).first() is not None


def lacking(statement: Any, now: datetime) -> Any:
    """Join a selection from subscriptions to the version that they lack, and may be sent now."""
    return (
        statement.join(FeedVersion, col(FeedVersion.scope) == HubSubscription.scope)
        .where(col(HubSubscription.version) < FeedVersion.version)
        .where(HubSubscription.due_at <= now, HubSubscription.expires_at > now)
    )


def move_all(session: Session, now: datetime) -> None:
    """Move all feeds: they name other hubs from now on."""
    for campaign in session.exec(select(Campaign)).all():
        move(session, campaign, now)


def hearings(session: Session, names: Sequence[str]) -> list[Hearing]:
    """Say how those listeners stand that have been spoken to."""
    behind = (
        select(Told.listener, func.count())
        .join(FeedVersion, col(FeedVersion.scope) == Told.scope)
        .where(col(FeedVersion.version) > Told.version)
        .group_by(col(Told.listener))
    )
    waiting = dict(session.exec(behind).all())
    found = session.exec(select(Listener).where(col(Listener.name).in_(names))).all()
    return [
        Hearing(one.name, waiting.get(one.name, 0), one.failing_since, one.problem, one.left_out)
        for one in sorted(found, key=lambda one: names.index(one.name))
    ]


def own_hub_stands(session: Session, now: datetime) -> OwnHub:
    """Say how our own hub stands."""
    living = select(func.count(), func.count(col(HubSubscription.failing_since)))
    subscriptions, failing = session.exec(living.where(HubSubscription.expires_at > now)).one()
    waiting = select(func.count()).where(col(HubRequest.failed_at).is_(None))
    return OwnHub(subscriptions, failing, session.exec(waiting).one())


def _languages(session: Session, scope: int) -> Sequence[str]:
    """Find the languages in which there is a feed."""
    spoken = select(Entry.language).where(
        col(Entry.published_at).is_not(None), col(Entry.left_at).is_(None)
    )
    if scope != SITE:
        spoken = spoken.where(Entry.campaign_id == scope)
    return sorted(session.exec(spoken.distinct()).all())
