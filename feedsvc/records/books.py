"""The books: per update and notice, `eligible = sent + in hand + refused + unknown + withheld`."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Campaign, Update
from feedsvc.domain.tables.ledger import Delivery, DeliveryState, Mail, MailState, Notice

IN_HAND = ("waiting", MailState.QUEUED, MailState.SENDING, MailState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Books:
    """Where everyone stands who was eligible for one notice. `eligible` is null during fan-out."""

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

    @property
    def total(self) -> int:
        """All rows, in whatever state."""
        parts = (self.in_hand, self.refused, self.withheld)
        return self.sent + self.unknown + sum(sum(part.values()) for part in parts)

    @property
    def balanced(self) -> bool:
        """Whether every eligible signer is accounted for; undecided during fan-out counts as yes."""
        return self.eligible is None or self.eligible == self.total


def books(session: Session, update_uid: str | None = None) -> list[Books]:
    """Return the books of one update or of all, the newest notice first."""
    notices = (
        select(Notice, Update, Campaign)
        .join(Update, col(Update.id) == Notice.update_id)
        .join(Campaign, col(Campaign.id) == Notice.campaign_id)
        .order_by(col(Notice.id).desc())
    )
    if update_uid is not None:
        notices = notices.where(Update.uid == update_uid)
    return [_books(session, *row) for row in session.exec(notices).all()]


def _books(session: Session, notice: Notice, update: Update, campaign: Campaign) -> Books:
    states = _count(session, notice)
    name = notice.kind.value if notice.number == 0 else f"{notice.kind.value} {notice.number}"
    return Books(
        update=update.uid,
        campaign=campaign.slug,
        key=update.key,
        notice=name,
        eligible=notice.eligible,
        sent=states[MailState.SENT, ""],
        in_hand=_in_hand(states),
        refused=_by_reason(states, MailState.REFUSED),
        unknown=states[MailState.UNKNOWN, ""],
        withheld=_by_reason(states, DeliveryState.WITHHELD),
    )


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
