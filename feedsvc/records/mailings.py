"""Mailings as a whole: stopping them, and letting them go on."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import exists, or_
from sqlmodel import Session, col, select

from feedsvc.domain import halts
from feedsvc.domain.tables.ledger import Delivery, Mail, MailState, Notice, Slot, Withheld
from feedsvc.domain.tables.people import Cadence
from feedsvc.records import due, shares
from feedsvc.records.locks import hold

log = structlog.get_logger()


def those(session: Session, condition: Any) -> Sequence[Notice]:
    """Find notices to be steered: the turns first, then the rows, in the order of everybody else."""
    hold(session, due.TURN)
    hold(session, due.STARTS)
    chosen = select(Notice).where(condition).order_by(col(Notice.id))
    return session.exec(chosen.with_for_update(key_share=True)).all()


def reached(session: Session, update_id: int) -> bool:
    """Whether anybody was sent a mail about an update, or may have been."""
    gone = (MailState.SENDING, MailState.SENT, MailState.UNKNOWN)
    found = (
        select(Delivery.signer_id)
        .join(Notice, col(Notice.id) == Delivery.notice_id)
        .join(Mail, col(Mail.id) == Delivery.mail_id)
        .where(Notice.update_id == update_id, col(Mail.state).in_(gone))
    )
    return session.exec(found.limit(1)).first() is not None


def concern(session: Session, update_id: int) -> bool:
    """Whether anybody is mailed about an update, or may be: those who are eligible are not counted yet."""
    somebody = or_(col(Notice.eligible).is_(None), col(Notice.eligible) > 0)
    found = select(Notice.id).where(Notice.update_id == update_id, somebody)
    return session.exec(found.limit(1)).first() is not None


def stop(
    session: Session, notices: Iterable[Notice], now: datetime, *, halted: str | None = None
) -> list[Notice]:
    """Pause mailings, by hand or because something speaks against them; return which went on before.

    No mail with them starts after this. What is in the queue already is swept out of it.
    """
    stopping = [notice for notice in notices if not notice.stopped]
    for notice in stopping:
        notice.paused_at, notice.halted, notice.swept = now, halted, 0
        if halted is not None:
            log.error("mailing halted", notice=notice.id, why=halted)
    _let_follow(session, stopping, now)
    return stopping


def cancel(session: Session, notices: Iterable[Notice], why: Withheld, now: datetime) -> None:
    """Cancel mailings: whoever was not sent them will not be."""
    cancelling = [notice for notice in notices if notice.cancelled is None]
    for notice in cancelling:
        notice.cancelled, notice.swept = why, 0
    _let_follow(session, cancelling, now)


def resume(session: Session, notices: Iterable[Notice], now: datetime) -> None:
    """Let mailings go on; one that was halted, or had not proven itself, begins with a share again.

    What happened before is no longer held against it: somebody has looked at it.
    """
    resuming = list(notices)
    for notice in resuming:
        notice.slowly = notice.slowly or notice.halted is not None
        if notice.halted is not None or notice.share is not None:
            notice.share, notice.allowance = 0, 0
        shares.mark_here(session, notice, now)
        notice.paused_at, notice.halted, notice.swept = None, None, 0
    _run_again(session, resuming, now)


def prove(session: Session, notice: Notice, now: datetime, *, tried: bool) -> None:
    """Let the rest follow a share that went well, or after a halt a larger share.

    A share of which nothing was `tried`, since all of it was cancelled, proves nothing: once more.
    """
    going = [notice, *_held_up(session, notice)]
    _sweep_again(session, going, notice.share_at or now)
    following = notice.share
    if tried:
        larger = halts.next_share(notice.share or 0, notice.eligible or 0)
        following = larger if notice.slowly else None
    notice.share, notice.allowance = following, following or 0
    _run_again(session, going, now)


def _let_follow(session: Session, notices: Iterable[Notice], now: datetime) -> None:
    """Let go what these held up: it has been passed by because of them."""
    for notice in notices:
        following = _held_up(session, notice)
        _sweep_again(session, following, notice.share_at or now)
        _run_again(session, following, now)


def _held_up(session: Session, notice: Notice) -> Sequence[Notice]:
    """Find what arrived later in the same campaign and waits because this share is used up."""
    if not notice.on_trial or notice.allowance > 0:
        return []
    later = select(Notice).where(
        Notice.campaign_id == notice.campaign_id,
        col(Notice.arrival) > notice.arrival,
        due.going_on(),
    )
    return session.exec(later).all()


def _sweep_again(session: Session, notices: Sequence[Notice], since: datetime) -> None:
    """Sweep for those whom a daily or weekly run may have passed by since then."""
    runs = select(Slot.id).where(
        Slot.cadence != Cadence.IMMEDIATE,
        or_(col(Slot.planned_at).is_(None), col(Slot.planned_at) >= since),
    )
    if notices and session.exec(select(exists(runs))).one():
        for notice in notices:
            notice.swept = notice.swept or 0


def _run_again(session: Session, notices: Iterable[Notice], now: datetime) -> None:
    """Open an immediate run for what an earlier one has passed by."""
    passed = [notice for notice in notices if notice.slot_id is not None]
    if passed:
        open_run(session, passed, now)


def open_run(session: Session, notices: Iterable[Notice], now: datetime) -> None:
    """Open an immediate run for these notices."""
    slot = Slot(cadence=Cadence.IMMEDIATE, at=now)
    session.add(slot)
    session.flush()
    for notice in notices:
        notice.slot_id = slot.id
    session.flush()
