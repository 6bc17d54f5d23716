"""The links that ask for a person's yes: whether one still works, and what it has confirmed."""

from datetime import datetime

from sqlmodel import Session, select

from feedsvc.domain.tables.people import Confirmation, Signature, Subscription
from feedsvc.errors import NotFound


def valid(session: Session, signer_id: int, confirmation_id: int, now: datetime) -> Confirmation:
    """Find what a link asks; raises NotFound when it is too old, or was never asked of this person."""
    asked = session.get(Confirmation, confirmation_id)
    if asked is None or asked.signer_id != signer_id or now >= asked.expires_at:
        raise expired()
    return asked


def expired() -> NotFound:
    """Say that a link has nothing left to confirm, and what to do."""
    return NotFound("This link has expired.", remedy="Sign again, and a new link is sent to you.")


def confirmed(session: Session, asked: Confirmation) -> list[int]:
    """Name the campaigns that a used link has confirmed, and no other of its person's (law 14)."""
    found: set[int] = set()
    for row in (Subscription, Signature):
        by_this = select(row.campaign_id).where(
            row.signer_id == asked.signer_id, row.confirmed_at == asked.used_at
        )
        found |= set(session.exec(by_this).all())
    return sorted(found)
