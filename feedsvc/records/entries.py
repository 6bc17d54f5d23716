"""The entries of a feed, found in the tables and put into words.

An entry is the same in whichever feed it appears. One that cannot be written is left out of all
formats and noted in the log; the others go on (law 8).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain import feeds, languages
from feedsvc.domain.dates import EventDate, in_words
from feedsvc.domain.feeds.launch import launch_html
from feedsvc.domain.markup import first_words, to_html
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignStatus,
    CampaignText,
    Entry,
    Letter,
    RevisionText,
    Signatory,
    Update,
    UpdateStatus,
)
from feedsvc.records import addresses, texts
from feedsvc.records.feeds import SITE

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Found:
    """An entry with what it is about: an update or, without one, the launch of the campaign."""

    entry: Entry
    campaign: Campaign
    update: Update | None

    @property
    def subject(self) -> tuple[int, int | None]:
        """What the entry is about, in whichever language."""
        return self.entry.campaign_id, self.entry.update_id


def joined(statement: Any) -> Any:
    """Join a selection from the entries to what they are about, and keep what may be shown."""
    return (
        statement.join(Campaign, col(Campaign.id) == Entry.campaign_id)
        .join(Update, col(Update.id) == Entry.update_id, isouter=True)
        .where(Campaign.status != CampaignStatus.WITHDRAWN, col(Entry.published_at).is_not(None))
        .where(or_(col(Entry.update_id).is_(None), col(Update.status) == UpdateStatus.PUBLISHED))
    )


def newest(session: Session, scope: int, language: str | None, limit: int) -> list[Found]:
    """Find the newest entries in one language; for None each subject once, in its first language."""
    if language is None:
        return _once_each(session, _of_subjects(session, _subjects(session, scope, limit)))
    rows = joined(select(Entry, Campaign, Update)).where(_within(scope), Entry.language == language)
    order = (col(Entry.updated_at).desc(), col(Entry.published_at).desc(), col(Entry.tag))
    return [Found(*row) for row in session.exec(rows.order_by(*order).limit(limit)).all()]


def written(
    session: Session, site: Site, found: Sequence[Found], *, scope: int
) -> list[feeds.Entry]:
    """Put entries into words; in the feeds of the site each names its campaign."""
    return list(_Writer(session, site, found, in_site=scope == SITE).all())


def page_in(
    pages: Mapping[str, CampaignText], campaign: Campaign, language: str | None
) -> CampaignText:
    """Choose a campaign's page by language; one that has none at all is blank."""
    if not pages:
        return CampaignText(
            campaign_id=campaign.id or 0, language=campaign.language, position=0, title=""
        )
    return pages[languages.pick(list(pages), language, campaign.language)]


def _within(scope: int) -> ColumnElement[bool]:
    return col(Entry.campaign_id) == scope if scope != SITE else col(Entry.campaign_id) > SITE


def _subjects(session: Session, scope: int, limit: int) -> Sequence[tuple[int, int | None]]:
    """Find what moved last, in any language."""
    pair = (Entry.campaign_id, Entry.update_id)
    order = (
        func.max(Entry.updated_at).desc(),
        func.max(Entry.published_at).desc(),
        func.min(Entry.tag),
    )
    rows = joined(select(*pair)).where(_within(scope)).group_by(*pair)
    subjects: Sequence[tuple[int, int | None]] = session.exec(
        rows.order_by(*order).limit(limit)
    ).all()
    return subjects


def _of_subjects(session: Session, subjects: Sequence[tuple[int, int | None]]) -> list[Found]:
    updates = [update_id for _, update_id in subjects if update_id is not None]
    launched = [campaign_id for campaign_id, update_id in subjects if update_id is None]
    launches = and_(col(Entry.update_id).is_(None), col(Entry.campaign_id).in_(launched))
    rows = joined(select(Entry, Campaign, Update))
    rows = rows.where(or_(col(Entry.update_id).in_(updates), launches))
    return [Found(*row) for row in session.exec(rows).all()]


