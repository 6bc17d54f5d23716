"""Make signers in bulk, for benchmarks and drills: confirmed, sealed like everybody else."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy
from sqlmodel import Session, col, select

from feedsvc.config import Settings
from feedsvc.domain import groups
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.people import Cadence, Signature, Signer, Subscription

DOMAIN = "crowd.invalid"


def add_crowd(
    session: Session,
    slug: str,
    keys: Keys,
    settings: Settings,
    *,
    count: int,
    start: int = 0,
    cadences: Sequence[Cadence] = (Cadence.IMMEDIATE,),
    now: datetime,
) -> None:
    """Make `count` confirmed signers, numbered from `start`, subscribed to one campaign."""
    named = select(Campaign).where(Campaign.slug == slug)
    campaign = session.exec(named.with_for_update(key_share=True)).one()
    campaign.signatures += count
    numbers = range(start, start + count)
    shared = _shared(keys, settings, now)
    signers = [shared | _address(keys, number) for number in numbers]
    made = sqlalchemy.insert(Signer.__table__).returning(  # type: ignore[attr-defined]  # SQLModel hides the table
        col(Signer.id), sort_by_parameter_order=True
    )
    ids = session.execute(made, signers).scalars().all()
    subscriptions = [
        _subscription(campaign, signer_id or 0, cadences[number % len(cadences)], now)
        for signer_id, number in zip(ids, numbers, strict=True)
    ]
    session.execute(sqlalchemy.insert(Subscription.__table__), subscriptions)  # type: ignore[attr-defined]  # as above
    signatures = [
        _signature(campaign, signer_id or 0, number, keys, now)
        for signer_id, number in zip(ids, numbers, strict=True)
    ]
    session.execute(sqlalchemy.insert(Signature.__table__), signatures)  # type: ignore[attr-defined]  # as above


def address(number: int) -> str:
    """Return the address of the signer with this number."""
    return f"signer{number}@{DOMAIN}"


def name(number: int) -> str:
    """Return the name of the signer with this number."""
    return f"سلمى {number}" if number % 2 else f"Zoë {number}"


def _shared(keys: Keys, settings: Settings, now: datetime) -> dict[str, object]:
    zone, language = settings.site.time_zone, settings.site.default_language
    return {
        "language_sealed": keys.seal(language, Sealed.LANGUAGE),
        "language_tag": keys.tag(language, Sealed.LANGUAGE),
        "zone_sealed": keys.seal(zone, Sealed.ZONE),
        "zone_tag": keys.tag(zone, Sealed.ZONE),
        "domain_tag": groups.tag(address(0), keys),
        "daily_hour": settings.digest.daily_hour,
        "weekly_day": settings.digest.weekly_day,
        "created_at": now,
        "signed_up_at": now,
        "confirmed_at": now,
    }


def _address(keys: Keys, number: int) -> dict[str, object]:
    written = address(number)
    return {
        "address_index": keys.address_index(written),
        "address_sealed": keys.seal(written, Sealed.ADDRESS),
    }


def _subscription(
    campaign: Campaign, signer_id: int, cadence: Cadence, now: datetime
) -> dict[str, object]:
    return {
        "signer_id": signer_id,
        "campaign_id": campaign.id,
        "cadence": cadence,
        "created_at": now,
        "confirmed_at": now,
        "after_arrival": campaign.last_arrival,
        "consent_source": "crowd",
        "consent_text": "made up",
        "consented_at": now,
    }


def _signature(
    campaign: Campaign, signer_id: int, number: int, keys: Keys, now: datetime
) -> dict[str, object]:
    return {
        "campaign_id": campaign.id,
        "signer_id": signer_id,
        "person_index": keys.address_index(address(number)),
        "name_sealed": keys.seal(name(number), Sealed.NAME),
        "signed_at": now,
        "pending_since": now,
        "confirmed_at": now,
    }
