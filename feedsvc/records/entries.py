"""The entries of a feed, found in the tables and put into words.

An entry is the same in whichever feed it appears. One that cannot be written is left out of all
formats and noted in the log; the others go on (law 8).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain import feeds
from feedsvc.domain.dates import EventDate, in_words
from feedsvc.domain.feeds.launch import launch_html
from feedsvc.domain.markup import first_words, to_html
from feedsvc.domain.tables.content import (
    Appearance,
    Campaign,
    CampaignStatus,
    Entry,
    EntryKind,
    RevisionText,
    Update,
    UpdateStatus,
)
from feedsvc.gateways.templates import Templates
from feedsvc.records import addresses, enclosures, texts, wording
from feedsvc.records.feeds import SITE
from feedsvc.records.launches import launches

log = structlog.get_logger()

OUT = (UpdateStatus.PUBLISHED, UpdateStatus.WITHDRAWN)
ABOUT_CAMPAIGN = (EntryKind.LAUNCH, EntryKind.END)


@dataclass(frozen=True, slots=True)
class Found:
    """An entry with what it is about: an update or, without one, its campaign.

    Of an archive the `appearance` fixes what it says; at the head of a feed it says what is true now.
    """

    entry: Entry
    campaign: Campaign
    update: Update | None
    appearance: Appearance | None = None

    @property
    def taken_back(self) -> bool:
        """Whether it was withdrawn: what it said is shown no more."""
        withdrawn = self.update is not None and self.update.status is UpdateStatus.WITHDRAWN
        return withdrawn and self.entry.kind is not EntryKind.WITHDRAWAL

    @property
    def left(self) -> bool:
        """Whether not even a stub of it is left."""
        return self.entry.left_at is not None

    @property
    def revision(self) -> tuple[int, int]:
        """The update and the number of its revision that this entry shows."""
        if self.update is None:
            return 0, 0
        shown = self.appearance.revision if self.appearance else self.update.revision
        number = self.update.revision if self.taken_back else self.entry.number or shown
        return self.update.id or 0, number

    @property
    def day(self) -> str | None:
        """When it happened, as an EventDate."""
        if self.appearance:
            return self.appearance.occurred_on
        return self.update.occurred_on if self.update else self.campaign.occurred_on

    @property
    def published(self) -> datetime:
        """When it was first published."""
        if self.entry.published_at is None:
            raise ValueError("An entry that is shown was published.")
        return self.entry.published_at

    @property
    def updated(self) -> datetime:
        """When it last moved, as far as it is shown here."""
        shown = None if self.appearance is None or self.taken_back else self.appearance.at
        return max(self.published, shown or self.entry.updated_at or self.published)

    @property
    def deleted(self) -> datetime:
        """When it was taken back, which must be after it last moved (RFC 6721)."""
        return (self.entry.updated_at or self.published) + timedelta(seconds=1)


def joined(statement: Any) -> Any:
    """Join a selection from the entries to what they are about, and keep what was published."""
    return (
        statement.join(Campaign, col(Campaign.id) == Entry.campaign_id)
        .join(Update, col(Update.id) == Entry.update_id, isouter=True)
        .where(col(Entry.published_at).is_not(None))
        .where(or_(col(Entry.update_id).is_(None), col(Update.status).in_(OUT)))
    )


def within(scope: int, language: str | None) -> ColumnElement[bool]:
    """Keep what belongs into a feed: of a campaign or the site, in one language or plain."""
    chosen = col(Entry.plain).is_(True) if language is None else col(Entry.language) == language
    if scope == SITE:  # whose feeds go on when those of a campaign end
        return and_(chosen, col(Entry.kind) != EntryKind.END)
    return and_(chosen, col(Entry.campaign_id) == scope)


def present(scope: int) -> ColumnElement[bool]:
    """Keep what is still shown; the feeds of the site have nothing of a withdrawn campaign."""
    there = col(Entry.left_at).is_(None)
    going_on = col(Campaign.status) != CampaignStatus.WITHDRAWN
    return and_(there, going_on) if scope == SITE else there


def newest(session: Session, scope: int, language: str | None, limit: int) -> list[Found]:
    """Find the newest entries of a feed."""
    rows = joined(select(Entry, Campaign, Update)).where(within(scope, language), present(scope))
    order = (col(Entry.updated_at).desc(), col(Entry.published_at).desc(), col(Entry.tag))
    return [Found(*row) for row in session.exec(rows.order_by(*order).limit(limit)).all()]


def taken_back(session: Session, scope: int, language: str | None, limit: int) -> list[Found]:
    """Find what was last withdrawn, for its tombstones."""
    withdrawn = and_(
        col(Update.status) == UpdateStatus.WITHDRAWN, col(Entry.kind) != EntryKind.WITHDRAWAL
    )
    gone = or_(withdrawn, col(Entry.left_at).is_not(None))
    rows = joined(select(Entry, Campaign, Update)).where(within(scope, language), gone)
    order = (col(Entry.updated_at).desc(), col(Entry.tag))
    return [Found(*row) for row in session.exec(rows.order_by(*order).limit(limit)).all()]


def deletions(found: Sequence[Found]) -> tuple[feeds.Deletion, ...]:
    """Set up a tombstone for each that was taken back."""
    gone = [each for each in found if each.taken_back or each.left]
    return tuple(feeds.Deletion(ref=each.entry.tag, when=each.deleted) for each in gone)


def written(
    session: Session, site: Site, templates: Templates, found: Sequence[Found], *, scope: int
) -> list[feeds.Entry]:
    """Put entries into words; in the feeds of the site each names its campaign."""
    standing = [each for each in found if not each.left]
    return list(_Writer(session, site, templates, standing, in_site=scope == SITE).all())


class _Writer:
    """Everything that the words of some entries are made of, looked up once."""

    def __init__(
        self,
        session: Session,
        site: Site,
        templates: Templates,
        found: Sequence[Found],
        *,
        in_site: bool,
    ) -> None:
        self._site = site
        self._templates = templates
        self._found = found
        self._in_site = in_site
        launched = {each.entry.campaign_id for each in found if each.update is None}
        self._launches = launches(session, {each.entry.campaign_id for each in found}, launched)
        self._revisions = texts.of_revisions(session, {each.revision for each in found})
        rows = [text for one in self._revisions.values() for text in one.texts.values()]
        self._files = enclosures.of_texts(session, site, rows)
        self._authority = addresses.authority(session)

    def all(self) -> Iterator[feeds.Entry]:
        for each in self._found:
            try:
                yield self._written(each)
            except Exception as error:  # noqa: BLE001  whatever is wrong with it, the others go on
                fault = type(error).__name__
                log.warning("an entry was left out of the feeds", tag=each.entry.tag, fault=fault)

    def _written(self, found: Found) -> feeds.Entry:
        if found.entry.kind is EntryKind.LAUNCH:
            return self._launch(found)
        if found.entry.kind is EntryKind.UPDATE and not found.taken_back:
            return self._update(found)
        return self._notice(found)

    def _update(self, found: Found) -> feeds.Entry:
        words: RevisionText = self._revisions[found.revision].texts[found.entry.language]
        html = to_html(words.body, self._site.base_url)
        summary = words.summary or first_words(words.body)
        files = self._files[words.revision_id, words.language]
        return self._entry(found, words.title, html, summary, files=files)

    def _launch(self, found: Found) -> feeds.Entry:
        frozen = found.appearance.page if found.appearance else None
        page = frozen or self._launches.page(found.campaign, found.entry.language)
        html = launch_html(page, found.entry.language, self._site.base_url)
        summary = page["summary"] or first_words(page["body"])
        return self._entry(found, page["title"], html, summary)

    def _notice(self, found: Found) -> feeds.Entry:
        """Say what befell an update, or a campaign."""
        what = wording.STUB if found.taken_back else found.entry.kind.value
        said = wording.said(
            self._templates, what, found.entry.language, self._about(found), self._notes(found)
        )
        return self._entry(found, said.title, said.html, "", dated=False)

    def _about(self, found: Found) -> dict[str, str]:
        """Gather what the templates of notices may speak of; of what was withdrawn, not its words."""
        language = found.entry.language
        day = found.day or found.published.date().isoformat()
        return {
            "campaign": self._title(found),
            "title": self._heading(found),
            "date": in_words(EventDate.parse(day), self._templates.nearest(language)),
            "url": self._url(found),
            "site": self._site.name,
        }

    def _heading(self, found: Found) -> str:
        """Return the title of the update that a correction is about."""
        if found.entry.kind is not EntryKind.CORRECTION or found.taken_back:
            return ""
        return self._revisions[found.revision].texts[found.entry.language].title

    def _notes(self, found: Found) -> Mapping[str, str]:
        """Return why it was withdrawn, or what was corrected, by language."""
        revision = self._revisions.get(found.revision)
        return revision.notes if revision else {}

    def _title(self, found: Found) -> str:
        """Name the campaign, as it was called then or is called now."""
        if found.appearance:
            return found.appearance.title
        return self._launches.titled(found.campaign, found.entry.language).title

    def _url(self, found: Found) -> str:
        key = found.update.key if found.update else ""
        return addresses.page(self._site, found.campaign, found.entry.language, key)

    def _entry(
        self,
        found: Found,
        title: str,
        html: str,
        summary: str,
        *,
        dated: bool = True,
        files: tuple[feeds.Enclosure, ...] = (),
    ) -> feeds.Entry:
        day = found.day if dated else None
        number = found.entry.number
        return feeds.Entry(
            id=found.entry.tag,
            url=self._url(found) + (f"#{found.entry.kind}-{number}" if number else ""),
            title=title,
            language=found.entry.language,
            html=html,
            published=found.published,
            updated=found.updated,
            summary=summary,
            enclosures=files,
            image=enclosures.image(files),
            event=_event(day, found.entry.language) if day else None,
            source=self._source(found) if self._in_site else None,
        )

    def _source(self, found: Found) -> feeds.Source:
        """Name the campaign feed that has this entry, too: the plain one, else that of a language."""
        campaign, language = found.campaign, found.entry.language
        page = self._launches.titled(campaign, language)
        feed = None if language == campaign.language else language
        return feeds.Source(
            id=addresses.feed_id(self._site, self._authority, campaign, feed),
            title=self._title(found),
            language=page.language,
            url=addresses.page(self._site, campaign, language),
            urls=addresses.feed(self._site, campaign, feed),
            updated=found.appearance.at if found.appearance else campaign.updated_at,
        )


def _event(day: str, language: str) -> feeds.Event:
    date = EventDate.parse(day)
    return feeds.Event(
        occurred_on=str(date), precision=date.precision.value, words=in_words(date, language)
    )
