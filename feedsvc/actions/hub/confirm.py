"""Ask callbacks whether they meant it (verification of intent); what they do not confirm changes nothing."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete
from sqlmodel import Session, col, select

from feedsvc.domain import websub
from feedsvc.domain.tables.content import FeedVersion
from feedsvc.domain.tables.hubs import HubMode, HubRequest, HubSubscription
from feedsvc.records.locks import insert

PUT_OFF = timedelta(seconds=30)
"""How long a request is its worker's alone; if that dies, another asks again."""
TRIES = 4
"""A callback that cannot be reached is tried again; one that says no is not."""


class Question(NamedTuple):
    """What a callback is to be asked."""

    id: int
    mode: HubMode
    topic: str
    callback_sealed: bytes
    lease_seconds: int


def questions(session: Session, *, limit: int, now: datetime) -> list[Question]:
    """Take the requests that are due; no other worker gets them meanwhile."""
    waiting = select(HubRequest).where(
        col(HubRequest.failed_at).is_(None), HubRequest.due_at <= now
    )
    oldest = waiting.order_by(col(HubRequest.id)).limit(limit).with_for_update(skip_locked=True)
    found = session.exec(oldest).all()
    for request in found:
        request.due_at = now + PUT_OFF
    return [
        Question(one.id or 0, one.mode, one.topic, one.callback_sealed, one.lease_seconds)
        for one in found
    ]


def confirm(session: Session, request_id: int, *, now: datetime) -> None:
    """Do what was asked for; a request that was replaced meanwhile counts no more."""
    request = session.get(HubRequest, request_id, with_for_update=True)
    if request is None or request.failed_at is not None:
        return
    session.delete(request)
    if request.mode is HubMode.SUBSCRIBE:
        _subscribe(session, request, now)
    else:
        session.execute(delete(HubSubscription).where(col(HubSubscription.tag) == request.tag))


def doubt(session: Session, request_id: int, *, final: bool, now: datetime) -> None:
    """Note that a callback did not confirm; without a clear no it is asked again a few times."""
    request = session.get(HubRequest, request_id, with_for_update=True)
    if request is None:
        return
    request.attempts += 1
    request.due_at = now + websub.wait(request.attempts)
    if final or request.attempts >= TRIES:
        request.failed_at = now


def _subscribe(session: Session, request: HubRequest, now: datetime) -> None:
    """Begin or renew a subscription to what comes after now."""
    moved = session.get(FeedVersion, request.scope)
    wish = {
        "topic": request.topic,
        "scope": request.scope,
        "language": request.language,
        "suffix": request.suffix,
        "callback_sealed": request.callback_sealed,
        "secret_sealed": request.secret_sealed,
        "expires_at": now + timedelta(seconds=request.lease_seconds),
        "attempts": 0,
        "due_at": now,
        "failing_since": None,
    }
    first = {
        "tag": request.tag,
        "host_tag": request.host_tag,
        "created_at": now,
        "version": moved.version if moved else 0,
    }
    row = insert(session, HubSubscription).values(**wish, **first)
    session.execute(row.on_conflict_do_update(index_elements=["tag"], set_=wish))
