"""What comes after signing: where each campaign stands, and what it offers next.

Many sign in the same minute, and all are shown the same: the page is made once and kept until
something that it shows has changed.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from sqlmodel import Session, col, func, select
from starlette.responses import Response

from feedsvc.domain.sharing import shares
from feedsvc.domain.tables.content import Campaign, CampaignStatus, FeedVersion, Signatory
from feedsvc.records.feeds import SITE
from feedsvc.web import reading
from feedsvc.web.frames import Reader, page, reader
from feedsvc.web.reading import Reading
from feedsvc.web.state import Request
from feedsvc.web.views import CampaignView, NextView

KEPT = 256


class Stamp(NamedTuple):
    """All that a page after signing depends on: another stamp, another page.

    `made_with` stands for templates and settings; `feeds` moves with every text that is out and with
    the name and status of every campaign; `revision` with what this one offers next.
    """

    made_with: str
    campaign: str
    revision: int
    status: CampaignStatus
    signatures: int
    feeds: int
    reader: Reader


_pages: dict[Stamp, Response] = {}


async def signed(request: Request, campaign: Campaign) -> Response:
    """Answer somebody who has signed; it says nothing of who they are (law 11)."""
    here, asking = request.state["here"], reader(request)
    feeds, stands = await here.database.read(_stands, campaign.id)
    stamp = Stamp(
        made_with=here.composer.fingerprint,
        campaign=campaign.uid,
        revision=stands.revision,
        status=stands.status,
        signatures=stands.signatures,
        feeds=feeds,
        reader=asking,
    )
    kept = _pages.get(stamp) or await _make(request, campaign, stamp)
    again = Response(kept.body, kept.status_code)
    again.raw_headers = list(kept.raw_headers)
    return again


async def _make(request: Request, campaign: Campaign, stamp: Stamp) -> Response:
    """Make the page and keep it, in place of the oldest that is kept."""
    here = request.state["here"]
    gather = Reading(here.settings.site, stamp.reader)
    found = await here.database.read(named, gather, [campaign.id or 0])
    made = page(request, "signed", status=202, own=campaign.language, campaign=found[0])
    while len(_pages) >= KEPT:
        del _pages[next(iter(_pages))]
    _pages[stamp] = made
    return made


def _stands(session: Session, campaign_id: int | None) -> tuple[int, Campaign]:
    """Look how far the feeds have come, and how a campaign stands at this moment."""
    moved = session.exec(select(FeedVersion.version).where(FeedVersion.scope == SITE)).first()
    return moved or 0, session.get_one(Campaign, campaign_id)


def named(session: Session, gather: Reading, ids: Collection[int]) -> list[CampaignView]:
    """Return some campaigns as they stand, each with what it offers next.

    It depends on the campaigns and the reader's language alone, whoever has signed (law 11).
    """
    chosen = select(Campaign).where(col(Campaign.id).in_(ids))
    campaigns = {campaign.id: campaign for campaign in session.exec(chosen).all()}
    views = reading.named(session, gather, ids)
    return [replace(one, next=_next(session, gather, campaigns, one)) for one in views]


def _next(
    session: Session,
    gather: Reading,
    signed: Mapping[int | None, Campaign],
    view: CampaignView,
) -> NextView:
    """Say what is offered; a campaign that is withdrawn asks for nothing any more."""
    campaign = signed[view.id]
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
            if other.id not in signed
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
