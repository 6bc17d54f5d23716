"""What the real rows say, where the model looks at them."""

from collections import defaultdict
from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.ledger import (
    Delivery,
    DeliveryState,
    DigestEntry,
    Mail,
    MailKind,
    MailState,
    Notice,
)

QUESTIONS = (MailKind.CONFIRM, MailKind.INVITATION)


def questions(session: Session, signer_id: int) -> list[datetime]:
    """Tell when somebody was asked to confirm, but for reminders and what was called back."""
    mine = (Mail.signer_id == signer_id, col(Mail.kind).in_(QUESTIONS))
    asked = select(Mail.planned_at).where(*mine, Mail.state != MailState.CANCELLED)
    return list(session.exec(asked.order_by(col(Mail.planned_at))).all())


def all_done(session: Session) -> bool:
    """Whether nothing waits, and no mail is in hand."""
    waiting = select(Delivery.notice_id).where(Delivery.state == DeliveryState.WAITING)
    in_hand = select(Mail.id).where(col(Mail.due_at).is_not(None))
    unplanned = select(Notice.id).where(col(Notice.eligible).is_(None))
    return not any(session.exec(rows.limit(1)).first() for rows in (waiting, in_hand, unplanned))


def standing(session: Session) -> dict[tuple[str, int], tuple[Delivery, Mail | None]]:
    rows = session.exec(
        select(Update.uid, Delivery, Mail)
        .join(Notice, col(Notice.update_id) == Update.id)
        .join(Delivery, col(Delivery.notice_id) == Notice.id)
        .join(Mail, col(Mail.id) == Delivery.mail_id, isouter=True)
    ).all()
    return {(uid, delivery.signer_id): (delivery, mail) for uid, delivery, mail in rows}


def contents(session: Session, mail_id: int) -> tuple[Mail, list[str]]:
    mail = session.exec(select(Mail).where(Mail.id == mail_id)).one()
    uids = session.exec(
        select(Update.uid)
        .join(Notice, col(Notice.update_id) == Update.id)
        .join(Delivery, col(Delivery.notice_id) == Notice.id)
        .where(Delivery.mail_id == mail_id)
    ).all()
    return mail, list(uids)


def entries(session: Session, after: int) -> dict[int, list[tuple[int, int]]]:
    rows = session.exec(
        select(Mail.id, Notice.campaign_id, Notice.arrival)
        .join(DigestEntry, col(DigestEntry.digest_id) == Mail.digest_id, isouter=True)
        .join(Notice, col(Notice.id) == DigestEntry.notice_id, isouter=True)
        .where(Mail.kind == MailKind.DIGEST, col(Mail.id) > after)
        .where(Mail.state != MailState.CANCELLED)  # called back at once: its news waits again
        .order_by(col(Mail.id), col(DigestEntry.position))
    ).all()
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for mail_id, campaign_id, arrival in rows:
        found[mail_id or 0] += [(campaign_id, arrival)] if campaign_id else []
    return found
