"""The mail that says where a campaign stands: what it says, and how it is taken back."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain import languages
from feedsvc.domain.digest import AboutCampaign
from feedsvc.domain.tables.content import Campaign, RevisionText, Update
from feedsvc.domain.tables.ledger import Digest, Mail, MailKind
from feedsvc.domain.tables.people import Subscription
from feedsvc.domain.welcome import AboutLatest, Standing
from feedsvc.records import addresses, due, latest, texts

LATE = timedelta(days=1)
"""Who confirmed longer ago is not late to the campaign any more, and is told nothing."""


def take_back(session: Session, signer_id: int) -> None:
    """Cancel a welcome that has not started; what of it still holds is told anew."""
    theirs = (col(Mail.signer_id) == signer_id) & (col(Mail.kind) == MailKind.WELCOME)
    taken = due.cancel(session, theirs)
    due.stop_retries(session, theirs)
    planned = select(Mail.planned_at).where(col(Mail.id).in_(taken))
    for at in session.exec(planned).all():
        session.execute(
            update(Subscription)
            .where(col(Subscription.signer_id) == signer_id, col(Subscription.ended_at).is_(None))
            .where(col(Subscription.confirmed_at).between(at - LATE, at))
            .values(welcome_at=at)
        )


def spoken_of(session: Session, digest_id: int) -> list[int] | None:
    """Return the campaigns that a welcome speaks of; None when it is none."""
    found = session.exec(select(Digest.campaigns).where(Digest.id == digest_id)).first()
    return list(found) if found else None


def standings(
    session: Session, site: Site, stands: Sequence[tuple[Campaign, Update]], language: str
) -> list[Standing]:
    """Say of each campaign and its latest update what a mail in this language says."""
    named = texts.about(session, [campaign for campaign, _ in stands], language)
    words = texts.of_updates(session, [update.id or 0 for _, update in stands])
    return [
        _standing(site, campaign, about, news, words[news.id or 0], language)
        for (campaign, news), about in zip(stands, named, strict=True)
    ]


def _standing(
    site: Site,
    campaign: Campaign,
    about: AboutCampaign,
    news: Update,
    words: dict[str, RevisionText],
    language: str,
) -> Standing:
    said = words[languages.pick(list(words), language, campaign.language)]
    spoken = about.language if about.language != campaign.language else None
    return Standing(
        campaign=about,
        latest=AboutLatest(
            key=news.key,
            revision_id=said.revision_id,
            language=said.language,
            title=said.title,
            date=str(latest.event(news)),
        ),
        feeds=addresses.feed(site, campaign, spoken),
    )
