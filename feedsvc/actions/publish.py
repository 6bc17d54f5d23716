"""Publish updates: store them, give them their arrival number, and move the feeds."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain.content import Revision, Text
from feedsvc.domain.drafts import UpdateDraft, key_from
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignStatus,
    EditClass,
    Update,
    UpdateStatus,
)
from feedsvc.domain.tables.people import Subscription
from feedsvc.errors import Conflict, NotFound
from feedsvc.records import audit, content, feeds
from feedsvc.records.release import release, status_at


def post_update(
    session: Session, slug: str, draft: UpdateDraft, *, site: Site, by: str, now: datetime
) -> Update:
    """Store an update, and release it unless it is a draft or under embargo until `publish_at`."""
    campaign = content.locked(session, Campaign.slug == slug, slug)
    if campaign.status is CampaignStatus.WITHDRAWN:
        raise Conflict("The campaign is withdrawn.", remedy="Reopen it before posting to it.")
    texts = _texts(draft, campaign)
    update = _update(session, campaign, draft, now)
    content.add_update(session, update, [Revision(1, EditClass.SILENT, now, texts)])
    content.enter(session, campaign, update, [text.language for text in texts], site, now)
    audit.note(session, by, "post update", update.uid, now, detail=update.status)
    if update.status is UpdateStatus.PUBLISHED:
        release(session, campaign, update, now)
    return update


def publish(session: Session, uid: str, *, by: str, now: datetime) -> Update:
    """Release a draft, or start its embargo; one that is out already is left alone."""
    update = session.exec(select(Update).where(Update.uid == uid).with_for_update()).first()
    if update is None:
        raise NotFound(f"There is no update {uid!r}.")
    if update.status is UpdateStatus.WITHDRAWN:
        raise Conflict("The update is withdrawn.", remedy="Post a new one.")
    if update.status is UpdateStatus.DRAFT:
        campaign = content.locked(
            session, Campaign.id == update.campaign_id, str(update.campaign_id)
        )
        update.status = status_at(update.publish_at, now)
        audit.note(session, by, "publish update", update.uid, now, detail=update.status)
        if update.status is UpdateStatus.PUBLISHED:
            release(session, campaign, update, now)
    return update


def release_due(session: Session, *, now: datetime) -> int:
    """Release every update whose embargo is over, in the order of their instants; return how many."""
    due = select(Update).where(
        Update.status == UpdateStatus.SCHEDULED, col(Update.publish_at) <= now
    )
    order = (col(Update.publish_at), col(Update.id))
    updates = session.exec(due.order_by(*order).with_for_update(skip_locked=True)).all()
    for campaign_id in sorted({update.campaign_id for update in updates}):  # all locks, then feeds
        content.locked(session, Campaign.id == campaign_id, str(campaign_id))
    for update in updates:
        update.status = UpdateStatus.PUBLISHED
        release(session, session.get_one(Campaign, update.campaign_id), update, now)
    return len(updates)


def estimate(session: Session, campaign_id: int) -> int:
    """Count the subscriptions that are live now: about as many will be mailed."""
    live = select(func.count()).where(
        Subscription.campaign_id == campaign_id,
        col(Subscription.confirmed_at).is_not(None),
        col(Subscription.ended_at).is_(None),
    )
    return session.exec(live).one()


def _texts(draft: UpdateDraft, campaign: Campaign) -> tuple[Text, ...]:
    named = {"title", "body", "summary", "mail_subject"}
    return tuple(
        Text(language, **words.model_dump(include=named))
        for language, words in draft.by_language(campaign.language).items()
    )


def _update(session: Session, campaign: Campaign, draft: UpdateDraft, now: datetime) -> Update:
    content.refuse_future(draft.occurred_on, now)
    return Update(
        uid=feeds.fresh_uid(),
        campaign_id=campaign.id or 0,
        key=_key(session, campaign, draft, now),
        status=UpdateStatus.DRAFT if draft.status == "draft" else status_at(draft.publish_at, now),
        notify=draft.notify,
        occurred_on=draft.occurred_on,
        publish_at=draft.publish_at,
        created_at=now,
    )


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
