"""A campaign that somebody at the command line has named."""

from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Campaign
from feedsvc.errors import NotFound


def named(session: Session, slug: str) -> Campaign:
    """Find a campaign; raises NotFound, which says what there is."""
    campaign = session.exec(select(Campaign).where(Campaign.slug == slug)).first()
    if campaign is None:
        slugs = session.exec(select(Campaign.slug).order_by(col(Campaign.slug))).all()
        known = f"There are: {', '.join(slugs)}." if slugs else "There is none yet."
        raise NotFound(f"There is no campaign {slug!r}.", remedy=known)
    return campaign
