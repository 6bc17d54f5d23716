"""Publish updates: store them, give them their arrival number, and move the feeds."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain.content import Text, UpdateFile
from feedsvc.domain.dates import EventDate
from feedsvc.domain.drafts import UpdateDraft, key_from
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignStatus,
    Update,
    UpdateStatus,
)
from feedsvc.domain.tables.people import Subscription
from feedsvc.errors import Conflict, NotFound
from feedsvc.records import audit, content
from feedsvc.records.release import bring_in, release, status_at

TIMETABLE = "timetable"
"""Who is named in the audit for what happens by itself."""


def post_update(
    session: Session, slug: str, draft: UpdateDraft, *, site: Site, by: str, now: datetime
) -> Update:
    """Store an update, and release it unless it is a draft or under embargo until `publish_at`."""
    campaign = content.locked(session, Campaign.slug == slug, slug)
    content.refuse_withdrawn(campaign)
    content.refuse_future(draft.occurred_on, now)
    update = bring_in(session, campaign, _given(session, campaign, draft, now), site, now)
    audit.note(session, by, "post update", update.uid, now, detail=update.status)
    return update


def publish(session: Session, uid: str, *, by: str, now: datetime) -> Update:
    """Release a draft, or start its embargo; one that is out already is left alone."""
    known = select(Update).where(Update.uid == uid)
    found = session.exec(known).first()
    if found is None:
        raise NotFound(f"There is no update {uid!r}.")
    mine = Campaign.id == found.campaign_id
    campaign = content.locked(session, mine, str(found.campaign_id))  # first, as everybody does
    update = session.exec(content.locking(known)).one()
    if update.status is UpdateStatus.WITHDRAWN:
        raise Conflict("The update is withdrawn.", remedy="Post a new one.")
    if update.status is UpdateStatus.DRAFT:
        content.refuse_withdrawn(campaign)
        update.status = status_at(update.publish_at, now)
        audit.note(session, by, "publish update", update.uid, now, detail=update.status)
        if update.status is UpdateStatus.PUBLISHED:
            release(session, campaign, update, now)
    return update


def release_due(session: Session, *, now: datetime) -> int:
    """Release every update whose embargo is over, in the order of their instants; return how many.

    One of a campaign that was withdrawn meanwhile becomes a draft again: were it left to wait, it
    would be mailed, long after its instant, the second the campaign is reopened.
    """
    due = select(Update).where(
        Update.status == UpdateStatus.SCHEDULED, col(Update.publish_at) <= now
    )
    order = (col(Update.publish_at), col(Update.id))
    updates = session.exec(content.locking(due.order_by(*order), skip_locked=True)).all()
    campaigns = {  # all locks, then feeds
        campaign_id: content.locked(session, Campaign.id == campaign_id, str(campaign_id))
        for campaign_id in sorted({update.campaign_id for update in updates})
    }
    for update in updates:
        _end_embargo(session, campaigns[update.campaign_id], update, now)
    return sum(update.status is UpdateStatus.PUBLISHED for update in updates)


def estimate(session: Session, campaign_id: int) -> int:
    """Count the subscriptions that are live now: about as many will be mailed."""
    live = select(func.count()).where(
        Subscription.campaign_id == campaign_id,
        col(Subscription.confirmed_at).is_not(None),
        col(Subscription.ended_at).is_(None),
    )
    return session.exec(live).one()


def _end_embargo(session: Session, campaign: Campaign, update: Update, now: datetime) -> None:
    if campaign.status is CampaignStatus.WITHDRAWN:
        update.status = UpdateStatus.DRAFT
        audit.note(session, TIMETABLE, "hold back update", update.uid, now, "campaign withdrawn")
    else:
        update.status = UpdateStatus.PUBLISHED
        release(session, campaign, update, now)


def _given(session: Session, campaign: Campaign, draft: UpdateDraft, now: datetime) -> UpdateFile:
    return UpdateFile(
        key=_key(session, campaign, draft, now),
        texts=_texts(draft, campaign),
        status=UpdateStatus(draft.status),
        notify=draft.notify,
        occurred_on=EventDate.parse(draft.occurred_on) if draft.occurred_on else None,
        publish_at=draft.publish_at,
    )


def _texts(draft: UpdateDraft, campaign: Campaign) -> tuple[Text, ...]:
    named = {"title", "body", "summary", "mail_subject"}
    return tuple(
        Text(language, **words.model_dump(include=named))
        for language, words in draft.by_language(campaign.language).items()
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
