"""What pages show, gathered from the tables: plain values in the reader's language."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain import languages, markup
from feedsvc.domain.dates import EventDate, in_words
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignStatus,
    CampaignText,
    FormerSlug,
    Letter,
    RevisionText,
    Signatory,
    Update,
)
from feedsvc.records import addresses, enclosures, latest, texts
from feedsvc.records.enclosures import Enclosures
from feedsvc.web.frames import Reader
from feedsvc.web.views import CampaignView, FeedsView, LatestView, LetterView, NoteView, UpdateView

BELOW_ITS_TITLE = 4
"""The level of the headings in an update that is shown among others, under an `<h3>`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Whose site it is and who reads: all that gathering needs besides the tables."""

    site: Site
    reader: Reader

    def feeds(self, campaign: Campaign | None = None, language: str | None = None) -> FeedsView:
        """Return where the feeds of a campaign, or of everything, are; plain or in one language."""
        found = addresses.feed(self.site, campaign, language)
        return FeedsView(found.atom, found.rss, found.json)

    def feeds_of_all(self, shown: Sequence[CampaignView], language: str) -> FeedsView:
        """Return the feeds of everything: in this language when it is not the site's and has any."""
        other = language != self.site.default_language
        spoken = other and any(one.language == language for one in shown)
        return self.feeds(language=language if spoken else None)

    def url(self, campaign: Campaign, key: str = "") -> str:
        """Return the page of a campaign, or of its update `key`, for this reader."""
        path = "/".join(filter(None, (self.site.base_url, "c", campaign.slug, key)))
        return self.reader.link(path)

    def html(self, markdown: str, *, top: int = 2) -> str:
        """Return Markdown as safe HTML, its largest heading `<h{top}>`: below the title over it."""
        return markup.to_html(markdown, self.site.base_url, top=top) if markdown else ""


def find(session: Session, slug: str) -> Campaign | None:
    """Find a campaign by its slug, or by one that it once had."""
    found = session.exec(select(Campaign).where(Campaign.slug == slug)).first()
    former = session.get(FormerSlug, slug) if found is None else None
    return session.get(Campaign, former.campaign_id) if former else found


def own(campaigns: Sequence[CampaignView]) -> str:
    """Return the language of the first campaign, which a page about several falls back to."""
    return campaigns[0].own if campaigns else ""


def listed(session: Session, reading: Reading) -> list[CampaignView]:
    """Return the campaigns, the newest first; one that was withdrawn is not put forward."""
    newest = select(Campaign).where(Campaign.status != CampaignStatus.WITHDRAWN)
    order = (col(Campaign.published_at).desc(), col(Campaign.id).desc())
    return views(session, reading, session.exec(newest.order_by(*order)).all(), {})


def named(session: Session, reading: Reading, ids: Collection[int]) -> list[CampaignView]:
    """Return some campaigns as they stand, each with its latest update."""
    chosen = select(Campaign).where(col(Campaign.id).in_(ids)).order_by(col(Campaign.id))
    campaigns = session.exec(chosen).all()
    return views(session, reading, campaigns, _latest(session, reading, campaigns))


def related(session: Session, reading: Reading, slugs: Sequence[str]) -> list[CampaignView]:
    """Return the campaigns with these slugs, present or former, in their order; what is none is left out."""
    campaigns = {one.id: one for slug in slugs if (one := find(session, slug)) is not None}
    shown = [one for one in campaigns.values() if one.status is not CampaignStatus.WITHDRAWN]
    return views(session, reading, shown, {})


def whole(
    session: Session, reading: Reading, slug: str
) -> tuple[CampaignView, list[UpdateView]] | None:
    """Return a campaign with its letter, its signatories and its updates, newest event first."""
    campaign = find(session, slug)
    if campaign is None:
        return None
    names = select(Signatory.name).where(Signatory.campaign_id == campaign.id)
    updates = _updates(session, reading, [campaign]).get(campaign.id or 0, [])
    words = texts.of_campaigns(session, [campaign.id or 0])[campaign.id or 0]
    view = _view(
        reading,
        campaign,
        words,
        html=reading.html(_chosen(reading, campaign, words).body),
        letter=_letter(session, reading, campaign),
        signatories=session.exec(names.order_by(col(Signatory.position))).all(),
    )
    return view, updates


def views(
    session: Session,
    reading: Reading,
    campaigns: Sequence[Campaign],
    newest: Mapping[int, LatestView],
) -> list[CampaignView]:
    """Show some campaigns, in their order, each with the latest of its updates that is given."""
    words = texts.of_campaigns(session, [campaign.id or 0 for campaign in campaigns])
    return [
        _view(
            reading,
            campaign,
            words[campaign.id or 0],
            newest.get(campaign.id or 0),
        )
        for campaign in campaigns
    ]


