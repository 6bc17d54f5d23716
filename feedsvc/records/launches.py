"""What campaigns say of themselves as they are launched: page, letter, signatories (F19)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from feedsvc.domain import languages
from feedsvc.domain.feeds.launch import LetterWords, Page
from feedsvc.domain.tables.content import Campaign, CampaignText, Letter, Signatory
from feedsvc.records import texts


@dataclass(frozen=True, slots=True)
class Launches:
    """Some campaigns, looked up once."""

    pages: Mapping[int, Mapping[str, CampaignText]]
    letters: Mapping[int, Mapping[str, Letter]]
    signatories: Mapping[int, list[str]]

    def page(self, campaign: Campaign, language: str) -> Page:
        """Return what a campaign says in this language, with its letter as near as there is."""
        words = self.pages[campaign.id or 0][language]
        return Page(
            title=words.title,
            summary=words.summary,
            body=words.body,
            letter=self._letter(campaign, language),
            signatories=self.signatories.get(campaign.id or 0, []),
        )

    def titled(self, campaign: Campaign, language: str | None) -> CampaignText:
        """Choose a campaign's page by language; one that has none at all is blank."""
        pages = self.pages.get(campaign.id or 0, {})
        if not pages:
            return CampaignText(
                campaign_id=campaign.id or 0, language=campaign.language, position=0, title=""
            )
        return pages[languages.pick(list(pages), language, campaign.language)]

    def _letter(self, campaign: Campaign, language: str) -> LetterWords | None:
        letters = self.letters.get(campaign.id or 0, {})
        if not letters:
            return None
        letter = letters[languages.pick(list(letters), language, campaign.language)]
        return LetterWords(
            language=letter.language,
            addressees=letter.addressees,
            salutation=letter.salutation,
            body=letter.body,
            closing=letter.closing,
        )


def launches(session: Session, ids: Collection[int], launched: Collection[int]) -> Launches:
    """Look up the titles of campaigns, and of those that are `launched` all there is."""
    return Launches(
        pages=texts.of_campaigns(session, ids),
        letters=_letters(session, launched) if launched else {},
        signatories=_signatories(session, launched) if launched else {},
    )


def _letters(session: Session, campaign_ids: Iterable[int]) -> dict[int, dict[str, Letter]]:
    """Return the newest version of each campaign's letter, by language."""
    mine = select(Letter).where(col(Letter.campaign_id).in_(campaign_ids))
    rows = session.exec(mine.order_by(col(Letter.version).desc(), col(Letter.language))).all()
    letters: dict[int, dict[str, Letter]] = {}
    for row in rows:
        newest_version = letters.setdefault(row.campaign_id, {row.language: row})
        if next(iter(newest_version.values())).version == row.version:
            newest_version[row.language] = row
    return letters


def _signatories(session: Session, campaign_ids: Iterable[int]) -> dict[int, list[str]]:
    mine = select(Signatory).where(col(Signatory.campaign_id).in_(campaign_ids))
    names: dict[int, list[str]] = {}
    for row in session.exec(mine.order_by(col(Signatory.position))).all():
        names.setdefault(row.campaign_id, []).append(row.name)
    return names
