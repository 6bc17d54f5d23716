"""Set up campaigns, rename them, and withdraw them: what people sign."""

from datetime import datetime

from sqlmodel import Session

from feedsvc.config import Site
from feedsvc.domain.content import Addressee, LetterText, LetterVersion, Text, key
from feedsvc.domain.drafts import CampaignDraft, LetterDraft
from feedsvc.domain.tables.content import Campaign, CampaignStatus, FormerSlug
from feedsvc.records import audit, content, endings, feeds


def create_campaign(
    session: Session, draft: CampaignDraft, *, site: Site, by: str, now: datetime
) -> Campaign:
    """Store a campaign and show it; its launch is the first entry of its feeds (F19)."""
    _free(session, draft)
    texts = _texts(draft, site)
    campaign = _campaign(draft, site, now)
    content.add_campaign(session, campaign, texts)
    spoken = [text.language for text in texts]
    launch = content.enter(session, campaign, None, spoken, site, now)
    if draft.letter is not None:
        content.put_letter(session, campaign, _letter(campaign, draft.letter, now))
    content.put_signatories(session, campaign, draft.signatories)
    feeds.move(session, campaign, now, appearing=launch)
    endings.turn(session, campaign, site, now)
    audit.note(session, by, "create campaign", campaign.slug, now)
    return campaign


def withdraw_campaign(session: Session, slug: str, *, site: Site, by: str, now: datetime) -> None:
    """Withdraw a campaign: its feeds say that they have ended, and after a while are gone."""
    campaign = content.locked(session, Campaign.slug == slug, slug)
    if campaign.status is not CampaignStatus.WITHDRAWN:
        campaign.status = CampaignStatus.WITHDRAWN
        endings.turn(session, campaign, site, now)
        audit.note(session, by, "withdraw campaign", campaign.slug, now)


def reopen_campaign(session: Session, slug: str, *, site: Site, by: str, now: datetime) -> None:
    """Reopen a campaign that was withdrawn: its feeds go on."""
    campaign = content.locked(session, Campaign.slug == slug, slug)
    if campaign.status is CampaignStatus.WITHDRAWN:
        campaign.status = CampaignStatus.OPEN
        endings.turn(session, campaign, site, now)
        audit.note(session, by, "reopen campaign", campaign.slug, now)


def rename_campaign(session: Session, slug: str, new: str, *, by: str, now: datetime) -> None:
    """Give a campaign another slug; whoever comes with the old one is sent on, for ever."""
    new = key(new, "slug")
    campaign = content.locked(session, Campaign.slug == slug, slug)
    if new == slug:
        return
    former = session.get(FormerSlug, new)
    if former is not None and former.campaign_id == campaign.id:
        session.delete(former)
        session.flush()
    content.refuse_taken_slug(session, new)
    session.add(FormerSlug(slug=slug, campaign_id=campaign.id or 0))
    campaign.slug = new
    campaign.rewritten_at = feeds.whole(now)
    feeds.move(session, campaign, now)
    audit.note(session, by, "rename campaign", new, now, detail=f"was {slug}")


def _free(session: Session, draft: CampaignDraft) -> None:
    content.refuse_taken_slug(session, draft.slug)
    content.refuse_taken_link(session, draft.short_link)


def _campaign(draft: CampaignDraft, site: Site, now: datetime) -> Campaign:
    return Campaign(
        uid=feeds.fresh_uid(),
        slug=draft.slug,
        kind=draft.kind,
        status=draft.status,
        language=draft.language or site.default_language,
        short_link=draft.short_link,
        occurred_on=draft.occurred_on,
        donate_url=draft.donate_url or "",
        related=list(draft.related),
        published_at=content.launched_at(draft.occurred_on, now),
        updated_at=feeds.whole(now),
    )


def _texts(draft: CampaignDraft, site: Site) -> list[Text]:
    return [
        Text(language, title=words.title, body=words.body, summary=words.summary)
        for language, words in draft.by_language(site.default_language).items()
    ]


def _letter(campaign: Campaign, draft: LetterDraft, now: datetime) -> LetterVersion:
    words = LetterText(
        language=campaign.language,
        addressees=tuple(Addressee(one.name, one.office) for one in draft.addressees),
        body=draft.body,
        salutation=draft.salutation,
        closing=draft.closing,
    )
    return LetterVersion(version=1, created_at=now, texts=(words,))
