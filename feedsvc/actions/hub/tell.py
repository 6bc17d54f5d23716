"""Tell hubs and the cache that feeds have moved: what is due follows from the versions (law 13)."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from feedsvc.config import Settings
from feedsvc.domain import websub
from feedsvc.domain.tables.content import FeedVersion
from feedsvc.domain.tables.hubs import Listener, Told
from feedsvc.records import feeds, topics
from feedsvc.records.locks import hold, insert

PUT_OFF = timedelta(minutes=2)
"""How long a listener is its worker's alone; if that dies, another speaks to it."""
AT_ONCE = 10


class News(NamedTuple):
    """What a listener is to be told of one scope."""

    scope: int
    version: int
    urls: list[str]


def introduce(session: Session, name: str, *, now: datetime) -> None:
    """Meet a listener for the first time: it counts as told of all there is."""
    hold(session, f"listener {name}")
    if session.get(Listener, name) is not None:
        return
    session.add(Listener(name=name, due_at=now))
    for moved in session.exec(select(FeedVersion)).all():
        known = session.get(Told, (name, moved.scope))
        told = known or Told(listener=name, scope=moved.scope, due_at=now)
        told.version = moved.version
        session.add(told)


def news(session: Session, name: str, settings: Settings, *, now: datetime) -> list[int] | None:
    """Look what a listener is to be told of now, as scopes; None: it was never met."""
    listener = session.get(Listener, name)
    if listener is None:
        return None
    return [] if listener.due_at > now else list(session.exec(_due(name, settings, now)).all())


def take_news(session: Session, name: str, settings: Settings, *, now: datetime) -> list[News]:
    """Take what a listener is to be told; no other worker speaks to it meanwhile."""
    free = select(Listener).where(Listener.name == name, Listener.due_at <= now)
    listener = session.exec(free.with_for_update(skip_locked=True)).first()
    if listener is None:
        return []
    scopes = session.exec(_due(name, settings, now)).all()
    if scopes:
        listener.due_at = now + PUT_OFF
    urls = topics.copied if name == websub.CACHE else topics.told
    moved = select(FeedVersion).where(col(FeedVersion.scope).in_(scopes))
    return [
        News(one.scope, one.version, urls(session, settings.site, one.scope))
        for one in session.exec(moved).all()
    ]


def tell(session: Session, name: str, scope: int, version: int, *, now: datetime) -> None:
    """Note that a listener was told of a scope: it works, so feeds may name it again."""
    values = {"version": version, "attempts": 0, "due_at": now}
    row = insert(session, Told).values(listener=name, scope=scope, **values)
    session.execute(row.on_conflict_do_update(index_elements=["listener", "scope"], set_=values))
    listener = session.get(Listener, name, with_for_update=True)
    if listener is None:
        return
    listener.attempts, listener.failing_since, listener.problem = 0, None, ""
    if listener.left_out:
        listener.left_out = False
        feeds.move_all(session, now)


def refuse(session: Session, name: str, scope: int, problem: str, *, now: datetime) -> None:
    """Note that a listener refused what it was told of one scope; the others are told in time."""
    told = session.get(Told, (name, scope), with_for_update=True)
    told = told or Told(listener=name, scope=scope, due_at=now)
    told.attempts += 1
    told.due_at = now + websub.wait(told.attempts)
    session.add(told)
    _fail(session, name, problem, now)


def rest(session: Session, name: str, problem: str = "", *, now: datetime) -> None:
    """Stop speaking to a listener for now; one that is in trouble is left alone for a while."""
    listener = session.get(Listener, name, with_for_update=True)
    if listener is None:
        return
    listener.due_at = now
    if problem:
        _fail(session, name, problem, now)
        listener.attempts += 1
        listener.due_at = now + websub.wait(listener.attempts)


def _fail(session: Session, name: str, problem: str, now: datetime) -> None:
    """Note a failure; readers poll again as usual where the hub has failed for long (W4)."""
    listener = session.get(Listener, name, with_for_update=True)
    if listener is None:
        return
    listener.failing_since, listener.problem = listener.failing_since or now, problem
    lasting = listener.failing_since <= now - websub.GIVEN_UP
    if lasting and not listener.left_out and name != websub.CACHE:
        listener.left_out = True
        feeds.move_all(session, now)


def _due(name: str, settings: Settings, now: datetime) -> Any:
    """Select the scopes that a listener is to be told of, the longest waiting first."""
    version = func.coalesce(Told.version, 0)
    mine = (col(Told.scope) == FeedVersion.scope) & (col(Told.listener) == name)
    scopes = (
        select(FeedVersion.scope)
        .join(Told, mine, isouter=True)
        .where(or_(col(Told.due_at).is_(None), col(Told.due_at) <= now))
        .order_by(col(FeedVersion.updated_at))
        .limit(AT_ONCE)
    )
    if name == websub.CACHE:
        # A hub fetches through the cache: so where there is one, the cache forgets at every change.
        wanted = FeedVersion.version if settings.feeds.outside_hubs else FeedVersion.urgent
        return scopes.where(col(wanted) > version)
    settled = scopes.where(
        col(FeedVersion.version) > version, FeedVersion.updated_at <= now - websub.SETTLED
    )
    if not settings.feeds.purge_url:
        return settled
    cache = aliased(Told)
    purged = select(cache.scope).where(
        cache.listener == websub.CACHE,
        cache.scope == FeedVersion.scope,
        cache.version >= FeedVersion.version,
    )
    kept = col(FeedVersion.updated_at) <= now - websub.KEPT
    return settled.where(or_(purged.exists(), kept))
