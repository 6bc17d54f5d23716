"""Which deliveries may go into a mail, and how they come back when a mail is cancelled."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import (
    NOT_STARTED,
    WAITING,
    Delivery,
    DeliveryState,
    DigestEntry,
    Mail,
    MailState,
    Notice,
    Withheld,
)
from feedsvc.domain.tables.people import Cadence, Subscription

TURN = "slots"
"""The turn of whoever opens slots, or changes what is due in them."""

STARTS = "starts"
"""The turn of whoever stops mailings; those who start mails share it."""


def not_paused(now: datetime) -> ColumnElement[bool]:
    """Whether a subscription is not paused at `now`."""
    until = col(Subscription.paused_until)
    return or_(until.is_(None), until <= now)


def going_on() -> ColumnElement[bool]:
    """Whether a notice is neither paused nor cancelled."""
    return and_(col(Notice.paused_at).is_(None), col(Notice.cancelled).is_(None))


def stopped() -> ColumnElement[bool]:
    """Whether a notice is paused or cancelled, in the words of its index."""
    return or_(col(Notice.paused_at).is_not(None), col(Notice.cancelled).is_not(None))


def catch_up(session: Session, subscription: Subscription) -> None:
    """Bring waiting deliveries in line with a cadence or pause that has just changed.

    At once is at once: what its campaign's run has passed by is due now. For the others the next
    slot decides. The caller holds the TURN: a run that opened meanwhile would pass by unseen.
    """
    due_now = subscription.cadence is Cadence.IMMEDIATE
    passed = select(Notice.id).where(col(Notice.slot_id).is_not(None))
    _change(
        session,
        [
            Delivery.subscription_id == subscription.id,
            WAITING,
            col(Delivery.notice_id).in_(passed),
        ],
        due_now=due_now,
    )


def hand_over(session: Session, ended_id: int, successor: Subscription) -> None:
    """Let the deliveries of a subscription that was left go by its successor.

    What the leave withheld waits again, unless its mailing was cancelled. What is in a mail goes
    along: a mail that had started may be put off, and is then asked whose it is. The caller holds the
    TURN, as for `catch_up`.
    """
    _change(session, [Delivery.subscription_id == ended_id], subscription_id=successor.id)
    left = [
        Delivery.subscription_id == successor.id,
        Delivery.state == DeliveryState.WITHHELD,
        Delivery.reason == Withheld.LEFT,
    ]
    cancelled = select(Notice.id).where(col(Notice.cancelled).is_not(None))
    why = select(Notice.cancelled).where(Notice.id == Delivery.notice_id).scalar_subquery()
    _change(session, [*left, col(Delivery.notice_id).in_(cancelled)], reason=why)
    _change(session, left, state=DeliveryState.WAITING, reason=None)
    catch_up(session, successor)


def withhold(session: Session, subscription_ids: Sequence[int], why: Withheld) -> None:
    """Withhold what waits for these subscriptions, and what stands in mails that have not started.

    Waiting rows first: a plan that holds them has committed its mails when we come to those. Other
    deliveries of a cancelled mail are brought back.
    """
    mine = col(Delivery.subscription_id).in_(subscription_ids)
    _change(session, [mine, WAITING], state=DeliveryState.WITHHELD, reason=why, due_now=False)
    holding = select(Delivery.mail_id).where(mine, Delivery.state == DeliveryState.MAILED)
    mails = cancel(session, col(Mail.id).in_(holding))
    inside = col(Delivery.mail_id).in_(mails)
    withheld = {"state": DeliveryState.WITHHELD, "reason": why, "mail_id": None}
    _change(session, [inside, mine], **withheld)
    _bring_back(session, mails)
    stop_retries(session, col(Mail.id).in_(holding))


def put_back(session: Session, subscription_ids: Sequence[int]) -> None:
    """Cancel the mails of these subscriptions that have not started; all in them waits again."""
    holding = select(Delivery.mail_id).where(
        col(Delivery.subscription_id).in_(subscription_ids),
        Delivery.state == DeliveryState.MAILED,
    )
    plan_again(session, col(Mail.id).in_(holding))


def hold_started(session: Session, signer_id: int) -> None:
    """Wait for whoever marks what became of a mail of this person; whoever comes after sees us."""
    under_way = (col(Mail.signer_id) == signer_id) & (col(Mail.state) == MailState.SENDING)
    session.exec(select(Mail.id).where(under_way).with_for_update()).all()


def plan_again(session: Session, condition: ColumnElement[bool]) -> None:
    """Cancel mails that have not started; all in them waits again."""
    _bring_back(session, cancel(session, condition))


def withdraw_mail(session: Session, mail: Mail, why: Withheld) -> None:
    """Cancel one mail that has not started and withhold all that it carries."""
    this = col(Mail.id) == mail.id
    inside = [col(Delivery.mail_id).in_(cancel(session, this))]
    _change(session, inside, state=DeliveryState.WITHHELD, reason=why, mail_id=None)
    stop_retries(session, this)


def take_out(session: Session, condition: ColumnElement[bool]) -> None:
    """Take mails out of mailings that are stopped; those that have started are but not repeated."""
    digests = (
        select(DigestEntry.digest_id)
        .join(Notice, col(Notice.id) == DigestEntry.notice_id)
        .where(stopped())
    )
    theirs = condition & col(Mail.digest_id).in_(digests)
    _bring_back(session, cancel(session, theirs))
    stop_retries(session, theirs)


def cancel(session: Session, condition: ColumnElement[bool]) -> Sequence[int]:
    """Cancel the mails that have not started, and return which; their claims change nothing more.

    One in doubt has started: somebody may have it, so what it carries must not go into another.
    """
    rows = session.execute(
        update(Mail)
        .where(condition, col(Mail.state).in_(NOT_STARTED), ~col(Mail.alone))
        .values(state=MailState.CANCELLED, due_at=None, worker_id=None)
        .returning(col(Mail.id))
    )
    return rows.scalars().all()


def call_back(session: Session, condition: ColumnElement[bool]) -> Sequence[int]:
    """Cancel mails that carry no news; of those that have started none is repeated."""
    cancelled = cancel(session, condition)
    stop_retries(session, condition)
    return cancelled


def stop_retries(session: Session, condition: ColumnElement[bool]) -> None:
    """See that a mail which somebody may have is not started again; it stays unknown."""
    in_doubt = col(Mail.alone) & col(Mail.state).in_(NOT_STARTED)
    session.execute(
        update(Mail)
        .where(condition, in_doubt | (col(Mail.state) == MailState.UNKNOWN))
        .values(state=MailState.UNKNOWN, due_at=None, worker_id=None)
    )


def _bring_back(session: Session, mails: Sequence[int]) -> None:
    """Bring back what these cancelled mails carried: each to where its mailing stands now.

    What is due again was due before. What is paused is not, until its mailing is resumed.
    """
    inside = col(Delivery.mail_id).in_(mails)
    paused = select(Notice.id).where(col(Notice.paused_at).is_not(None))
    cancelled = select(Notice.id).where(col(Notice.cancelled).is_not(None))
    why = select(Notice.cancelled).where(Notice.id == Delivery.notice_id).scalar_subquery()
    withheld = {"state": DeliveryState.WITHHELD, "reason": why, "mail_id": None}
    waiting = {"state": DeliveryState.WAITING, "mail_id": None}
    _change(session, [inside, col(Delivery.notice_id).in_(cancelled)], **withheld)
    _change(session, [inside, col(Delivery.notice_id).in_(paused)], **waiting, due_now=False)
    _change(session, [inside], **waiting, due_now=True)


def _change(session: Session, conditions: Sequence[Any], **values: Any) -> None:
    statement = update(Delivery).where(*conditions).values(**values)
    session.execute(statement, execution_options={"synchronize_session": False})
