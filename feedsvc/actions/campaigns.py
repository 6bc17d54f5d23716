"""Set up campaigns: what people sign."""

from datetime import datetime

from sqlmodel import Session, select

from feedsvc.config import Site
from feedsvc.domain.content import Addressee, LetterText, LetterVersion, Text
from feedsvc.domain.drafts import CampaignDraft, LetterDraft
from feedsvc.domain.tables.content import Campaign
from feedsvc.errors import Conflict
from feedsvc.records import audit, content, feeds
from feedsvc.records.locks import hold


def create_campaign(
    session: Session, draft: CampaignDraft, *, site: Site, by: str, now: datetime
) -> Campaign:
    """Store a campaign and show it; its launch is the first entry of its feeds (F19)."""
    _free(session, draft)
    texts = _texts(draft, site)
    campaign = _campaign(draft, site, now)
    content.add_campaign(session, campaign, texts)
    content.enter(session, campaign, None, [text.language for text in texts], site, now)
    if draft.letter is not None:
        content.put_letter(session, campaign, _letter(campaign, draft.letter, now))
    content.put_signatories(session, campaign, draft.signatories)
    feeds.move(session, campaign, now)
    audit.note(session, by, "create campaign", campaign.slug, now)
    return campaign


def _free(session: Session, draft: CampaignDraft) -> None:
    hold(session, "campaigns")
    if session.exec(select(Campaign.id).where(Campaign.slug == draft.slug)).first():
        raise Conflict(
            f"There is a campaign {draft.slug!r} already.", remedy="Choose another slug."
        )
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
