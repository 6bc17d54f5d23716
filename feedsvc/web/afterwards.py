"""What comes after signing: where each campaign stands, and what it offers next."""

from collections.abc import Collection
from dataclasses import replace

from sqlmodel import Session, col, func, select

from feedsvc.domain.sharing import shares
from feedsvc.domain.tables.content import Campaign, CampaignStatus, Signatory
from feedsvc.web import reading
from feedsvc.web.reading import Reading
from feedsvc.web.views import CampaignView, NextView


def named(session: Session, gather: Reading, ids: Collection[int]) -> list[CampaignView]:
    """Return some campaigns as they stand, each with what it offers next.

    It depends on the campaigns and the reader's language alone, whoever has signed (law 11).
    """
    chosen = select(Campaign).where(col(Campaign.id).in_(ids))
    campaigns = {campaign.id: campaign for campaign in session.exec(chosen).all()}
    views = reading.named(session, gather, ids)
    return [replace(one, next=_next(session, gather, campaigns[one.id], one)) for one in views]


def _next(session: Session, gather: Reading, campaign: Campaign, view: CampaignView) -> NextView:
    """Say what is offered; a campaign that is withdrawn asks for nothing any more."""
    address = _address(gather, campaign, view.language)
    over = campaign.status is CampaignStatus.WITHDRAWN
    return NextView(
        address=address,
        signatories=_signatories(session, campaign),
        donate_url="" if over else campaign.donate_url,
        shares=() if over else shares(view.title, address),
        related=[
            other
            for other in reading.related(session, gather, campaign.related)
            if other.id != campaign.id
        ],
    )


def _address(gather: Reading, campaign: Campaign, language: str) -> str:
    """Return the address to pass on: the short link where there is one, in the language of the title."""
    path = f"s/{campaign.short_link}" if campaign.short_link else f"c/{campaign.slug}"
    address = f"{gather.site.base_url}/{path}"
    return address if language == campaign.language else f"{address}?lang={language}"


def _signatories(session: Session, campaign: Campaign) -> int:
    mine = select(func.count()).where(Signatory.campaign_id == campaign.id)
    return session.exec(mine).one()
