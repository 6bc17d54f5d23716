"""Fresh links: asked for by whoever has the address, mailed to it, good for thirty minutes (law 14)."""

from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.tables.people import FreshLink, Signer


def wish(
    session: Session, address_index: bytes, *, campaign_id: int | None = None, now: datetime
) -> None:
    """Note that a fresh link is to be mailed to an address, if a confirmed signer has it."""
    confirmed = select(Signer.id).where(
        Signer.address_index == address_index, col(Signer.confirmed_at).is_not(None)
    )
    signer_id = session.exec(confirmed).first()
    if signer_id is not None:
        session.add(
            FreshLink(
                signer_id=signer_id,
                address_index=address_index,
                campaign_id=campaign_id,
                created_at=now,
            )
        )
