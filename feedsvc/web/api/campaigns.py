"""Campaigns for staff: list them, read one, create one."""

from typing import Any

import orjson
from sqlmodel import Session, col, select
from starlette.responses import Response

from feedsvc.actions.campaigns import create_campaign
from feedsvc.config import Site
from feedsvc.domain.drafts import CampaignDraft
from feedsvc.domain.tables import content
from feedsvc.domain.tables.content import Campaign, Signatory
from feedsvc.domain.tables.staff import Scope, StaffKey
from feedsvc.records import leaves, texts
from feedsvc.web import documents
from feedsvc.web.api import auth, posting, reading
from feedsvc.web.api.models import (
    Addressee,
    CampaignAnswer,
    CampaignLine,
    CampaignList,
    CampaignText,
    Letter,
)
from feedsvc.web.api.operations import Operation
from feedsvc.web.api.reading import Window
from feedsvc.web.state import Request

FEEDS = ("atom", "rss", "json")


async def listed(request: Request, key: StaffKey) -> Response:
    """GET /api/campaigns: list the campaigns that the key reaches."""
    here = request.state["here"]
    window = reading.window(request)
    found = await here.database.read(_listed, here.settings.site, key, window)
    return reading.answer(request, found)


async def one(request: Request, key: StaffKey) -> Response:
    """GET /api/campaigns/{slug}: read a campaign."""
    here, slug = request.state["here"], request.path_params["slug"]
    found = await here.database.read(_one, here.settings.site, key, slug)
    return reading.answer(request, found)


async def create(request: Request, key: StaffKey) -> Response:
    """POST /api/campaigns: create a campaign; its page and feeds are there at once."""
    document = await documents.read(request)
    draft = CampaignDraft.model_validate(document)
    site, now = request.state["here"].settings.site, request.state["clock"]()

    def act(session: Session) -> CampaignAnswer:
        made = create_campaign(session, draft, site=site, by=key.name, now=now)
        return _whole(session, site, made)

    reply = await posting.once(request, key, document, act, status=201)
    headers = {"Location": f"/api/campaigns/{orjson.loads(reply.body)['slug']}"}
    return Response(reply.body, reply.status, headers, "application/json")


def _listed(session: Session, site: Site, key: StaffKey, window: Window) -> CampaignList:
    query = select(Campaign).order_by(col(Campaign.slug)).limit(window.limit + 1)
    if window.after is not None:
        query = query.where(col(Campaign.slug) > window.after)
    if key.campaign_id is not None:
        query = query.where(Campaign.id == key.campaign_id)
    rows = session.exec(query).all()
    shown = rows[: window.limit]
    words = texts.of_campaigns(session, [row.id or 0 for row in shown])
    items = [CampaignLine(**_line(site, row, words[row.id or 0])) for row in shown]
    return CampaignList(items=items, next=shown[-1].slug if len(rows) > len(shown) else None)


def _one(session: Session, site: Site, key: StaffKey, slug: str) -> CampaignAnswer:
    return _whole(session, site, auth.campaign(session, key, slug))


def _whole(session: Session, site: Site, campaign: Campaign) -> CampaignAnswer:
    words = texts.of_campaigns(session, [campaign.id or 0])[campaign.id or 0]
    line = _line(site, campaign, words)
    names = select(Signatory.name).where(Signatory.campaign_id == campaign.id)
    return CampaignAnswer(
        **line,
        feeds={suffix: f"{line['url']}.{suffix}" for suffix in FEEDS},
        short_link=campaign.short_link,
        donate_url=campaign.donate_url or None,
        related=campaign.related,
        revision=campaign.revision,
        texts={
            language: CampaignText.model_validate(text, from_attributes=True)
            for language, text in words.items()
        },
        letter=_letter(session, campaign),
        signatories=list(session.exec(names.order_by(col(Signatory.position))).all()),
        left_because=leaves.reasons(session, campaign.id or 0),
    )


def _line(site: Site, campaign: Campaign, words: dict[str, content.CampaignText]) -> dict[str, Any]:
    return {
        "id": campaign.uid,
        "slug": campaign.slug,
        "kind": campaign.kind,
        "status": campaign.status,
        "language": campaign.language,
        "title": words.get(campaign.language, next(iter(words.values()))).title,
        "url": f"{site.base_url}/c/{campaign.slug}",
        "occurred_on": campaign.occurred_on,
        "published_at": campaign.published_at,
        "updated_at": campaign.updated_at,
    }


def _letter(session: Session, campaign: Campaign) -> Letter | None:
    newest = (
        select(content.Letter)
        .where(
            content.Letter.campaign_id == campaign.id,
            content.Letter.language == campaign.language,
        )
        .order_by(col(content.Letter.version).desc())
        .limit(1)
    )
    letter = session.exec(newest).first()
    if letter is None:
        return None
    return Letter(
        version=letter.version,
        addressees=[Addressee.model_validate(one) for one in letter.addressees],
        salutation=letter.salutation,
        body=letter.body,
        closing=letter.closing,
    )


operations = [
    Operation("GET", "/api/campaigns", Scope.UPDATES_READ, listed, CampaignList, listed=True),
    Operation(
        "POST", "/api/campaigns", Scope.ADMIN, create, CampaignAnswer, CampaignDraft, status=201
    ),
    Operation("GET", "/api/campaigns/{slug}", Scope.UPDATES_READ, one, CampaignAnswer),
]
