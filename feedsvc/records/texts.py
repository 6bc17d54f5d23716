"""The words of campaigns and updates, found by language with the fall-back rule (DESIGN 4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from feedsvc.domain import languages
from feedsvc.domain.digest import AboutCampaign
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignText,
    Revision,
    RevisionText,
    Update,
)


def of_updates(session: Session, ids: Collection[int]) -> dict[int, dict[str, RevisionText]]:
    """Return the newest texts of each update, by update and language, the first text first."""
    rows = session.exec(
        select(Update.id, RevisionText)
        .join(Revision, (col(Revision.update_id) == Update.id))
        .join(RevisionText, col(RevisionText.revision_id) == Revision.id)
        .where(col(Update.id).in_(ids), Revision.number == Update.revision)
        .order_by(col(Update.id), col(RevisionText.position))
    ).all()
    texts: dict[int, dict[str, RevisionText]] = {}
    for update_id, text in rows:
        texts.setdefault(update_id or 0, {})[text.language] = text
    return texts


@dataclass(frozen=True, slots=True)
class Words:
    """One revision: what it says by language, the first text first, and the notes on it."""

    texts: dict[str, RevisionText]
    notes: dict[str, str]


def of_revisions(
    session: Session, wanted: Collection[tuple[int, int]]
) -> dict[tuple[int, int], Words]:
    """Return the revisions that are wanted, by update and number."""
    pair = tuple_(col(Revision.update_id), col(Revision.number))
    rows = session.exec(
        select(Revision.update_id, Revision.number, Revision.notes, RevisionText)
        .join(RevisionText, col(RevisionText.revision_id) == Revision.id)
        .where(pair.in_(wanted))
        .order_by(col(RevisionText.position))
    ).all()
    found: dict[tuple[int, int], Words] = {}
    for update_id, number, notes, text in rows:
        words = found.setdefault((update_id, number), Words({}, dict(notes)))
        words.texts[text.language] = text
    return found


def of_campaigns(session: Session, ids: Collection[int]) -> dict[int, dict[str, CampaignText]]:
    """Return the texts of each campaign, by campaign and language, the first text first."""
    rows = session.exec(
        select(CampaignText)
        .where(col(CampaignText.campaign_id).in_(ids))
        .order_by(col(CampaignText.campaign_id), col(CampaignText.position))
    ).all()
    texts: dict[int, dict[str, CampaignText]] = {}
    for text in rows:
        texts.setdefault(text.campaign_id, {})[text.language] = text
    return texts


def about(session: Session, campaigns: Sequence[Campaign], language: str) -> list[AboutCampaign]:
    """Name each campaign in the reader's language, else in its own."""
    texts = of_campaigns(session, [campaign.id or 0 for campaign in campaigns])
    return [_about(campaign, texts[campaign.id or 0], language) for campaign in campaigns]


def _about(campaign: Campaign, texts: dict[str, CampaignText], language: str) -> AboutCampaign:
    chosen = texts[languages.pick(list(texts), language, campaign.language)]
    return AboutCampaign(
        id=campaign.id or 0,
        uid=campaign.uid,
        slug=campaign.slug,
        title=chosen.title,
        language=chosen.language,
        kind=campaign.kind,
    )
