"""One person's deliveries as that person is told of them: a word for each, and when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from feedsvc.domain import reasons
from feedsvc.domain.outcome import Fault
from feedsvc.domain.reasons import Case
from feedsvc.domain.tables.content import Campaign, Update
from feedsvc.domain.tables.ledger import (
    Delivery,
    DeliveryState,
    Mail,
    MailState,
    Notice,
    NoticeKind,
    Withheld,
)
from feedsvc.domain.tables.people import Cadence, Subscription
from feedsvc.records import deliveries
from feedsvc.records.deliveries import Reader


class Word(StrEnum):
    """Where a person stands with a notice, in the words of `pages/me.html`."""

    SENT = "sent"
    MAYBE = "maybe"
    ON_ITS_WAY = "on its way"
    SOON = "soon"
    DAILY = "daily"
    WEEKLY = "weekly"
    PAUSED = "paused"
    HELD = "held"
    REFUSED = "refused"
    FAULT = "fault"
    LEFT = "left"
    DEAD = "dead"
    COMPLAINED = "complained"
    REPLACED = "replaced"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"


WITHHELD = {
    Withheld.LEFT: Word.LEFT,
    Withheld.ERASED: Word.LEFT,
    Withheld.EXPIRED: Word.LEFT,
    Withheld.BOUNCED: Word.DEAD,
    Withheld.SUPPRESSED: Word.DEAD,
    Withheld.COMPLAINED: Word.COMPLAINED,
    Withheld.REPLACED: Word.REPLACED,
    Withheld.CANCELLED: Word.CANCELLED,
    Withheld.WITHDRAWN: Word.WITHDRAWN,
    Withheld.DAMAGED: Word.FAULT,
}


@dataclass(frozen=True, slots=True)
class Told:
    """One notice; `at` is when it was sent, or will be, else when it came."""

    update: Update
    campaign: Campaign
    kind: NoticeKind
    arrived_at: datetime
    word: Word
    at: datetime


def history(
    session: Session, reader: Reader, *, settle: timedelta, limit: int, now: datetime
) -> list[Told]:
    """Return what a person was sent, will be, or will not be; the newest first."""
    columns: tuple[Any, ...] = (Delivery, Notice, Update, Campaign, Subscription, Mail)
    found = deliveries.newest(reader.signer.id or 0, limit, *columns)
    told = []
    for delivery, notice, update, campaign, subscription, mail in session.exec(found).all():
        if delivery.state is DeliveryState.WAITING:
            case = deliveries.case(
                session, reader, delivery, notice, subscription, settle=settle, now=now
            )
            word, at = waiting(case)
        else:
            word, at = decided(delivery, notice, mail)
        told.append(Told(update, campaign, notice.kind, notice.arrived_at, word, at))
    return told


def waiting(case: Case) -> tuple[Word, datetime]:
    """Say what a delivery waits for, and until when."""
    wish, arrived_at = case.subscription, case.notice.arrived_at
    if word := _kept_back(case):
        return word, arrived_at
    if wish.paused_until is not None and wish.paused_until > case.now:
        return Word.PAUSED, wish.paused_until
    if case.due_now or wish.cadence is Cadence.IMMEDIATE:
        return Word.SOON, arrived_at
    return Word(wish.cadence), reasons.next_digest(case)


def _kept_back(case: Case) -> Word | None:
    """Say why it will not be sent, or not yet."""
    if case.notice.cancelled is not None:
        return Word.CANCELLED
    if case.subscription.ended_at is not None:
        return Word.LEFT
    if case.suppressed:
        return Word.DEAD
    return Word.HELD if case.notice.paused_at is not None else None


def decided(delivery: Delivery, notice: Notice, mail: Mail | None) -> tuple[Word, datetime]:
    """Say what was decided."""
    if mail is None:
        return WITHHELD[delivery.reason or Withheld.LEFT], notice.arrived_at
    if notice.stopped and mail.due_at is not None:
        return Word.HELD, notice.arrived_at
    return _of_mail(mail), mail.changed_at


def _of_mail(mail: Mail) -> Word:
    match mail.state:
        case MailState.SENT:
            return Word.SENT
        case MailState.UNKNOWN:
            return Word.MAYBE
        case MailState.REFUSED:
            return Word.FAULT if mail.reason == Fault.OURS else Word.REFUSED
        case _:
            return Word.ON_ITS_WAY
