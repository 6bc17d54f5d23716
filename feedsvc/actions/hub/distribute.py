"""Send subscribers of our hub what has changed; each remembers the version it has."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, select

from feedsvc.domain import websub
from feedsvc.domain.tables.content import FeedVersion
from feedsvc.domain.tables.hubs import HubSubscription
from feedsvc.records import hubs
from feedsvc.records.topics import Topic

PUT_OFF = timedelta(seconds=120)
"""How long a subscription is its worker's alone; if that dies, another sends it, perhaps again.

A crate of them, all silent, is through in less.
"""
PATIENCE = timedelta(days=3)
TRIES = 10
"""A callback that fails for so long, and so often, has lost its subscription."""


class Due(NamedTuple):
    """A subscriber that lacks a version of its topic."""

    id: int
    topic: Topic
    version: int
    digest: bytes | None
    callback_sealed: bytes
    secret_sealed: bytes | None


def due(session: Session, *, limit: int, now: datetime) -> list[Due]:
    """Take the subscriptions that lack something; no other worker gets them meanwhile."""
    lacking = (
        hubs.lacking(select(HubSubscription, FeedVersion.version), now)
        .order_by(col(HubSubscription.due_at), col(HubSubscription.id))
        .limit(limit)
        .with_for_update(of=HubSubscription, skip_locked=True)
    )
    taken = []
    for one, version in session.exec(lacking).all():
        one.due_at = now + PUT_OFF
        topic = Topic(one.scope, one.language, one.suffix)
        sealed = (one.callback_sealed, one.secret_sealed)
        taken.append(Due(one.id or 0, topic, version, one.digest, *sealed))
    return taken


def deliver(
    session: Session, subscription_id: int, *, version: int, digest: bytes | None, now: datetime
) -> None:
    """Note that a subscriber has a version; what has moved meanwhile is due at once."""
    one = session.get(HubSubscription, subscription_id, with_for_update=True)
    if one is not None:
        one.version, one.digest = max(one.version, version), digest or one.digest
        one.attempts, one.failing_since, one.due_at = 0, None, now


def miss(session: Session, subscription_id: int, *, now: datetime) -> None:
    """Note that a subscriber did not take it: it is tried again later, and given up one day."""
    one = session.get(HubSubscription, subscription_id, with_for_update=True)
    if one is None:
        return
    one.attempts += 1
    one.failing_since = one.failing_since or now
    one.due_at = now + websub.wait(one.attempts)
    if one.attempts >= TRIES and one.failing_since <= now - PATIENCE:
        session.delete(one)


def drop(session: Session, subscription_id: int) -> None:
    """End a subscription: its callback says that it is gone (410)."""
    one = session.get(HubSubscription, subscription_id)
    if one is not None:
        session.delete(one)
