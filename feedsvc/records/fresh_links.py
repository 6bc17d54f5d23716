"""Fresh links: asked for by whoever has the address, mailed to it, good for thirty minutes (law 14)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from feedsvc.domain.tables.doors import FreshLink
from feedsvc.domain.tables.people import Signer
from feedsvc.records import confirmations

LIFE = timedelta(minutes=30)
AGAIN = timedelta(minutes=5)
KEPT = timedelta(days=30)
A_MONTH = 3


def wish(
    session: Session,
    address_index: bytes,
    *,
    campaign_id: int | None = None,
    a_month: int = A_MONTH,
    now: datetime,
) -> FreshLink | None:
    """Note that a fresh link is to be mailed to an address, if a confirmed signer has it.

    What was sent to the address within thirty days decides whether it may have another (TRUST 4);
    the row of its signer is held, so that two wishes at once count each other.
    """
    confirmed = select(Signer.id).where(
        Signer.address_index == address_index, col(Signer.confirmed_at).is_not(None)
    )
    signer_id = session.exec(confirmed.with_for_update(key_share=True)).first()
    if signer_id is None:
        return None
    if campaign_id is None:
        allowed = _may_ask(_unused(session, address_index, now), a_month, now)
    else:
        allowed = (confirmations.turn(session, address_index, a_month) or now) <= now
    return _new(session, signer_id, address_index, campaign_id, now) if allowed else None


def opened(session: Session, signer_id: int, link_id: int, now: datetime) -> Signer | None:
    """Return whose link this is, while it is good and they have the address that it was mailed to."""
    link, signer = session.get(FreshLink, link_id), session.get(Signer, signer_id)
    if link is None or signer is None or not _theirs(link, signer):
        return None
    return signer if link.expires_at is not None and now < link.expires_at else None


def use(session: Session, signer_id: int, link_id: int, now: datetime) -> bool:
    """Note that somebody acts by a link, and so reads what is mailed there; whether they had not before."""
    held = select(FreshLink).where(FreshLink.id == link_id, FreshLink.signer_id == signer_id)
    link = session.exec(held.with_for_update()).first()
    if link is None or link.used_at is not None:
        return False
    link.use(now)
    return True


def again(session: Session, signer_id: int, link_id: int, now: datetime) -> bool:
    """Let a new link be mailed in the place of one that has expired: once for each, and no limit counts it.

    Whoever has the old one reads the mail of this address, or was given it by who does.
    """
    signer = session.get(Signer, signer_id, with_for_update={"key_share": True})
    link = session.get(FreshLink, link_id)
    if link is None or signer is None or not _theirs(link, signer):
        return False
    if not use(session, signer_id, link_id, now):
        return False
    _new(session, signer_id, signer.address_index or b"", None, now)
    return True


def _new(
    session: Session, signer_id: int, index: bytes, campaign_id: int | None, now: datetime
) -> FreshLink:
    link = FreshLink(
        signer_id=signer_id,
        address_index=index,
        campaign_id=campaign_id,
        created_at=now,
        due_at=now,
    )
    session.add(link)
    return link


def _theirs(link: FreshLink, signer: Signer) -> bool:
    """Whether a link was mailed to the address that this person has now."""
    index = link.address_index
    return link.signer_id == signer.id and index is not None and index == signer.address_index


def _unused(session: Session, address_index: bytes, now: datetime) -> Sequence[datetime]:
    """Return when links were asked for lately by which nobody acted, the newest first."""
    mine = select(FreshLink.due_at).where(
        FreshLink.address_index == address_index,
        FreshLink.due_at > now - KEPT,
        col(FreshLink.campaign_id).is_(None),
        col(FreshLink.used_at).is_(None),
    )
    return session.exec(mine.order_by(col(FreshLink.due_at).desc())).all()


def _may_ask(asked: Sequence[datetime], a_month: int, now: datetime) -> bool:
    """Whether a link may go out: five minutes after the last one, `a_month` times in thirty days."""
    return not asked or (len(asked) < a_month and asked[0] <= now - AGAIN)
