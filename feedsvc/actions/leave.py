"""Stop the mail, for good or for a while. Leaving always works, and twice is the same as once."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.doors import Confirmation
from feedsvc.domain.tables.ledger import ASKING, DigestEntry, Lane, Mail, Notice, Withheld
from feedsvc.domain.tables.people import (
    Because,
    Ending,
    Reach,
    Signature,
    Signer,
    Subscription,
    Suppression,
)
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.gateways.database import journalled
from feedsvc.records import (
    changes,
    due,
    erasing,
    facts,
    leaves,
    pending,
    subscriptions,
    welcomes,
    wiping,
)
from feedsvc.records.locks import hold, insert


def leave(
    session: Session,
    signer_id: int,
    *,
    campaigns: Collection[int] | None,
    link: bytes | None = None,
    now: datetime,
) -> None:
    """Stop the mail, of some campaigns or (None) of all. Leaving twice changes nothing.

    `link` marks the link in a mail that it is done with: by that one it can be taken back. Who leaves
    everything is not asked to confirm any more either; what they signed waits unasked.
    """
    ending = _open(session, signer_id, campaigns)
    for subscription in ending:
        arrival = _last_arrival(session, subscription.campaign_id)
        subscription.end(Ending.LEFT, arrival, now)
        subscription.left_by = link
    session.flush()
    due.withhold(session, _ids(ending), Withheld.LEFT)
    welcomes.take_back(session, signer_id)
    if campaigns is None or not pending.campaigns(session, signer_id, now):
        _ask_no_more(session, signer_id)
    _journal(session, signer_id, "left", ending, now)


def undo(
    session: Session,
    signer_id: int,
    *,
    campaigns: Collection[int] | None,
    left_at: datetime,
    link: bytes | None = None,
    now: datetime,
) -> list[int]:
    """Take back the leave of `left_at` with this link, of some campaigns or (None) of all; return what lives again.

    For a day. Only what that leave ended is reopened, and only what it withheld waits again: what
    arrived meanwhile is not heard of. Twice is the same as once, and so is another moment as none.
    """
    hold(session, due.TURN)
    signer = session.get(Signer, signer_id, with_for_update={"key_share": True})
    if signer is None or not leaves.undoable(session, signer, left_at, now):
        return []
    mine = subscriptions.all_of(signer_id, campaigns).with_for_update()
    rows = {row.id or 0: row for row in session.exec(mine).all()}
    ended = [row for row in rows.values() if leaves.by(row, left_at, link)]
    reopening = [row for row in ended if row.successor_id is None]
    for subscription in reopening:
        _reopen(session, subscription, rows, now)
    _journal(session, signer_id, "undone", reopening, now)
    return [row.campaign_id for row in ended if rows[row.successor_id or 0].live]


def because(
    session: Session,
    signer_id: int,
    *,
    campaigns: Collection[int] | None,
    left_at: datetime,
    link: bytes | None = None,
    why: Because,
    now: datetime,
) -> bool:
    """Note why a person left at `left_at`, within a day; return whether that was a leave of theirs."""
    mine = subscriptions.all_of(signer_id, campaigns).with_for_update()
    fresh = left_at <= now < left_at + leaves.UNDO
    ended = [row for row in session.exec(mine).all() if fresh and leaves.by(row, left_at, link)]
    for subscription in ended:
        subscription.left_because = why
    return bool(ended)


def never(session: Session, signer_id: int, *, now: datetime) -> bool:
    """Stop everything and never write to this address again: it did not ask, and nothing waits for it.

    Whether that is so from now on: an address of which nothing is left cannot be known again.
    """
    leave(session, signer_id, campaigns=None, now=now)
    due.cancel(session, (col(Mail.signer_id) == signer_id) & (col(Mail.lane) == Lane.SERVICE))
    addresses = _addresses(session, signer_id)
    for address in addresses:
        row = insert(session, Suppression).values(
            address_index=address,
            reach=Reach.ALL,
            reason="asked never to be written",
            created_at=now,
        )
        session.execute(row.on_conflict_do_nothing())
        wiping.moves(session, address)
        journalled(session, f"{now.isoformat()} never {address.hex()}")
    if addresses:
        _forget_what_waits(session, signer_id, now)
    return bool(addresses) or _erased(session, signer_id)


def pause(
    session: Session,
    signer_id: int,
    *,
    campaigns: Collection[int] | None,
    until: datetime,
    only_longer: bool = False,
) -> None:
    """Hold the mail back until `until`; what is in the queue and has not started waits again.

    `only_longer`: a pause that lasts longer stays as it is.
    """
    pausing = _open(session, signer_id, campaigns)
    for subscription in pausing:
        longer = subscription.paused_until if only_longer else None
        subscription.paused_until = max(until, longer or until)
    session.flush()
    due.put_back(session, _ids(pausing))
    welcomes.take_back(session, signer_id)


def campaigns_of(session: Session, token: Token) -> list[int] | None:
    """Return the campaigns that a leaving token speaks of; None: all of them."""
    if token.purpose is Purpose.LEAVE_CAMPAIGN:
        return [token.scope]
    if token.purpose is Purpose.LEAVE_MAIL:
        spoken_of = (
            select(Notice.campaign_id)
            .join(DigestEntry, col(DigestEntry.notice_id) == Notice.id)
            .where(DigestEntry.digest_id == token.scope)
            .distinct()
        )
        entered = session.exec(spoken_of).all()
        return list(entered) or welcomes.spoken_of(session, token.scope)
    return None


def known(session: Session, token: Token) -> bool:
    """Whether the signer of a genuine token is still on record."""
    return session.get(Signer, token.subject) is not None


def _ask_no_more(session: Session, signer_id: int) -> None:
    """Take back the mail that asks for a yes, and its reminder; who is being asked right now is waited for."""
    asking = col(Signer.id) == signer_id, col(Signer.ask_at).is_not(None)
    session.execute(update(Signer).where(*asking).values(ask_at=None))
    due.cancel(session, (col(Mail.signer_id) == signer_id) & col(Mail.kind).in_(ASKING))


def _addresses(session: Session, signer_id: int) -> Sequence[bytes]:
    """Return the hashes of a person's addresses; of one that is forgotten while it counts as asked."""
    signer = session.get(Signer, signer_id, with_for_update={"key_share": True})
    known = changes.addresses(session, signer) if signer else []
    asked = select(Confirmation.address_index).where(
        Confirmation.signer_id == signer_id, col(Confirmation.address_index).is_not(None)
    )
    return known or [index for index in session.exec(asked.limit(1)).all() if index is not None]