def _view(
    reading: Reading,
    campaign: Campaign,
    words: dict[str, CampaignText],
    newest: LatestView | None = None,
    *,
    html: str = "",
    letter: LetterView | None = None,
    signatories: Sequence[str] = (),
) -> CampaignView:
    chosen = _chosen(reading, campaign, words)
    happened = campaign.occurred_on
    return CampaignView(
        id=campaign.id or 0,
        slug=campaign.slug,
        own=campaign.language,
        kind=campaign.kind,
        status=campaign.status,
        title=chosen.title,
        summary=chosen.summary,
        html=html,
        url=reading.url(campaign),
        date_words=in_words(EventDate.parse(happened), chosen.language) if happened else "",
        language=chosen.language,
        direction=languages.direction(chosen.language),
        signatures=campaign.signatures,
        feeds=reading.feeds(campaign, _other(chosen.language, campaign)),
        latest=newest,
        letter=letter,
        signatories=signatories,
    )


def _chosen(reading: Reading, campaign: Campaign, words: dict[str, CampaignText]) -> CampaignText:
    return words[reading.reader.pick(list(words), campaign.language)]


def _other(language: str, campaign: Campaign) -> str | None:
    """Name the language of a text when it is not the campaign's own: it has feeds of its own."""
    return language if language != campaign.language else None


def _updates(
    session: Session, reading: Reading, campaigns: Iterable[Campaign]
) -> dict[int, list[UpdateView]]:
    """Return the updates that are out, by campaign, the newest event first."""
    owners = {campaign.id or 0: campaign for campaign in campaigns}
    updates = sorted(latest.out(session, owners), key=latest.when, reverse=True)
    words = texts.of_updates(session, [update.id or 0 for update in updates])
    texts_in_all = [text for by_language in words.values() for text in by_language.values()]
    files = enclosures.of_texts(session, reading.site, texts_in_all)
    views: dict[int, list[UpdateView]] = {}
    for update in updates:
        campaign = owners[update.campaign_id]
        view = update_view(
            reading, campaign, update, words[update.id or 0], files, top=BELOW_ITS_TITLE
        )
        views.setdefault(update.campaign_id, []).append(view)
    return views


def _latest(
    session: Session, reading: Reading, campaigns: Iterable[Campaign]
) -> dict[int, LatestView]:
    """Name the latest update of each campaign that has one; its words are not needed here."""
    owners = {campaign.id or 0: campaign for campaign in campaigns}
    newest = latest.of_campaigns(session, owners)
    words = texts.of_updates(session, [update.id or 0 for update in newest.values()])
    return {
        number: _named(reading, owners[number], update, words[update.id or 0])
        for number, update in newest.items()
    }


def _named(
    reading: Reading, campaign: Campaign, update: Update, words: dict[str, RevisionText]
) -> LatestView:
    chosen = words[reading.reader.pick(list(words), campaign.language)]
    return LatestView(
        title=chosen.title,
        url=reading.url(campaign, update.key),
        day=str(latest.event(update)),
        language=chosen.language,
        direction=languages.direction(chosen.language),
    )


def update_view(
    reading: Reading,
    campaign: Campaign,
    update: Update,
    words: dict[str, RevisionText],
    files: Enclosures,
    *,
    superseded: bool = False,
    notes: Sequence[NoteView] = (),
    top: int = 2,
) -> UpdateView:
    """Show an update, or an earlier revision of it, in the reader's language.

    `top` is the level of its largest heading.
    """
    chosen = words[reading.reader.pick(list(words), campaign.language)]
    return UpdateView(
        title=chosen.title,
        summary=chosen.summary,
        html=reading.html(chosen.body, top=top),
        url=reading.url(campaign, update.key),
        date_words=in_words(latest.event(update), chosen.language),
        language=chosen.language,
        direction=languages.direction(chosen.language),
        status=update.status,
        superseded=superseded,
        notes=notes,
        files=files[chosen.revision_id, chosen.language],
    )


def _letter(session: Session, reading: Reading, campaign: Campaign) -> LetterView | None:
    """Return the newest version of a letter; its own language comes first where there are several."""
    mine = select(Letter).where(Letter.campaign_id == campaign.id)
    letters = session.exec(mine.order_by(col(Letter.version).desc(), col(Letter.language))).all()
    newest = {one.language: one for one in letters if one.version == letters[0].version}
    if not newest:
        return None
    letter = newest[reading.reader.pick(list(newest), campaign.language)]
    return LetterView(
        version=letter.version,
        addressees=letter.addressees,
        salutation=letter.salutation,
        html=reading.html(letter.body, top=3),  # below "The letter"
        closing=letter.closing,
        language=letter.language,
        direction=languages.direction(letter.language),
    )
