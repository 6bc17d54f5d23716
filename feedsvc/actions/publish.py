"""Publish updates: store them, give them their arrival number, and move the feeds."""

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain.dates import EventDate, noon
from feedsvc.domain.drafts import UpdateDraft, key_from
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignStatus,
    EditClass,
    Entry,
    Notify,
    Revision,
    RevisionText,
    Update,
    UpdateStatus,
)
from feedsvc.domain.tables.ledger import Notice, NoticeKind
from feedsvc.domain.tables.people import Subscription
from feedsvc.errors import Conflict, Invalid, NotFound
from feedsvc.records import audit, feeds


def post_update(
    session: Session, slug: str, draft: UpdateDraft, *, site: Site, by: str, now: datetime
) -> Update:
    """Store an update, and release it unless it is a draft or under embargo until `publish_at`."""
    campaign = _locked(session, Campaign.slug == slug, slug)
    if campaign.status is CampaignStatus.WITHDRAWN:
        raise Conflict("The campaign is withdrawn.", remedy="Reopen it before posting to it.")
    update = _store(session, campaign, draft, now)
    _entries(session, campaign, update, draft, site, now)
    audit.note(session, by, "post update", update.uid, now, detail=update.status)
    if update.status is UpdateStatus.PUBLISHED:
        _release(session, campaign, update, now)
    return update


def publish(session: Session, uid: str, *, by: str, now: datetime) -> Update:
    """Release a draft, or start its embargo; one that is out already is left alone."""
    update = session.exec(select(Update).where(Update.uid == uid).with_for_update()).first()
    if update is None:
        raise NotFound(f"There is no update {uid!r}.")
    if update.status is UpdateStatus.WITHDRAWN:
        raise Conflict("The update is withdrawn.", remedy="Post a new one.")
    if update.status is UpdateStatus.DRAFT:
        campaign = _locked(session, Campaign.id == update.campaign_id, str(update.campaign_id))
        update.status = _status(update.publish_at, now)
        audit.note(session, by, "publish update", update.uid, now, detail=update.status)
        if update.status is UpdateStatus.PUBLISHED:
            _release(session, campaign, update, now)
    return update


def release_due(session: Session, *, now: datetime) -> int:
    """Release every update whose embargo is over, in the order of their instants; return how many."""
    due = select(Update).where(
        Update.status == UpdateStatus.SCHEDULED, col(Update.publish_at) <= now
    )
    order = (col(Update.publish_at), col(Update.id))
    updates = session.exec(due.order_by(*order).with_for_update(skip_locked=True)).all()
    for update in updates:
        campaign = _locked(session, Campaign.id == update.campaign_id, str(update.campaign_id))
        update.status = UpdateStatus.PUBLISHED
        _release(session, campaign, update, now)
    return len(updates)


def estimate(session: Session, campaign_id: int) -> int:
    """Count the subscriptions that are live now: about as many will be mailed."""
    live = select(func.count()).where(
        Subscription.campaign_id == campaign_id,
        col(Subscription.confirmed_at).is_not(None),
        col(Subscription.ended_at).is_(None),
    )
    return session.exec(live).one()


def _locked(session: Session, condition: object, name: str) -> Campaign:
    """Take the campaign's lock: arrival numbers are given one at a time."""
    campaign = session.exec(select(Campaign).where(condition).with_for_update()).first()  # type: ignore[arg-type]
    if campaign is None:
        raise NotFound(f"There is no campaign {name!r}.", remedy="GET /api/campaigns lists them.")
    return campaign


def _store(session: Session, campaign: Campaign, draft: UpdateDraft, now: datetime) -> Update:
    update = Update(
        uid=feeds.fresh_uid(),
        campaign_id=campaign.id or 0,
        key=_key(session, campaign, draft, now),
        status=UpdateStatus.DRAFT if draft.status == "draft" else _status(draft.publish_at, now),
        notify=draft.notify,
        occurred_on=_happened(draft, now),
        publish_at=draft.publish_at,
        created_at=now,
    )
    session.add(update)
    session.flush()
    revision = Revision(
        update_id=update.id or 0, number=1, edit_class=EditClass.SILENT, created_at=now
    )
    session.add(revision)
    session.flush()
    texts = draft.by_language(campaign.language)
    for position, (language, words) in enumerate(texts.items()):
        values = words.model_dump(include={"title", "body", "summary", "mail_subject"})
        session.add(
            RevisionText(
                revision_id=revision.id or 0, language=language, position=position, **values
            )
        )
    return update


def _status(publish_at: datetime | None, now: datetime) -> UpdateStatus:
    embargo = publish_at is not None and publish_at > now
    return UpdateStatus.SCHEDULED if embargo else UpdateStatus.PUBLISHED


def _happened(draft: UpdateDraft, now: datetime) -> str | None:
    """Refuse an event that has not happened anywhere on Earth yet (UTC+14 is a day ahead)."""
    if draft.occurred_on and EventDate.parse(draft.occurred_on).date > (now + timedelta(1)).date():
        raise Invalid(
            "occurred_on",
            f"{draft.occurred_on} has not come yet.",
            remedy="occurred_on is when it happened; publish_at is when to publish.",
        )
    return draft.occurred_on


def _key(session: Session, campaign: Campaign, draft: UpdateDraft, now: datetime) -> str:
    taken = session.exec(select(Update.key).where(Update.campaign_id == campaign.id)).all()
    if draft.key is None:
        return key_from(draft.title, draft.occurred_on or now.date().isoformat(), taken)
    if draft.key in taken:
        raise Conflict(
            f"The campaign has an update with the key {draft.key!r} already.",
            remedy="Choose another key, or leave it out and one is made.",
        )
    return draft.key


def _entries(
    session: Session,
    campaign: Campaign,
    update: Update,
    draft: UpdateDraft,
    site: Site,
    now: datetime,
) -> None:
    for language in draft.by_language(campaign.language):
        feeds.mint(session, campaign, site, language, now, uid=update.uid, update_id=update.id)


def _release(session: Session, campaign: Campaign, update: Update, now: datetime) -> None:
    """Publish: arrival number, dates, feeds, and the notice that fan-out will find."""
    campaign.last_arrival += 1
    update.arrival = campaign.last_arrival
    update.published_at = update.updated_at = _published_at(update, now)
    for entry in session.exec(select(Entry).where(Entry.update_id == update.id)).all():
        entry.published_at = entry.updated_at = update.published_at
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
    feeds.move(session, campaign, now)


def _published_at(update: Update, now: datetime) -> datetime:
    """History sinks to its place: under its event date, not under the day it was loaded."""
    if update.notify is Notify.NONE and update.occurred_on:
        return min(noon(EventDate.parse(update.occurred_on)), feeds.whole(now))
    return feeds.whole(now)
