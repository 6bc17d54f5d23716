"""Take in what a subscriber asks of our hub: it is stored, and its callback is asked later."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete
from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain import reach
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.hubs import HubMode, HubRequest, HubSubscription
from feedsvc.errors import NotFound
from feedsvc.records import topics

UNCONFIRMED = 10_000
UNCONFIRMED_OF_HOST = 50
"""What waits or has failed within the hour: nobody lets us call one host again and again."""
SUBSCRIPTIONS = 100_000
SUBSCRIPTIONS_OF_HOST = 5_000

_TAG = "hub subscription"
_HOST = "callback host"


class Wish(NamedTuple):
    """What is asked for, checked as far as can be without the database."""

    mode: HubMode
    topic: str
    callback: str
    secret: str
    lease: timedelta


class Crowded(StrEnum):
    """Why a request is not taken now."""

    REQUESTS = "too many requests wait to be confirmed"
    SUBSCRIPTIONS = "there are too many subscriptions"


def ask(session: Session, keys: Keys, site: Site, wish: Wish, *, now: datetime) -> Crowded | None:
    """Store a request; the newest of a callback for a topic takes the place of those before.

    Raises NotFound when there is neither such a feed nor, to unsubscribe, such a subscription.
    """
    tag = keys.hash(f"{wish.topic}\n{wish.callback}", _TAG)
    host_tag = keys.tag(reach.host(wish.callback), _HOST)
    known = session.exec(select(HubSubscription).where(HubSubscription.tag == tag)).first()
    topic = _topic(session, site, wish, known)
    crowded = _crowded(
        session, tag, host_tag, fresh=known is None and wish.mode is HubMode.SUBSCRIBE
    )
    if crowded is not None:
        return crowded
    session.execute(
        delete(HubRequest).where(col(HubRequest.tag) == tag, col(HubRequest.failed_at).is_(None))
    )
    session.add(
        HubRequest(
            mode=wish.mode,
            tag=tag,
            host_tag=host_tag,
            topic=wish.topic,
            **topic._asdict(),
            callback_sealed=keys.seal(wish.callback, Sealed.CALLBACK),
            secret_sealed=keys.seal(wish.secret, Sealed.SIGNING) if wish.secret else None,
            lease_seconds=int(wish.lease.total_seconds()),
            received_at=now,
            due_at=now,
        )
    )
    return None


def _topic(session: Session, site: Site, wish: Wish, known: HubSubscription | None) -> topics.Topic:
    """Find the feed; whoever wants to leave one that has ended is let go all the same."""
    topic = topics.topic(session, site, wish.topic)
    if topic is None and known is not None and wish.mode is HubMode.UNSUBSCRIBE:
        return topics.Topic(known.scope, known.language, known.suffix)
    if topic is None:
        raise NotFound(
            "There is no such feed here.",
            remedy="Take the address of its self link, letter by letter.",
        )
    return topic


def _crowded(session: Session, tag: bytes, host_tag: bytes, *, fresh: bool) -> Crowded | None:
    """Look whether there is room: a request that takes another's place, or renews, needs none."""
    others = col(HubRequest.tag) != tag
    of_host = (others | col(HubRequest.failed_at).is_not(None)) & (
        col(HubRequest.host_tag) == host_tag
    )
    if _full(session, HubRequest, others, UNCONFIRMED) or _full(
        session, HubRequest, of_host, UNCONFIRMED_OF_HOST
    ):
        return Crowded.REQUESTS
    theirs = col(HubSubscription.host_tag) == host_tag
    every = col(HubSubscription.id).is_not(None)
    if fresh and (
        _full(session, HubSubscription, every, SUBSCRIPTIONS)
        or _full(session, HubSubscription, theirs, SUBSCRIPTIONS_OF_HOST)
    ):
        return Crowded.SUBSCRIPTIONS
    return None


def _full(
    session: Session,
    table: type[HubRequest | HubSubscription],
    which: ColumnElement[bool],
    limit: int,
) -> bool:
    """Whether there are so many; the last one that there is room for is looked for, and none counted."""
    last = select(table.id).where(which).offset(limit - 1).limit(1)
    return session.exec(last).first() is not None
