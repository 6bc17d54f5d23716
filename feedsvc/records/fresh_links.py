"""Fresh links: asked for by whoever has the address, mailed to it, good for thirty minutes (law 14)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from feedsvc.domain.tables.doors import FreshLink
from feedsvc.domain.tables.people import Signer

LIFE = timedelta(minutes=30)
AGAIN = timedelta(minutes=5)
DAY, KEPT = timedelta(days=1), timedelta(days=30)
LINKS_A_DAY = 5
REMINDED_A_MONTH = 3


def wish(
    session: Session, address_index: bytes, *, campaign_id: int | None = None, now: datetime
) -> None:
    """Note that a fresh link is to be mailed to an address, if a confirmed signer has it.

    What was sent to the address within thirty days decides whether it may have another (TRUST 4);
    the row of its signer is held, so that two wishes at once count each other.
    """
    confirmed = select(Signer.id).where(
        Signer.address_index == address_index, col(Signer.confirmed_at).is_not(None)
    )
    signer_id = session.exec(confirmed.with_for_update(key_share=True)).first()
    if signer_id is None:
        return
    allowed = _may_ask if campaign_id is None else _may_be_reminded
    if allowed(_lately(session, address_index, reminded=campaign_id is not None, now=now), now):
        session.add(
            FreshLink(
                signer_id=signer_id,
                address_index=address_index,
                campaign_id=campaign_id,
                created_at=now,
            )
        )


def opened(session: Session, signer_id: int, link_id: int, now: datetime) -> Signer | None:
    """Return whose link this is, while it is good and they have the address that it was mailed to."""
    link, signer = session.get(FreshLink, link_id), session.get(Signer, signer_id)
    if link is None or signer is None or link.signer_id != signer.id:
        return None
    if link.address_index is None or link.address_index != signer.address_index:
        return None
    return signer if link.expires_at is not None and now < link.expires_at else None


def _lately(
    session: Session, address_index: bytes, *, reminded: bool, now: datetime
) -> Sequence[datetime]:
    """Return when links were asked for lately, the newest first: by the person, or by signing again."""
    campaign = col(FreshLink.campaign_id)
    mine = select(FreshLink.created_at).where(
        FreshLink.address_index == address_index,
        FreshLink.created_at > now - KEPT,
        campaign.is_not(None) if reminded else campaign.is_(None),
    )
    return session.exec(mine.order_by(col(FreshLink.created_at).desc())).all()


def _may_ask(asked: Sequence[datetime], now: datetime) -> bool:
    """Whether a link may go out: five minutes after the last one, five times in a day."""
    today = [at for at in asked if at > now - DAY]
    return not today or (len(today) < LINKS_A_DAY and today[0] <= now - AGAIN)


def _may_be_reminded(asked: Sequence[datetime], now: datetime) -> bool:
    """Whether "you have signed already" may go out: once a day, three times in thirty days."""
    return not asked or (len(asked) < REMINDED_A_MONTH and asked[0] <= now - DAY)
