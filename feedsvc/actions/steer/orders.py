"""What staff may order: pause the mailings of an update, resume them, cancel them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.ledger import (
    NOT_STARTED,
    Delivery,
    DeliveryState,
    Mail,
    MailState,
    Notice,
    Withheld,
)
from feedsvc.errors import Conflict, NotFound
from feedsvc.records import audit, mailings
from feedsvc.records.in_hand import FOR_RESUME

IN_HAND = or_(
    col(Delivery.state) == DeliveryState.WAITING,
    col(Mail.state).in_([*NOT_STARTED, MailState.SENDING]),
    and_(col(Mail.state) == MailState.UNKNOWN, col(Mail.due_at).is_not(None)),
)
HELD = and_(col(Mail.state) == MailState.REFUSED, FOR_RESUME)


def pause(session: Session, update_uid: str, *, by: str, now: datetime) -> None:
    """Pause what is mailed about an update, until it is resumed. Twice is the same as once."""
    notices = _steered(session, update_uid)
    under_way = [notice for notice in notices if notice.paused_at or _under_way(session, notice)]
    if not under_way:
        raise _ended()
    if mailings.stop(session, under_way, now):
        audit.note(session, by, "pause mailing", update_uid, now)


def resume(session: Session, update_uid: str, *, by: str, now: datetime) -> None:
    """Let the mailings of an update go on, and try again what was held for a fault of ours."""
    notices = _steered(session, update_uid)
    waiting = [notice for notice in notices if notice.paused_at or _any(session, notice, HELD)]
    if not waiting:
        raise Conflict(
            "The mailing is not paused, and no mail is held.",
            remedy="Its books say where it stands.",
        )
    mailings.resume(session, waiting, now)
    audit.note(session, by, "resume mailing", update_uid, now)


def cancel(
    session: Session,
    update_uid: str,
    *,
    by: str,
    now: datetime,
    why: Withheld = Withheld.CANCELLED,
) -> None:
    """Cancel the mailings of an update: whoever was not sent them will not be. There is no way back."""
    notices = _found(session, update_uid)
    if notices and all(notice.cancelled is not None for notice in notices):
        return
    under_way = [notice for notice in notices if _under_way(session, notice)]
    if not under_way:
        raise _ended()
    mailings.cancel(session, under_way, why, now)
    audit.note(session, by, "cancel mailing", update_uid, now, why)


def _ended() -> Conflict:
    return Conflict(
        "The mailing has ended: nothing is left to stop.", remedy="Its books say who was sent it."
    )


def _steered(session: Session, update_uid: str) -> Sequence[Notice]:
    """Return the mailings that were not cancelled."""
    notices = [one for one in _found(session, update_uid) if one.cancelled is None]
    if not notices:
        raise Conflict("The mailing was cancelled.", remedy="There is no way back.")
    return notices


def _found(session: Session, update_uid: str) -> Sequence[Notice]:
    update_id = session.exec(select(Update.id).where(Update.uid == update_uid)).first()
    if update_id is None:
        raise NotFound(f"There is no update {update_uid!r}.", remedy="`feedsvc books` lists all.")
    notices = mailings.those(session, Notice.update_id == update_id)
    if not notices:
        raise Conflict(
            "This update has no mailing yet.",
            remedy="A mailing begins when an update is published, or its embargo ends, with mail.",
        )
    return notices


def _under_way(session: Session, notice: Notice) -> bool:
    return notice.cancelled is None and (notice.eligible is None or _any(session, notice, IN_HAND))


def _any(session: Session, notice: Notice, condition: ColumnElement[bool]) -> bool:
    """Whether this holds for a delivery of the notice, and the mail that carries it."""
    found = (
        select(Delivery.signer_id)
        .join(Mail, col(Mail.id) == Delivery.mail_id, isouter=True)
        .where(Delivery.notice_id == notice.id, condition)
        .limit(1)
    )
    return session.exec(found).first() is not None
