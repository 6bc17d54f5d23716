"""Set up campaigns: what people sign."""

from datetime import datetime

from sqlmodel import Session, select

from feedsvc.config import Site
from feedsvc.domain.dates import EventDate, noon
from feedsvc.domain.drafts import CampaignDraft, LetterDraft
from feedsvc.domain.tables.content import Campaign, CampaignText, Letter, Signatory
from feedsvc.errors import Conflict
from feedsvc.records import audit, feeds


def create_campaign(
    session: Session, draft: CampaignDraft, *, site: Site, by: str, now: datetime
) -> Campaign:
    """Store a campaign and show it; its launch is the first entry of its feeds (F19)."""
    _free(session, draft)
    campaign = _campaign(session, draft, site, now)
    _texts(session, campaign, draft, site, now)
    if draft.letter is not None:
        session.add(_letter(campaign, draft.letter, now))
    for position, name in enumerate(draft.signatories):
        session.add(Signatory(campaign_id=campaign.id or 0, position=position, name=name))
    feeds.move(session, campaign, now)
    audit.note(session, by, "create campaign", campaign.slug, now)
    return campaign


def _free(session: Session, draft: CampaignDraft) -> None:
    if session.exec(select(Campaign.id).where(Campaign.slug == draft.slug)).first():
        raise Conflict(
            f"There is a campaign {draft.slug!r} already.", remedy="Choose another slug."
        )
    taken = select(Campaign.id).where(Campaign.short_link == draft.short_link)
    if draft.short_link and session.exec(taken).first():
        raise Conflict(f"The short link {draft.short_link!r} is taken.", remedy="Choose another.")


def _campaign(session: Session, draft: CampaignDraft, site: Site, now: datetime) -> Campaign:
    happened = draft.occurred_on and noon(EventDate.parse(draft.occurred_on))
    campaign = Campaign(
        uid=feeds.fresh_uid(),
        slug=draft.slug,
        kind=draft.kind,
        status=draft.status,
        language=draft.language or site.default_language,
        short_link=draft.short_link,
        occurred_on=draft.occurred_on,
        published_at=happened if happened and happened <= now else feeds.whole(now),
        updated_at=feeds.whole(now),
    )
    session.add(campaign)
    session.flush()
    return campaign


def _texts(
    session: Session, campaign: Campaign, draft: CampaignDraft, site: Site, now: datetime
) -> None:
    texts = draft.by_language(site.default_language)
    for position, (language, words) in enumerate(texts.items()):
        session.add(
            CampaignText(
                campaign_id=campaign.id or 0,
                language=language,
                position=position,
                title=words.title,
                summary=words.summary,
                body=words.body,
            )
        )
        entry = feeds.mint(session, campaign, site, language, now, uid=campaign.uid)
        entry.published_at = entry.updated_at = campaign.published_at


def _letter(campaign: Campaign, draft: LetterDraft, now: datetime) -> Letter:
    return Letter(
        campaign_id=campaign.id or 0,
        version=1,
        language=campaign.language,
        addressees=[addressee.model_dump() for addressee in draft.addressees],
        salutation=draft.salutation,
        body=draft.body,
        closing=draft.closing,
        created_at=now,
    )
