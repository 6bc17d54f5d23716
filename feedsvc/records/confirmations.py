"""The links that ask for a person's yes: whether one still works, and what it has confirmed."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, select

from feedsvc.domain.tables.doors import Confirmation, FreshLink
from feedsvc.domain.tables.people import Signature, Subscription
from feedsvc.errors import NotFound

DAY, MONTH = timedelta(days=1), timedelta(days=30)


class Said(NamedTuple):
    """What a yes was to: a signature, news of a campaign, or both."""

    signed: bool
    follows: bool


def turn(session: Session, address_index: bytes, a_month: int) -> datetime | None:
    """Return when a form may bring an address a mail again: once a day, `a_month` times in thirty days.

    One count of all that others can bring about: please confirm, and "you have signed already". Only
    what was not answered counts. None: at once.
    """
    asked = _unanswered(session, address_index, a_month)
    if len(asked) == a_month:
        return max(asked[0] + DAY, asked[-1] + MONTH)
    return asked[0] + DAY if asked else None


def _unanswered(session: Session, address_index: bytes, most: int) -> list[datetime]:
    """Return when an address was mailed because of a form and said nothing, the newest first."""
    asked = select(Confirmation.created_at).where(Confirmation.address_index == address_index)
    told = select(FreshLink.due_at).where(
        FreshLink.address_index == address_index,
        col(FreshLink.campaign_id).is_not(None),
        col(FreshLink.used_at).is_(None),
    )
    newest = col(Confirmation.created_at).desc(), col(FreshLink.due_at).desc()
    found = [
        *session.exec(asked.order_by(newest[0]).limit(most)).all(),
        *session.exec(told.order_by(newest[1]).limit(most)).all(),
    ]
    return sorted(found, reverse=True)[:most]


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
    return sorted(_by(session, asked, Subscription) | _by(session, asked, Signature))


def said(session: Session, confirmation_id: int) -> Said:
    """Tell what a used link has confirmed; who only signed is forgotten with their yes."""
    asked = session.get(Confirmation, confirmation_id)
    follows = asked is not None and bool(_by(session, asked, Subscription))
    signed = asked is not None and bool(_by(session, asked, Signature))
    return Said(signed=signed or not follows, follows=follows)


def _by(
    session: Session, asked: Confirmation, row: type[Subscription] | type[Signature]
) -> set[int]:
    by_this = select(row.campaign_id).where(
        row.signer_id == asked.signer_id, row.confirmed_at == asked.used_at
    )
    return set(session.exec(by_this).all())
