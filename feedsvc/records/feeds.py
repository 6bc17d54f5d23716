"""What every change of a feed has in common: entries are minted and appear, versions and dates move."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, func, select

from feedsvc.config import Site
from feedsvc.domain.tables.content import (
    Appearance,
    Campaign,
    Entry,
    EntryKind,
    FeedVersion,
    Update,
)
from feedsvc.gateways.database.watches import TELL
from feedsvc.records.facts import tag_authority
from feedsvc.records.launches import launches
from feedsvc.records.locks import insert, on_postgresql

SITE = 0

# How the tags of entries end that are not of an update or a launch: these had no ending first.
_ENDINGS = {
    EntryKind.CORRECTION: "/correction/{number}",
    EntryKind.WITHDRAWAL: "/withdrawal/{number}",
    EntryKind.END: "/end/{number}",
}


def fresh_uid() -> str:
    """Make a name for a campaign or an update that nobody else has."""
    return secrets.token_hex(8)


def mint(
    session: Session,
    campaign: Campaign,
    update: Update | None,
    language: str,
    *,
    site: Site,
    now: datetime,
    kind: EntryKind,
    number: int = 0,
    plain: bool = False,
) -> Entry:
    """Make an entry about an update (or about the campaign) in one language; its tag never changes."""
    uid = update.uid if update else campaign.uid
    ending = _ENDINGS.get(kind, "").format(number=number)
    entry = Entry(
        campaign_id=campaign.id or 0,
        update_id=update.id if update else None,
        kind=kind,
        number=number,
        language=language,
        plain=plain,
        tag=f"tag:{tag_authority(session, site, now)}:{uid}/{language}{ending}",
    )
    session.add(entry)
    session.flush()
    return entry


def move(
    session: Session,
    campaign: Campaign,
    now: datetime,
    *,
    appearing: Sequence[Entry] = (),
    urgent: bool = False,
) -> None:
    """Move the feeds of a campaign and of the site on: their bytes are about to differ.

    The entries that are `appearing` are new at their head, or have come back there. `urgent`: something
    was taken back.
    """
    campaign.updated_at = max(campaign.updated_at, whole(now))
    session.add(campaign)
    for scope in (campaign.id or 0, SITE):
        bump(session, scope, now, urgent=urgent)
    _appear(session, campaign, appearing)
    session.flush()


def whole(moment: datetime) -> datetime:
    """Cut an instant to whole seconds, as feeds write it."""
    return moment.replace(microsecond=0)


def bump(session: Session, scope: int, now: datetime, *, urgent: bool = False) -> None:
    """Move the version of one scope on."""
    first = {"version": 1, "updated_at": now, "urgent": int(urgent)}
    following = FeedVersion.version + 1
    moved = {"version": following, "updated_at": now} | ({"urgent": following} if urgent else {})
    row = insert(session, FeedVersion).values(scope=scope, **first)
    session.execute(row.on_conflict_do_update(index_elements=["scope"], set_=moved))
    if scope == SITE and on_postgresql(session):
        session.execute(text(TELL))


def _appear(session: Session, campaign: Campaign, entries: Sequence[Entry]) -> None:
    """Write down how these entries appear; the lock on the site's version keeps places in order."""
    if not entries:
        return
    mine = {campaign.id or 0}
    launched = any(entry.kind is EntryKind.LAUNCH for entry in entries)
    found = launches(session, mine, mine if launched else ())
    last = session.exec(select(func.max(Appearance.place))).one() or 0
    for place, entry in enumerate(sorted(entries, key=lambda one: one.tag), start=last + 1):
        update = session.get(Update, entry.update_id) if entry.update_id else None
        launch = entry.kind is EntryKind.LAUNCH
        session.add(
            Appearance(
                entry_id=entry.id or 0,
                place=place,
                at=entry.updated_at or campaign.updated_at,
                revision=update.revision if update else 0,
                occurred_on=update.occurred_on if update else campaign.occurred_on,
                title=found.titled(campaign, entry.language).title,
                page=dict(found.page(campaign, entry.language)) if launch else None,
            )
        )
