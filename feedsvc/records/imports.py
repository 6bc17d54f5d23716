"""Which lists of signers are being taken in."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.doors import ImportRun

GIVEN_UP = timedelta(days=7)
"""Who has not gone on with a list for so long will not."""


def under_way(session: Session, now: datetime) -> Sequence[str]:
    """Return the campaigns of lists that were begun and not read to their end."""
    unfinished = select(Campaign.slug).join(ImportRun)
    unfinished = unfinished.where(
        col(ImportRun.ended_at).is_(None), col(ImportRun.started_at) > now - GIVEN_UP
    )
    return session.exec(unfinished.distinct().order_by(Campaign.slug)).all()
