"""The release of an update: from here on pages, feeds and the fan-out find it."""

from datetime import datetime

from sqlmodel import Session, select

from feedsvc.config import Site
from feedsvc.domain.content import Revision, UpdateFile
from feedsvc.domain.dates import EventDate, noon
from feedsvc.domain.tables.content import (
    Campaign,
    EditClass,
    Entry,
    Notify,
    Update,
    UpdateStatus,
)
from feedsvc.domain.tables.ledger import Notice, NoticeKind
from feedsvc.records import content, feeds, texts


def status_at(publish_at: datetime | None, now: datetime) -> UpdateStatus:
    """Return where an update stands that is to be published: an embargo may hold it back."""
    embargo = publish_at is not None and publish_at > now
    return UpdateStatus.SCHEDULED if embargo else UpdateStatus.PUBLISHED


def bring_in(
    session: Session, campaign: Campaign, given: UpdateFile, site: Site, now: datetime
) -> Update:
    """Store an update that is new, and release it unless it is a draft or under embargo.

    The caller holds the campaign's lock.
    """
    draft = given.status is UpdateStatus.DRAFT
    update = Update(
        uid=feeds.fresh_uid(),
        campaign_id=campaign.id or 0,
        key=given.key,
        status=UpdateStatus.DRAFT if draft else status_at(given.publish_at, now),
        notify=given.notify,
        occurred_on=str(given.occurred_on) if given.occurred_on else None,
        publish_at=given.publish_at,
        created_at=now,
    )
    content.add_update(session, update, [Revision(1, EditClass.SILENT, now, given.texts)])
    content.enter(session, campaign, update, [one.language for one in given.texts], site, now)
    if update.status is UpdateStatus.PUBLISHED:
        release(session, campaign, update, now)
    return update


def release(session: Session, campaign: Campaign, update: Update, now: datetime) -> None:
    """Publish: arrival number, dates, feeds, and the notice that fan-out will find.

    The caller holds the campaign's lock.
    """
    campaign.last_arrival += 1
    update.arrival = campaign.last_arrival
    update.released_revision = update.revision
    update.published_at = update.updated_at = _published_at(update, now)
    entries = _in_order(session, update)
    for entry in entries:
        entry.published_at = entry.updated_at = update.published_at
    content.choose_plain(session, campaign, entries)
    if update.notify is Notify.SUBSCRIBERS:
        session.add(
            Notice(
                update_id=update.id or 0,
                campaign_id=campaign.id or 0,
                kind=NoticeKind.NEWS,
                arrival=campaign.last_arrival,
                arrived_at=now,
            )
        )
    feeds.move(session, campaign, now, appearing=entries)


def _in_order(session: Session, update: Update) -> list[Entry]:
    """Return the entries of an update, that of its first text first."""
    order = list(texts.of_updates(session, {update.id or 0})[update.id or 0])
    entries = session.exec(select(Entry).where(Entry.update_id == update.id)).all()
    return sorted(entries, key=lambda entry: order.index(entry.language))


def _published_at(update: Update, now: datetime) -> datetime:
    """History sinks to its place: under its event date, not under the day it was loaded."""
    if update.notify is Notify.NONE and update.occurred_on:
        return min(noon(EventDate.parse(update.occurred_on)), feeds.whole(now))
    return feeds.whole(now)
