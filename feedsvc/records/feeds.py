"""What every change of a feed has in common: entries are minted, versions and dates move."""

import secrets
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from feedsvc.config import Site
from feedsvc.domain.tables.content import Campaign, Entry, EntryKind, FeedVersion
from feedsvc.gateways.database.watches import TELL
from feedsvc.records.facts import tag_authority
from feedsvc.records.locks import insert, on_postgresql

SITE = 0


def fresh_uid() -> str:
    """Make a name for a campaign or an update that nobody else has."""
    return secrets.token_hex(8)


def mint(
    session: Session,
    campaign: Campaign,
    site: Site,
    language: str,
    now: datetime,
    *,
    uid: str,
    update_id: int | None = None,
) -> Entry:
    """Make the entry of an update (or of the launch) in one language; its tag never changes."""
    tag = f"tag:{tag_authority(session, site, now)}:{uid}/{language}"
    kind = EntryKind.UPDATE if update_id else EntryKind.LAUNCH
    entry = Entry(
        campaign_id=campaign.id or 0, update_id=update_id, kind=kind, language=language, tag=tag
    )
    session.add(entry)
    session.flush()
    return entry


def move(session: Session, campaign: Campaign, now: datetime) -> None:
    """Move the feeds of a campaign and of the site on: their bytes are about to differ."""
    campaign.updated_at = max(campaign.updated_at, whole(now))
    session.add(campaign)
    for scope in (campaign.id or 0, SITE):
        bump(session, scope, now)
    session.flush()


def whole(moment: datetime) -> datetime:
    """Cut an instant to whole seconds, as feeds write it."""
    return moment.replace(microsecond=0)


def bump(session: Session, scope: int, now: datetime) -> None:
    """Move the version of one scope on."""
    row = insert(session, FeedVersion).values(scope=scope, version=1, updated_at=now)
    moved = {"version": FeedVersion.version + 1, "updated_at": now}
    session.execute(row.on_conflict_do_update(index_elements=["scope"], set_=moved))
    if scope == SITE and on_postgresql(session):
        session.execute(text(TELL))