def _once_each(session: Session, found: Sequence[Found]) -> list[Found]:
    """Choose of each subject the campaign's language, else the first text."""
    subjects: dict[tuple[int, int | None], dict[str, Found]] = {}
    for each in found:
        subjects.setdefault(each.subject, {})[each.entry.language] = each
    updates = texts.of_updates(session, {each.entry.update_id or 0 for each in found})
    pages = texts.of_campaigns(session, {each.entry.campaign_id for each in found})
    chosen = []
    for (campaign_id, update_id), by_language in subjects.items():
        order: Iterable[str] = (
            updates.get(update_id, {}) if update_id else pages.get(campaign_id, {})
        )
        offered = [language for language in order if language in by_language] or sorted(by_language)
        own = by_language[offered[0]].campaign.language
        chosen.append(by_language[languages.pick(offered, None, own)])
    return chosen


class _Writer:
    """Everything that the words of some entries are made of, looked up once."""

    def __init__(
        self, session: Session, site: Site, found: Sequence[Found], *, in_site: bool
    ) -> None:
        self._site = site
        self._found = found
        self._in_site = in_site
        launched = {each.entry.campaign_id for each in found if each.update is None}
        self._updates = texts.of_updates(session, {each.entry.update_id or 0 for each in found})
        self._pages = texts.of_campaigns(session, {each.entry.campaign_id for each in found})
        self._letters = _letters(session, launched)
        self._signatories = _signatories(session, launched)
        self._authority = addresses.authority(session)

    def all(self) -> Iterator[feeds.Entry]:
        for each in self._found:
            try:
                yield self._update(each, each.update) if each.update else self._launch(each)
            except Exception as error:  # noqa: BLE001  whatever is wrong with it, the others go on
                fault = type(error).__name__
                log.warning("an entry was left out of the feeds", tag=each.entry.tag, fault=fault)

    def _update(self, found: Found, update: Update) -> feeds.Entry:
        words: RevisionText = self._updates[update.id or 0][found.entry.language]
        html = to_html(words.body, self._site.base_url)
        return self._entry(found, words, html, key=update.key, day=update.occurred_on)

    def _launch(self, found: Found) -> feeds.Entry:
        campaign, language = found.campaign, found.entry.language
        page = self._pages[campaign.id or 0][language]
        letters = self._letters.get(campaign.id or 0, {})
        letter = (
            letters[languages.pick(list(letters), language, campaign.language)] if letters else None
        )
        names = self._signatories.get(campaign.id or 0, [])
        html = launch_html(page, letter, names, self._site.base_url)
        return self._entry(found, page, html, key="", day=campaign.occurred_on)

    def _entry(
        self,
        found: Found,
        words: RevisionText | CampaignText,
        html: str,
        *,
        key: str,
        day: str | None,
    ) -> feeds.Entry:
        published, updated = _moments(found.entry)
        return feeds.Entry(
            id=found.entry.tag,
            url=addresses.page(self._site, found.campaign, found.entry.language, key),
            title=words.title,
            language=found.entry.language,
            html=html,
            published=published,
            updated=updated,
            summary=words.summary or first_words(words.body),
            event=_event(day, found.entry.language) if day else None,
            source=self._source(found.campaign, found.entry.language) if self._in_site else None,
        )

    def _source(self, campaign: Campaign, language: str) -> feeds.Source:
        """Name the campaign feed that has this entry, too: the plain one, else that of a language."""
        page = page_in(self._pages.get(campaign.id or 0, {}), campaign, language)
        feed = None if language == campaign.language else language
        return feeds.Source(
            id=addresses.feed_id(self._site, self._authority, campaign, feed),
            title=page.title,
            language=page.language,
            url=addresses.page(self._site, campaign, language),
            urls=addresses.feed(self._site, campaign, feed),
            updated=campaign.updated_at,
        )


def _moments(entry: Entry) -> tuple[datetime, datetime]:
    if entry.published_at is None:
        raise ValueError("An entry that is shown was published.")
    return entry.published_at, max(entry.published_at, entry.updated_at or entry.published_at)


def _event(day: str, language: str) -> feeds.Event:
    date = EventDate.parse(day)
    return feeds.Event(
        occurred_on=str(date), precision=date.precision.value, words=in_words(date, language)
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
