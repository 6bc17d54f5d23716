"""A closer look at a mail that something speaks against, in the commit that would start it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import or_
from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Delivery, Lane, Mail, MailKind, MailState, Withheld
from feedsvc.domain.tables.people import Reach, Signer, Subscription, Suppression
from feedsvc.records import due, wanted

TURN = due.STARTS


class Start(NamedTuple):
    """A mail that starts, and where: on which connection, as its how manieth."""

    mail_id: int
    connection: int = 0
    position: int = 0


def again(session: Session, worker_id: int, start: Start, now: datetime) -> bool:
    """Start a mail after all, or take it out and say no.

    One that is marked for this very place was marked by us, who did not hear of the commit.
    """
    claimed = select(Mail).where(Mail.id == start.mail_id, Mail.worker_id == worker_id)
    mail = session.exec(claimed.with_for_update()).first()
    if mail is None:
        return False
    if mail.state is MailState.SENDING:
        return (mail.connection, mail.position) == (start.connection, start.position)
    if _stopped(session, mail, now):
        return False
    mail.state, mail.changed_at = MailState.SENDING, now
    mail.connection, mail.position = start.connection, start.position
    return True


def _stopped(session: Session, mail: Mail, now: datetime) -> bool:
    """Ask again whether the mail may be sent at all."""
    if _suppressed(session, mail):
        due.withdraw_mail(session, mail, Withheld.SUPPRESSED)
        return True
    if not wanted.still(session, mail, now):
        due.call_back(session, col(Mail.id) == mail.id)
        return True
    changed = session.exec(
        select(Subscription.id, Subscription.ending)
        .join(Delivery, col(Delivery.subscription_id) == Subscription.id)
        .where(Delivery.mail_id == mail.id)
        .where(or_(col(Subscription.ended_at).is_not(None), ~due.not_paused(now)))
    ).all()
    for subscription_id, ending in changed:
        if ending is None:
            due.put_back(session, [subscription_id or 0])
        else:
            due.withhold(session, [subscription_id or 0], Withheld(ending))
    due.take_out(session, col(Mail.id) == mail.id)
    session.refresh(mail)
    return mail.due_at is None or mail.worker_id is None


def _suppressed(session: Session, mail: Mail) -> bool:
    asked_for = mail.lane is Lane.SERVICE and mail.kind is not MailKind.WELCOME
    reaches = [Reach.ALL] if asked_for else [Reach.ALL, Reach.BULK]
    open_one = (
        select(Suppression.id)
        .join(Signer, col(Signer.address_index) == Suppression.address_index)
        .where(Signer.id == mail.signer_id, col(Suppression.lifted_at).is_(None))
        .where(col(Suppression.reach).in_(reaches))
    )
    return session.exec(open_one.limit(1)).first() is not None
