"""Where one person stands and why: all that is on record under the keyed hash of their address."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from feedsvc.domain import cadence as calendar
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.content import Campaign, Update
from feedsvc.domain.tables.doors import Confirmation
from feedsvc.domain.tables.ledger import Lane, Mail
from feedsvc.domain.tables.people import (
    Signature,
    Signer,
    Subscription,
    Suppression,
)
from feedsvc.errors import FeedsvcError, NotFound
from feedsvc.records.deliveries import Carried, Reader, Stand, absence, carried, count, deliveries
from feedsvc.records.senders import trouble

SERVICE_MAILS = 5


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a signer, but for who it is.

    `asked` says how often they were asked for what waits for their yes, `asked_at` when last, and
    `link_until` how long they may say it; `to_be_asked_at` is when they are asked, or reminded.
    """

    id: int
    known_since: datetime
    confirmed_at: datetime | None
    to_be_asked_at: datetime | None
    asked: int
    asked_at: datetime | None
    link_until: datetime | None
    zone: str
    daily_hour: int
    weekly_day: int


@dataclass(frozen=True, slots=True)
class Signed:
    """A name under a campaign."""

    campaign: str
    signed_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wish:
    """A subscription."""

    campaign: str
    cadence: str
    asked_at: datetime
    confirmed_at: datetime | None
    paused_until: datetime | None
    ended_at: datetime | None
    ending: str | None
    left_because: str | None
    consent_source: str


@dataclass(frozen=True, slots=True)
class Ban:
    """A suppression; its reason holds what evidence there was."""

    reach: str
    reason: str
    since: datetime
    lifted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it. `deliveries` are the newest of `of_deliveries`, or those of the update asked for.

    `absent` says why that update has no delivery for this person.
    """

    person: Person | None
    signatures: list[Signed]
    subscriptions: list[Wish]
    suppressions: list[Ban]
    service_mails: list[Carried]
    deliveries: list[Stand]
    of_deliveries: int
    absent: str
    trouble: str

    @property
    def known(self) -> bool:
        """Whether anything is on record."""
        return bool(self.person or self.signatures or self.suppressions)


def standing(
    session: Session,
    keys: Keys,
    address: str,
    update_uid: str | None = None,
    *,
    settle: timedelta,
    limit: int | None = None,
    now: datetime,
) -> Standing:
    """Look up where whoever has this address stands, with everything or with one update.

    Raises NotFound when there is no such update.
    """
    update = _update(session, update_uid)
    index = keys.address_index(address)
    signer = session.exec(select(Signer).where(Signer.address_index == index)).first()
    signer_id = (signer and signer.id) or 0
    bans = _bans(session, index)
    found = []
    if signer:
        suppressed = any(ban.lifted_at is None for ban in bans)
        reader = Reader(signer, _zone(keys, signer), suppressed)
        found = deliveries(session, reader, update, settle=settle, limit=limit, now=now)
    return Standing(
        person=_person(session, keys, signer, now) if signer else None,
        signatures=_signatures(session, index),
        subscriptions=_wishes(session, signer_id),
        suppressions=bans,
        service_mails=_service_mails(session, signer_id, now),
        deliveries=found,
        of_deliveries=count(session, signer_id),
        absent=absence(session, update, signer_id) if update and not found else "",
        trouble=trouble(session, now) or "",
    )


def _update(session: Session, uid: str | None) -> Update | None:
    if uid is None:
        return None
    found = session.exec(select(Update).where(Update.uid == uid)).first()
    if found is None:
        raise NotFound(f"There is no update {uid!r}.", remedy="`feedsvc books` lists all.")
    return found


def _bans(session: Session, index: bytes) -> list[Ban]:
    on_record = select(Suppression).where(Suppression.address_index == index)
    rows = session.exec(on_record.order_by(col(Suppression.id).desc())).all()
    return [Ban(row.reach, row.reason, row.created_at, row.lifted_at) for row in rows]


def _person(session: Session, keys: Keys, signer: Signer, now: datetime) -> Person:
    link = _link(session, signer, now)
    return Person(
        id=signer.id or 0,
        known_since=signer.created_at,
        confirmed_at=signer.confirmed_at,
        to_be_asked_at=signer.ask_at,
        asked=signer.asks,
        asked_at=link.created_at if link else None,
        link_until=link.expires_at if link else None,
        zone=_zone(keys, signer),
        daily_hour=signer.daily_hour,
        weekly_day=signer.weekly_day,
    )


def _link(session: Session, signer: Signer, now: datetime) -> Confirmation | None:
    """Return the newest question that they may still say yes to."""
    open_ = select(Confirmation).where(
        Confirmation.signer_id == signer.id,
        col(Confirmation.used_at).is_(None),
        col(Confirmation.expires_at) > now,
    )
    return session.exec(open_.order_by(col(Confirmation.id).desc()).limit(1)).first()


def _zone(keys: Keys, signer: Signer) -> str:
    """Open the zone; one that is damaged must not hide the rest."""
    try:
        zone = keys.unseal(signer.zone_sealed or b"", Sealed.ZONE)
    except (FeedsvcError, ValueError):
        return "UTC"
    return zone if zone in calendar.zones() else "UTC"


def _signatures(session: Session, index: bytes) -> list[Signed]:
    rows = session.exec(
        select(Signature, Campaign.slug)
        .join(Campaign, col(Campaign.id) == Signature.campaign_id)
        .where(Signature.person_index == index, col(Signature.campaign_id).in_(select(Campaign.id)))
        .order_by(col(Signature.id))
    ).all()
    return [Signed(slug, row.signed_at, row.confirmed_at) for row, slug in rows]


def _wishes(session: Session, signer_id: int) -> list[Wish]:
    rows = session.exec(
        select(Subscription, Campaign.slug)
        .join(Campaign, col(Campaign.id) == Subscription.campaign_id)
        .where(Subscription.signer_id == signer_id)
        .order_by(col(Subscription.id).desc())
    ).all()
    return [_wish(row, slug) for row, slug in rows]


def _wish(row: Subscription, slug: str) -> Wish:
    return Wish(
        campaign=slug,
        cadence=row.cadence,
        asked_at=row.created_at,
        confirmed_at=row.confirmed_at,
        paused_until=row.paused_until,
        ended_at=row.ended_at,
        ending=row.ending,
        left_because=row.left_because,
        consent_source=row.consent_source,
    )


def _service_mails(session: Session, signer_id: int, now: datetime) -> list[Carried]:
    newest = (
        select(Mail)
        .where(Mail.signer_id == signer_id, Mail.lane == Lane.SERVICE)
        .order_by(col(Mail.id).desc())
        .limit(SERVICE_MAILS)
    )
    return [carried(mail, now) for mail in session.exec(newest).all()]
