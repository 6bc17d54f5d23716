"""Put back what a dump has recorded: ids, instants, revisions, entries and stamps."""

from collections.abc import Iterable
from typing import Final

from sqlmodel import Session, col, func, select

from feedsvc.actions.load.run import Run
from feedsvc.domain.content import CampaignRecord, EntryStamp, FeedStamp, UpdateFile, UpdateRecord
from feedsvc.domain.tables.content import (
    Appearance,
    Campaign,
    Entry,
    EntryKind,
    FeedVersion,
    FormerSlug,
    Update,
    UpdateStatus,
)
from feedsvc.errors import Conflict, Invalid
from feedsvc.records import content, feeds
from feedsvc.records.locks import hold

_UNRELEASED: Final = {UpdateStatus.DRAFT, UpdateStatus.SCHEDULED}


def stamp(session: Session, scope: int, recorded: FeedStamp) -> None:
    """Put the feeds of one scope where they stood."""
    row = session.get(FeedVersion, scope) or FeedVersion(
        scope=scope, version=0, updated_at=recorded.updated_at
    )
    row.version, row.updated_at, row.urgent = recorded.version, recorded.updated_at, recorded.urgent
    session.add(row)
    session.flush()


def campaign(run: Run, row: Campaign, record: CampaignRecord, file: str) -> None:
    """Put back what belongs to a campaign that was just stored under its recorded id."""
    session = run.session
    entries(run, row, None, record.entries, file)
    for slug in record.former_slugs:
        content.refuse_taken_slug(session, slug)
        session.add(FormerSlug(slug=slug, campaign_id=row.id or 0))
    for letter in record.letters:
        if not letter.texts:
            raise _altered(file, "a letter without text")
        content.put_letter(session, row, letter)
    if record.feed:
        stamp(session, row.id or 0, record.feed)
        if session.get(FeedVersion, feeds.SITE):
            feeds.bump(session, feeds.SITE, run.now)
    else:
        feeds.move(session, row, run.now)


def update(run: Run, campaign: Campaign, given: UpdateFile, record: UpdateRecord) -> Update:
    """Put back an update as it was recorded; nobody is mailed."""
    file = run.file(f"history/{given.key}.json")
    numbers = [revision.number for revision in record.revisions]
    if not numbers or numbers != sorted(set(numbers)) or not all(r.texts for r in record.revisions):
        raise _altered(file, "revisions out of order, or without text")
    if (record.released_revision in numbers) is not (record.published_at is not None):
        raise _altered(file, "a release without its revision, or a revision without its release")
    refuse_known(run, Update, record.uid, file)
    row = Update(
        uid=record.uid,
        campaign_id=campaign.id or 0,
        key=given.key,
        status=_status(given, record),
        notify=given.notify,
        occurred_on=str(given.occurred_on) if given.occurred_on else None,
        publish_at=given.publish_at,
        published_at=record.published_at,
        updated_at=record.updated_at,
        withdrawn_at=record.withdrawn_at,
        arrival=record.arrival,
        released_revision=record.released_revision,
        created_at=record.created_at,
    )
    content.add_update(run.session, row, record.revisions)
    campaign.last_arrival = max(campaign.last_arrival, record.arrival or 0)
    entries(run, campaign, row, record.entries, file)
    return row


def entries(
    run: Run, campaign: Campaign, update: Update | None, stamps: Iterable[EntryStamp], file: str
) -> None:
    """Put back entries of the feeds under the tags they were minted with."""
    stamps = list(stamps)
    tags = [stamp.tag for stamp in stamps]
    known = run.session.exec(select(Entry.tag).where(col(Entry.tag).in_(tags))).first()
    if known or len(set(tags)) < len(tags):
        raise Conflict(
            f"{file}: the entry {known or tags[0]} is stored already.",
            remedy="Remove that file to load the texts under new ids.",
        )
    for one in stamps:
        _entry(run, campaign, update, one)


def _entry(run: Run, campaign: Campaign, update: Update | None, stamp: EntryStamp) -> None:
    entry = Entry(
        campaign_id=campaign.id or 0,
        update_id=update.id if update else None,
        kind=stamp.kind or (EntryKind.UPDATE if update else EntryKind.LAUNCH),
        number=stamp.number,
        language=stamp.language,
        plain=stamp.plain,
        tag=stamp.tag,
        published_at=stamp.published_at,
        updated_at=stamp.updated_at,
        left_at=stamp.left_at,
    )
    run.session.add(entry)
    run.session.flush()
    for one in stamp.appearances:
        run.session.add(
            Appearance(
                entry_id=entry.id or 0,
                place=_place(run, one.place),
                at=one.at,
                revision=one.revision,
                occurred_on=one.occurred_on,
                title=one.title,
                page=one.page,
            )
        )
        run.session.flush()


def _place(run: Run, recorded: int) -> int:
    """Return the place that was recorded; where archives are served already, the next one."""
    hold(run.session, feeds.PLACES)
    taken = run.session.exec(select(Appearance.id).where(Appearance.place == recorded)).first()
    if run.fresh and taken is None:
        return recorded
    last = run.session.exec(select(func.max(Appearance.place))).one() or 0
    return last + 1


def refuse_known(run: Run, kind: type[Campaign] | type[Update], uid: str, file: str) -> None:
    """Refuse a record whose id is stored under another name."""
    if run.session.exec(select(kind.id).where(kind.uid == uid)).first():
        raise Conflict(
            f"{file}: what it records is stored already, under another name or campaign.",
            remedy="Names are part of addresses and do not change: give the old one back, "
            "or remove that file to load the texts as something new.",
        )


def _status(given: UpdateFile, record: UpdateRecord) -> UpdateStatus:
    """Say where an update stood; what its file wants beyond that is a change like any other."""
    if record.withdrawn_at:
        return UpdateStatus.WITHDRAWN
    if record.published_at:
        return UpdateStatus.PUBLISHED
    return given.status if given.status in _UNRELEASED else UpdateStatus.DRAFT


def _altered(file: str, what: str) -> Invalid:
    return Invalid(
        file,
        f"holds {what}.",
        remedy="Put the file back as `feedsvc dump` wrote it, or remove it to start afresh.",
    )
