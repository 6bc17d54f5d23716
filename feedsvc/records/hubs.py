"""Who is told that feeds have moved: hubs, listeners, subscribers, and how they stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from feedsvc.config import Settings, Site
from feedsvc.domain import websub
from feedsvc.domain.tables.content import FeedVersion
from feedsvc.domain.tables.hubs import HubRequest, HubSubscription, Listener, Told


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
