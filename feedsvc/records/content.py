"""Campaigns and updates as rows, whoever hands them in: the API or a folder of files."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import delete
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from feedsvc.config import Site
from feedsvc.domain import languages
from feedsvc.domain.content import FileContent, LetterVersion, Text
from feedsvc.domain.content import Revision as RevisionRecord
from feedsvc.domain.dates import EventDate, noon
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignStatus,
    CampaignText,
    Entry,
    EntryKind,
    FormerSlug,
    Letter,
    Revision,
    RevisionText,
    Signatory,
    StoredFile,
    Update,
)
from feedsvc.errors import Conflict, Invalid, NotFound
from feedsvc.records import feeds
from feedsvc.records.locks import hold, insert

Row = TypeVar("Row", Campaign, Update)


def locking(query: SelectOfScalar[Row], *, skip_locked: bool = False) -> SelectOfScalar[Row]:
    """Lock the rows that a query finds, and read them anew: what the session had may be stale."""
    locked = query.with_for_update(skip_locked=skip_locked)
    return locked.execution_options(populate_existing=True)


def locked(session: Session, condition: object, name: str) -> Campaign:
    """Take the campaign's lock: arrival numbers are given one at a time."""
    campaign = session.exec(locking(select(Campaign).where(condition))).first()  # type: ignore[arg-type]  # SQLModel types a comparison as bool
    if campaign is None:
        raise NotFound(f"There is no campaign {name!r}.", remedy=_now_called(session, name))
    return campaign


def _now_called(session: Session, slug: str) -> str:
    former = session.get(FormerSlug, slug)
    if former is None:
        return "GET /api/campaigns lists them."
    return f"It is called {session.get_one(Campaign, former.campaign_id).slug!r} now."


def launched_at(occurred_on: str | None, now: datetime) -> datetime:
    """Return when a campaign counts as published: an old one under its own date."""
    happened = noon(EventDate.parse(occurred_on)) if occurred_on else now
    return feeds.whole(min(happened, now))


def refuse_future(occurred_on: str | None, now: datetime, field: str = "occurred_on") -> None:
    """Refuse an event that has not happened anywhere on Earth yet (UTC+14 is a day ahead)."""
    if occurred_on and EventDate.parse(occurred_on).date > (now + timedelta(1)).date():
        raise Invalid(
            field,
            f"{occurred_on} has not come yet.",
            remedy="occurred_on is when it happened; publish_at is when to publish.",
        )


def refuse_withdrawn(campaign: Campaign) -> None:
    """Refuse to publish about a campaign that is withdrawn."""
    if campaign.status is CampaignStatus.WITHDRAWN:
        raise Conflict("The campaign is withdrawn.", remedy="Reopen it before posting to it.")


def refuse_taken_link(session: Session, short_link: str | None) -> None:
    """Refuse a short link that leads elsewhere already."""
    taken = select(Campaign.id).where(Campaign.short_link == short_link)
    if short_link and session.exec(taken).first():
        raise Conflict(f"The short link {short_link!r} is taken.", remedy="Choose another.")


def refuse_taken_slug(session: Session, slug: str) -> None:
    """Refuse a slug that leads to a campaign already, or once did."""
    hold(session, "campaigns")
    if session.exec(select(Campaign.id).where(Campaign.slug == slug)).first():
        raise Conflict(f"There is a campaign {slug!r} already.", remedy="Choose another slug.")
    former = session.get(FormerSlug, slug)
    if former is not None:
        now_called = session.get_one(Campaign, former.campaign_id).slug
        raise Conflict(
            f"The campaign {now_called!r} was once called {slug!r}, and readers still come so.",
            remedy="Choose another slug.",
        )


def add_campaign(session: Session, campaign: Campaign, texts: Iterable[Text]) -> None:
    """Store a campaign that is new here, with its texts."""
    session.add(campaign)
    session.flush()
    put_campaign_texts(session, campaign, texts)


def put_campaign_texts(session: Session, campaign: Campaign, texts: Iterable[Text]) -> None:
    """Store the texts of a campaign, the first one first."""
    for position, text in enumerate(texts):
        words = asdict(text)
        del words["mail_subject"], words["files"]
        session.merge(CampaignText(campaign_id=campaign.id or 0, position=position, **words))


def put_letter(session: Session, campaign: Campaign, letter: LetterVersion) -> None:
    """Store one version of a letter, in place of what it said before."""
    for text in letter.texts:
        words = asdict(text) | {"addressees": [asdict(one) for one in text.addressees]}
        session.merge(
            Letter(
                campaign_id=campaign.id or 0,
                version=letter.version,
                created_at=letter.created_at,
                **words,
            )
        )


def put_signatories(session: Session, campaign: Campaign, names: Iterable[str]) -> None:
    """Store the signatories of a statement, in order."""
    session.execute(delete(Signatory).where(col(Signatory.campaign_id) == campaign.id))
    for position, name in enumerate(names):
        session.add(Signatory(campaign_id=campaign.id or 0, position=position, name=name))


def add_update(session: Session, update: Update, revisions: Sequence[RevisionRecord]) -> None:
    """Store an update that is new here, with its revisions."""
    session.add(update)
    session.flush()
    for revision in revisions:
        add_revision(session, update, revision)


def add_revision(session: Session, update: Update, revision: RevisionRecord) -> None:
    """Store one state of an update's texts as its newest."""
    row = Revision(
        update_id=update.id or 0,
        number=revision.number,
        edit_class=revision.edit_class,
        created_at=revision.created_at,
        notes=dict(revision.notes),
    )
    session.add(row)
    session.flush()
    for position, text in enumerate(revision.texts):
        words = asdict(text) | {"files": [asdict(file) for file in text.files]}
        session.add(RevisionText(revision_id=row.id or 0, position=position, **words))
    update.revision = revision.number


def put_file(session: Session, file: FileContent, now: datetime) -> None:
    """Store what a file holds, unless it is there already; its bytes do not stay in memory."""
    known = select(StoredFile.digest).where(StoredFile.digest == file.digest)
    if session.exec(known).first() is None:
        row = insert(session, StoredFile).values(
            digest=file.digest,
            media_type=file.media_type,
            length=file.length,
            content=file.read(),
            created_at=now,
        )
        session.execute(row.on_conflict_do_nothing())


def enter(
    session: Session,
    campaign: Campaign,
    update: Update | None,
    spoken: Sequence[str],
    site: Site,
    now: datetime,
) -> list[Entry]:
    """Make the feed entries of an update, or of the campaign's launch (F19), in these languages.

    A launch is dated at once, an update when it is released.
    """
    kind = EntryKind.UPDATE if update else EntryKind.LAUNCH
    entries = [
        feeds.mint(session, campaign, update, language, site=site, now=now, kind=kind)
        for language in spoken
    ]
    dated = update or campaign
    for entry in entries:
        entry.published_at = entry.updated_at = dated.published_at
    if update is None:
        choose_plain(session, campaign, entries)
    return entries


def choose_plain(session: Session, campaign: Campaign, entries: Sequence[Entry]) -> None:
    """Choose the entry for the feeds of all languages: in the campaign's, else the first text.

    Chosen once, when it is published: another choice later would show readers the same news again.
    """
    subject = select(Entry.id).where(
        Entry.campaign_id == campaign.id,
        Entry.update_id == entries[0].update_id,
        Entry.kind == entries[0].kind,
        col(Entry.plain).is_(True),
    )
    if session.exec(subject).first() is None:
        offered = [entry.language for entry in entries]
        chosen = languages.pick(offered, None, campaign.language)
        entries[offered.index(chosen)].plain = True
    session.flush()
