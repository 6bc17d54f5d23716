"""What every change of a feed has in common: entries are minted and appear, versions and dates move."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import case, text, update
from sqlmodel import Session, col, func, select

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
from feedsvc.records.locks import hold, insert, on_postgresql

SITE = 0
PLACES = "places"
"""Whose turn it is to come into the archives."""

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
    campaign.updated_at = later(campaign.updated_at, now)
    session.add(campaign)
    for scope in (campaign.id or 0, SITE):
        bump(session, scope, now, urgent=urgent)
    _appear(session, campaign, appearing)
    session.flush()


def move_all(session: Session, now: datetime) -> None:
    """Move all feeds on, archives too: they are written anew, though nothing was published."""
    second = whole(now)
    behind = col(Campaign.updated_at) >= second
    session.execute(
        update(Campaign).values(
            updated_at=case((behind, Campaign.updated_at), else_=second), rewritten_at=second
        )
    )
    following = {"version": FeedVersion.version + 1, "updated_at": now}
    session.execute(update(FeedVersion).where(col(FeedVersion.scope) != SITE).values(**following))
    bump(session, SITE, now)
    session.expire_all()


def later(before: datetime, now: datetime) -> datetime:
    """Return the present second; where a clock is behind, the one after `before`: dates follow bytes."""
    second = whole(now)
    return second if second >= before else before + timedelta(seconds=1)


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
    """Write down how these entries appear; what comes again within its second appears once."""
    if not entries:
        return
    hold(session, PLACES)
    mine = {campaign.id or 0}
    launched = any(entry.kind is EntryKind.LAUNCH for entry in entries)
    found = launches(session, mine, mine if launched else ())
    last = session.exec(select(func.max(Appearance.place))).one() or 0
    for place, entry in enumerate(sorted(entries, key=lambda one: one.tag), start=last + 1):
        about = session.get(Update, entry.update_id) if entry.update_id else None
        launch = entry.kind is EntryKind.LAUNCH
        appearance = _of_this_second(session, entry) or Appearance(
            entry_id=entry.id or 0,
            place=place,
            at=entry.updated_at or campaign.updated_at,
            title="",
        )
        appearance.revision = about.revision if about else 0
        appearance.occurred_on = about.occurred_on if about else campaign.occurred_on
        appearance.title = found.titled(campaign, entry.language).title
        appearance.page = dict(found.page(campaign, entry.language)) if launch else None
        session.add(appearance)


def _of_this_second(session: Session, entry: Entry) -> Appearance | None:
    mine = (Appearance.entry_id == entry.id, Appearance.at == entry.updated_at)
    return session.exec(select(Appearance).where(*mine)).first()