def _forget_what_waits(session: Session, signer_id: int, now: datetime) -> None:
    """Let nothing count that waits for a yes; of one who never said yes nothing is kept."""
    signer = session.get_one(Signer, signer_id)
    if signer.confirmed_at is None:
        erasing.person(session, signer, now)
        facts.owe_a_wipe(session)
        return
    waiting = (col(Signature.signer_id) == signer_id) & col(Signature.confirmed_at).is_(None)
    session.execute(delete(Signature).where(waiting))
    unused = (col(Confirmation.signer_id) == signer_id) & col(Confirmation.used_at).is_(None)
    session.execute(update(Confirmation).where(unused).values(expires_at=now))


def _erased(session: Session, signer_id: int) -> bool:
    signer = session.get(Signer, signer_id)
    return signer is not None and signer.erased_at is not None


def _open(
    session: Session, signer_id: int, campaigns: Collection[int] | None
) -> Sequence[Subscription]:
    mine = subscriptions.still_open(signer_id, campaigns)
    return session.exec(mine.with_for_update()).all()


def _last_arrival(session: Session, campaign_id: int) -> int:
    """Read the newest arrival under a shared lock: what arrives from now on comes after leaving."""
    arrival = select(Campaign.last_arrival).where(Campaign.id == campaign_id)
    return session.exec(arrival.with_for_update(read=True)).one()


def _ids(rows: Sequence[Subscription]) -> list[int]:
    return [subscription.id or 0 for subscription in rows]


def _reopen(
    session: Session, ended: Subscription, rows: dict[int, Subscription], now: datetime
) -> None:
    """Give what has ended a successor, new unless its person is back already, and let it catch up."""
    again = _live_again(session, ended, rows, now)
    rows[again.id or 0] = again
    before = [ended, *(row for row in rows.values() if row.successor_id == ended.id)]
    for row in before:
        row.successor_id = again.id
    session.flush()
    due.hand_over(session, ended.id or 0, again)


def _live_again(
    session: Session, ended: Subscription, rows: dict[int, Subscription], now: datetime
) -> Subscription:
    """Find or make what lives; a wish that waits for a yes makes way, since this is one."""
    arrival = _last_arrival(session, ended.campaign_id)
    for row in rows.values():
        if row.campaign_id == ended.campaign_id and row.live:
            return row
        if row.campaign_id == ended.campaign_id:
            row.end(Ending.REPLACED, arrival, now)
    session.flush()
    again = leaves.successor(ended, arrival, now)
    session.add(again)
    session.flush()
    return again


def _journal(
    session: Session, signer_id: int, what: str, rows: Sequence[Subscription], now: datetime
) -> None:
    if not rows:
        return
    address = session.exec(select(Signer.address_index).where(Signer.id == signer_id)).first()
    ids = [subscription.campaign_id for subscription in rows]
    uids = session.exec(select(Campaign.uid).where(col(Campaign.id).in_(ids))).all()
    if address is not None:
        journalled(session, f"{now.isoformat()} {what} {address.hex()} {','.join(sorted(uids))}")
