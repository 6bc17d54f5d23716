"""Replay who left, came back, asked never to be written to, or was erased.

Each line is about rows that were there at its time, so replaying it again changes nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from feedsvc.domain.journal import Line
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.ledger import Delivery, DeliveryState, Withheld
from feedsvc.domain.tables.people import Ending, Reach, Signer, Subscription, Suppression
from feedsvc.records import due, erasing, facts, leaves, returns, wiping
from feedsvc.records.locks import insert

NEVER = "asked never to be written"


def known_then(session: Session, hashes: Iterable[bytes], at: datetime) -> Signer | None:
    """Find whom a line is about, under the newest hash that is known here.

    Who has the address since is somebody else, or came back.
    """
    known = select(Signer).where(col(Signer.created_at) <= at)
    found = (session.exec(known.where(Signer.address_index == one)).first() for one in hashes)
    return next(filter(None, found), None)


def erase(session: Session, signer: Signer | None, indexes: Iterable[bytes], at: datetime) -> None:
    """Erase again, under each hash that the person was known by."""
    if signer is not None:
        erasing.person(session, signer, at)
    for index in indexes:
        erasing.address(session, index, at)
    facts.owe_a_wipe(session)


def never(session: Session, signer: Signer | None, indexes: Iterable[bytes], at: datetime) -> None:
    """End every wish of that time, and do not write again."""
    if signer is not None:
        mine = col(Subscription.signer_id) == signer.id
        _end(session, mine, at)
        wiping.service_mails(session, [signer.id or 0])
    for index in indexes:
        row = insert(session, Suppression).values(
            address_index=index, reach=Reach.ALL, reason=NEVER, created_at=at
        )
        session.execute(row.on_conflict_do_nothing())


def lift(session: Session, indexes: Sequence[bytes], at: datetime) -> None:
    """Let an address be written to again."""
    barred = select(Suppression).where(
        col(Suppression.address_index).in_(indexes),
        Suppression.reach == Reach.ALL,
        col(Suppression.lifted_at).is_(None),
        col(Suppression.created_at) <= at,
    )
    for suppression in session.exec(barred).all():
        suppression.lifted_at = at


def leave(session: Session, signer_id: int, line: Line) -> None:
    """End the wishes for some campaigns again."""
    _end(session, (col(Subscription.signer_id) == signer_id) & _of(line.about), line.at)


def _end(session: Session, theirs: ColumnElement[bool], at: datetime) -> None:
    """End the wishes of that time, and withhold what was not sent."""
    open_then = select(Subscription).where(
        theirs, col(Subscription.ended_at).is_(None), col(Subscription.created_at) <= at
    )
    ending = session.exec(open_then).all()
    for subscription in ending:
        arrival = select(Campaign.last_arrival).where(Campaign.id == subscription.campaign_id)
        subscription.end(Ending.LEFT, session.exec(arrival).one(), at)
    session.flush()
    due.withhold(session, [one.id or 0 for one in ending], Withheld.LEFT)


def come_back(session: Session, signer: Signer, line: Line) -> None:
    """Begin again with some campaigns, from now on, unless that is known here or was overtaken."""
    since = select(Subscription.campaign_id).where(
        Subscription.signer_id == signer.id, col(Subscription.confirmed_at) >= line.at
    )
    known = set(session.exec(since).all())
    named = select(Campaign.id).where(col(Campaign.uid).in_(line.about))
    for campaign_id in session.exec(named.order_by(col(Campaign.id))).all():
        if campaign_id not in known:
            returns.come_back(session, signer, campaign_id or 0, line.at)
    session.flush()


def undo(session: Session, signer_id: int, line: Line) -> None:
    """Take back a leave that the database knew already: a successor goes on."""
    left = select(Subscription).where(
        col(Subscription.signer_id) == signer_id,
        _of(line.about),
        Subscription.ending == Ending.LEFT,
        col(Subscription.ended_at) <= line.at,
        col(Subscription.ended_at) > line.at - leaves.UNDO,
        col(Subscription.successor_id).is_(None),
    )
    newest = {
        one.campaign_id: one for one in session.exec(left.order_by(col(Subscription.id))).all()
    }
    for campaign_id, old in newest.items():
        if not _wished(session, signer_id, campaign_id):
            _succeed(session, old, line.at)


def _wished(session: Session, signer_id: int, campaign_id: int) -> bool:
    still_open = select(Subscription.id).where(
        Subscription.signer_id == signer_id,
        Subscription.campaign_id == campaign_id,
        col(Subscription.ended_at).is_(None),
    )
    return session.exec(still_open).first() is not None


def _succeed(session: Session, old: Subscription, at: datetime) -> None:
    arrival = select(Campaign.last_arrival).where(Campaign.id == old.campaign_id)
    new = Subscription(
        signer_id=old.signer_id,
        campaign_id=old.campaign_id,
        cadence=old.cadence,
        created_at=at,
        confirmed_at=at,
        after_arrival=session.exec(arrival).one(),
        consent_source=old.consent_source,
        consent_text=old.consent_text,
        consented_at=old.consented_at,
    )
    session.add(new)
    session.flush()
    old.successor_id = new.id
    session.execute(
        update(Delivery)
        .where(
            col(Delivery.subscription_id) == old.id,
            col(Delivery.state) == DeliveryState.WITHHELD,
            col(Delivery.reason) == Withheld.LEFT,
        )
        .values(subscription_id=new.id, state=DeliveryState.WAITING, reason=None)
    )
    due.catch_up(session, new)


def _of(uids: Sequence[str]) -> ColumnElement[bool]:
    return col(Subscription.campaign_id).in_(select(Campaign.id).where(col(Campaign.uid).in_(uids)))
