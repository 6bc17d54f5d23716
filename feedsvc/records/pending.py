"""What waits for a person's yes: a week from when they are asked, and then it is forgotten (TRUST 4)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, exists, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from feedsvc.domain.tables.doors import Confirmation
from feedsvc.domain.tables.people import Signature, Signer, Subscription
from feedsvc.gateways.composer import CONFIRM_DAYS

LIFE = timedelta(days=CONFIRM_DAYS)
IMPORT = "import"
"""How the consent source of what was imported begins."""


def unasked() -> ColumnElement[bool]:
    """Whether a person waits for their turn to be asked about something new."""
    return col(Signer.ask_at).is_not(None) & (col(Signer.asks) == 0)


def waits(row: type[Signature | Subscription], since: Any, before: datetime) -> ColumnElement[bool]:
    """Whether what waits `since` then is no older than `before`, or its person was not asked of it yet."""
    waiting = exists().where(col(Signer.id) == row.signer_id, unasked())
    asked = exists().where(
        col(Confirmation.signer_id) == row.signer_id, col(Confirmation.created_at) >= since
    )
    return or_(since >= before, waiting & ~asked)


def signatures(signer_id: int, now: datetime) -> SelectOfScalar[Signature]:
    """Select the signatures that wait, by campaign."""
    return (
        select(Signature)
        .where(Signature.signer_id == signer_id, col(Signature.confirmed_at).is_(None))
        .where(waits(Signature, col(Signature.pending_since), now - LIFE))
        .order_by(col(Signature.campaign_id))
    )


def subscriptions(signer_id: int, now: datetime) -> SelectOfScalar[Subscription]:
    """Select the subscriptions that wait, by campaign."""
    return (
        select(Subscription)
        .where(Subscription.signer_id == signer_id, col(Subscription.confirmed_at).is_(None))
        .where(col(Subscription.ended_at).is_(None))
        .where(waits(Subscription, col(Subscription.created_at), now - LIFE))
        .order_by(col(Subscription.campaign_id))
    )


def campaigns(session: Session, signer_id: int, now: datetime) -> set[int]:
    """Return the campaigns that wait for this person's yes."""
    signed = session.exec(signatures(signer_id, now)).all()
    wished = session.exec(subscriptions(signer_id, now)).all()
    return {row.campaign_id for row in signed} | {row.campaign_id for row in wished}


def imported(session: Session, signer_id: int, now: datetime) -> bool:
    """Whether all that waits came with an import, and nothing by the person's own hand."""
    wished = session.exec(subscriptions(signer_id, now)).all()
    brought = {row.campaign_id for row in wished if row.consent_source.startswith(IMPORT)}
    return bool(brought) and brought == campaigns(session, signer_id, now)


def renew(session: Session, signer: Signer, now: datetime) -> None:
    """Let what waits live a week from now: its person is asked only now."""
    for signature in session.exec(signatures(signer.id or 0, now)).all():
        signature.pending_since = now
    for subscription in session.exec(subscriptions(signer.id or 0, now)).all():
        subscription.created_at = now
    signer.signed_up_at = now
