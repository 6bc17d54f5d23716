"""Choose how often and when: the present choice decides, also for what waits already."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.people import Cadence, Signer, Subscription
from feedsvc.records import due, planning, recalls, subscriptions, welcomes
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


def lessen(
    session: Session, signer_id: int, *, campaigns: Collection[int] | None, cadence: Cadence
) -> None:
    """Write no more often than that; who hears less often, or has paused, is left alone."""
    hold(session, due.TURN)
    mine = subscriptions.still_open(signer_id, campaigns)
    more_often = list(Cadence)[: list(Cadence).index(cadence)]
    for subscription in session.exec(mine.with_for_update()).all():
        if subscription.cadence in more_often:
            subscription.cadence = cadence
            session.flush()
            due.catch_up(session, subscription)


def resume(
    session: Session,
    signer_id: int,
    *,
    campaigns: Collection[int] | None = None,
    now: datetime,
) -> None:
    """End the pauses of this person, of some campaigns or (None) of all; what was held back is due."""
    hold(session, due.TURN)
    mine = subscriptions.still_open(signer_id, campaigns)
    paused = mine.where(col(Subscription.paused_until) > now)
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


def choose_language(session: Session, signer_id: int, *, language: str, keys: Keys) -> None:
    """Change the language of mails planned from now on; what is queued keeps its bytes."""
    signer = session.exec(select(Signer).where(Signer.id == signer_id).with_for_update()).one()
    signer.language_sealed = keys.seal(language, Sealed.LANGUAGE)
    signer.language_tag = keys.tag(language, Sealed.LANGUAGE)


def choose_discretion(
    session: Session, signer_id: int, *, discreet: bool, by_link: int | None = None
) -> None:
    """Let mails say what they are about, or not; what is queued and would tell is planned again.

    But not the fresh link that it was done by: that one is there, whatever the queue says.
    """
    planning.pause(session)
    signer = session.exec(select(Signer).where(Signer.id == signer_id).with_for_update()).one()
    telling = discreet and not signer.discreet
    signer.discreet = discreet
    if telling:
        due.hold_started(session, signer_id)
        mine = session.exec(subscriptions.still_open(signer_id, None).with_for_update()).all()
        due.put_back(session, [subscription.id or 0 for subscription in mine])
        welcomes.take_back(session, signer_id)
        recalls.questions(session, signer)
        recalls.links(session, signer, but=by_link)
