"""The books: per update and notice, `eligible = sent + in hand + refused + unknown + withheld`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func
from sqlmodel import Session, col, select

from feedsvc.domain.reasons import named
from feedsvc.domain.tables.content import Campaign, Update
from feedsvc.domain.tables.ledger import Delivery, DeliveryState, Mail, MailState, Notice
from feedsvc.records import pace

IN_HAND = ("waiting", MailState.QUEUED, MailState.SENDING, MailState.DEFERRED)


class MailingState(StrEnum):
    """Where a mailing stands as a whole."""

    FAN_OUT = "fan-out"  # those who are eligible are being counted
    WAITING = "waiting"  # for the update to settle, or for the hours of daily and weekly digests
    CANARY = "canary"  # the first share is out, and the rest waits for what becomes of it
    SENDING = "sending"
    PAUSED = "paused"  # by hand
    HALTED = "halted"  # because something spoke against it
    CANCELLED = "cancelled"
    DONE = "done"  # nothing is in hand


UNDER_WAY = (MailingState.CANARY, MailingState.SENDING)


@dataclass(frozen=True, slots=True)
class Books:
    """Where everyone stands who was eligible for one notice. `eligible` is null during fan-out.

    `seconds_left` is reckoned as if all who wait were due, from the rate of the last minutes.
    """

    update: str
    campaign: str
    key: str
    notice: str
    eligible: int | None
    sent: int
    in_hand: dict[str, int]
    refused: dict[str, int]
    unknown: int
    withheld: dict[str, int]
    state: MailingState = MailingState.DONE
    halted: str | None = None
    started_at: datetime | None = None
    rate_per_minute: float | None = None
    seconds_left: int | None = None

    @property
    def total(self) -> int:
        """All rows, in whatever state."""
        parts = (self.in_hand, self.refused, self.withheld)
        return self.sent + self.unknown + sum(sum(part.values()) for part in parts)

    @property
    def balanced(self) -> bool:
        """Whether every eligible signer is accounted for; undecided during fan-out counts as yes."""
        return self.eligible is None or self.eligible == self.total


def books(
    session: Session, update_uid: str | None = None, *, now: datetime | None = None
) -> list[Books]:
    """Return the books of one update or of all, the newest notice first; with `now` their pace too."""
    notices = (
        select(Notice, Update, Campaign)
        .join(Update, col(Update.id) == Notice.update_id)
        .join(Campaign, col(Campaign.id) == Notice.campaign_id)
        .order_by(col(Notice.id).desc())
    )
    if update_uid is not None:
        notices = notices.where(Update.uid == update_uid)
    found = [(_books(session, *row), row[0]) for row in session.exec(notices).all()]
    return [_paced(session, page, notice, now) if now else page for page, notice in found]


def _books(session: Session, notice: Notice, update: Update, campaign: Campaign) -> Books:
    states = _count(session, notice)
    in_hand = _in_hand(states)
    return Books(
        update=update.uid,
        campaign=campaign.slug,
        key=update.key,
        notice=named(notice),
        eligible=notice.eligible,
        sent=states[MailState.SENT, ""],
        in_hand=in_hand,
        refused=_by_reason(states, MailState.REFUSED),
        unknown=states[MailState.UNKNOWN, ""],
        withheld=_by_reason(states, DeliveryState.WITHHELD),
        state=_state(notice, in_hand),
        halted=notice.halted,
    )


def _state(notice: Notice, in_hand: Mapping[str, int]) -> MailingState:
    if notice.cancelled is not None:
        return MailingState.CANCELLED
    if notice.paused_at is not None:
        return MailingState.HALTED if notice.halted else MailingState.PAUSED
    if notice.eligible is None:
        return MailingState.FAN_OUT
    if not any(in_hand.values()):
        return MailingState.DONE
    if notice.on_trial and notice.allowance == 0 and in_hand["waiting"]:
        return MailingState.CANARY
    in_mails = sum(in_hand.values()) > in_hand["waiting"]
    return MailingState.SENDING if in_mails else MailingState.WAITING


def _paced(session: Session, page: Books, notice: Notice, now: datetime) -> Books:
    page = replace(page, started_at=pace.started_at(session, notice))
    if page.state not in UNDER_WAY:
        return page
    rate = pace.per_minute(session, notice, now)
    left = round(sum(page.in_hand.values()) * 60 / rate) if rate else None
    return replace(page, rate_per_minute=round(rate, 1), seconds_left=left)


def _count(session: Session, notice: Notice) -> Counter[tuple[str, str]]:
    """Count deliveries by their state, or by the state of their mail, and its reason."""
    kinds = (Delivery.state, Delivery.reason, Mail.state, Mail.reason)
    rows = session.exec(
        select(*kinds, func.count())  # type: ignore[call-overload]  # more columns than spelt out
        .join(Mail, col(Mail.id) == Delivery.mail_id, isouter=True)
        .where(Delivery.notice_id == notice.id)
        .group_by(*kinds)
    ).all()
    states: Counter[tuple[str, str]] = Counter()
    for state, why, mail_state, mail_why, number in rows:
        mailed = state is DeliveryState.MAILED
        key = (str(mail_state), mail_why or "") if mailed else (str(state), str(why or ""))
        states[key] += number
    return states


def _in_hand(states: Counter[tuple[str, str]]) -> dict[str, int]:
    return {str(name): states[str(name), ""] for name in IN_HAND}


def _by_reason(states: Counter[tuple[str, str]], state: str) -> dict[str, int]:
    return {why or "unnamed": n for (name, why), n in sorted(states.items()) if name == state}
