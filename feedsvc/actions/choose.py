"""Choose how often and when: the present choice decides, also for what waits already."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.people import Cadence, Signer, Subscription
from feedsvc.records import due, subscriptions
from feedsvc.records.locks import hold


def choose_cadence(
    session: Session, signer_id: int, *, campaigns: Collection[int] | None, cadence: Cadence
) -> None:
    """Change how often this person hears of some campaigns or (None) of all."""
    hold(session, due.TURN)
    mine = subscriptions.still_open(signer_id, campaigns)
    for subscription in session.exec(mine.with_for_update()).all():
        subscription.cadence, subscription.paused_until = cadence, None
        session.flush()
        due.catch_up(session, subscription)


def resume(session: Session, signer_id: int, *, now: datetime) -> None:
    """End every pause of this person; what was held back is due by its cadence."""
    hold(session, due.TURN)
    paused = select(Subscription).where(
        Subscription.signer_id == signer_id, col(Subscription.paused_until) > now
    )
    for subscription in session.exec(paused.with_for_update()).all():
        subscription.paused_until = None
        session.flush()
        due.catch_up(session, subscription)


def choose_time(
    session: Session, signer_id: int, *, zone: str, hour: int, weekday: int, keys: Keys
) -> None:
    """Change the zone, hour and weekday of a person's digests."""
    signer = session.exec(select(Signer).where(Signer.id == signer_id).with_for_update()).one()
    signer.zone_sealed = keys.seal(zone, Sealed.ZONE)
    signer.zone_tag = keys.tag(zone, Sealed.ZONE)
    signer.daily_hour, signer.weekly_day = hour, weekday
