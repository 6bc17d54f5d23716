"""What is in hand, counted by its indexes; what has ended may be millions, and is in the books.

Asked every few seconds, maybe with a million mails in the queue. So what waits as usual is counted
in one pass through ix_mail_due, and only what is out of the ordinary is sorted into groups.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, String, and_, case, cast, func, literal_column, union_all
from sqlmodel import Session, col, select

from feedsvc.domain.groups import LARGE, OTHER
from feedsvc.domain.outcome import Fault
from feedsvc.domain.reasons import QUARANTINED, named
from feedsvc.domain.tables.content import Campaign, Update
from feedsvc.domain.tables.doors import Intake
from feedsvc.domain.tables.ledger import REFUSED, Mail, MailState, Notice
from feedsvc.domain.tables.people import Signer

STATES = (MailState.QUEUED, MailState.SENDING, MailState.DEFERRED, MailState.UNKNOWN)
SHOWN = 50
KEPT = timedelta(days=30)
"""A mail that ended longer ago has lost its snapshot and cannot be sent again (actions/tidy)."""
_UNCLAIMED = (col(Mail.due_at).is_not(None), col(Mail.worker_id).is_(None))
_CLAIMED = col(Mail.worker_id).is_not(None)
_STOPPED = col(Notice.paused_at).is_not(None) | col(Notice.cancelled).is_not(None)
"""As ix_notice_stopped has it."""
_ALL, _ODD, _TAKEN = "all", "odd", "taken"


@dataclass(frozen=True, slots=True)
class InHand:
    """Mails in hand by state; those that the relay put off by group of domains as well.

    `unknown` are those that will be tried once more.
    """

    mails: dict[str, int]
    deferred: dict[str, int]
    claimed: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """A mailing that is paused; `halted` says why when that was not by hand."""

    update: str
    campaign: str
    notice: str
    since: datetime
    halted: str | None


FOR_RESUME = and_(col(Mail.reason) == Fault.OURS, col(Mail.reply).is_distinct_from(QUARANTINED))
"""What of the refused mails is tried again when their mailing is resumed."""


def in_hand(session: Session, groups: Mapping[bytes, str]) -> InHand:
    """Count what is in hand. `groups` names the large groups of domains by their tags."""
    rows = session.exec(_counts(groups)).all()
    mails, deferred = Counter[str](), Counter[str]()
    for part, state, group, number, _ in rows:
        mails[state] += number
        mails[MailState.QUEUED] -= number if part == _ODD else 0  # it is in the total as well
        deferred[group] += number if state == MailState.DEFERRED else 0
    return InHand(
        mails={state.value: mails[state] for state in STATES},
        deferred={group: deferred[group] for group in (*LARGE, OTHER)},
        claimed=sum(number for part, _, _, number, _ in rows if part == _TAKEN),
        oldest=_oldest(session, [first for *_, first in rows if first is not None]),
    )


def held(session: Session, now: datetime) -> int:
    """Count the mails that were refused for a fault of ours and wait for a resume."""
    waiting = select(func.count()).where(
        REFUSED,
        col(Mail.changed_at) >= now - KEPT,
        FOR_RESUME,
    )
    return session.exec(waiting).one()


def stopped(session: Session) -> list[Stopped]:
    """List the mailings that are paused or halted, the newest first."""
    rows = session.exec(
        select(Notice, Update.uid, Campaign.slug)
        .join(Update, col(Update.id) == Notice.update_id)
        .join(Campaign, col(Campaign.id) == Notice.campaign_id)
        .where(_STOPPED, col(Notice.paused_at).is_not(None), col(Notice.cancelled).is_(None))
        .order_by(col(Notice.id).desc())
        .limit(SHOWN)
    ).all()
    return [
        Stopped(uid, slug, named(notice), notice.paused_at, notice.halted)
        for notice, uid, slug in rows
        if notice.paused_at is not None
    ]


def fan_outs_open(session: Session) -> int:
    """Count the notices whose fan-out has not ended."""
    return session.exec(select(func.count()).where(col(Notice.eligible).is_(None))).one()


def sign_ups_waiting(session: Session) -> int:
    """Count the sign-ups not worked off; they are sealed, and nobody is found among them."""
    return session.exec(select(func.count()).select_from(Intake)).one()


def asks_waiting(session: Session) -> tuple[int, datetime | None]:
    """Count who is still to be asked to confirm, for whatever limit they wait, and since when."""
    waiting = select(func.count(), func.min(Signer.signed_up_at)).where(
        col(Signer.ask_at).is_not(None), Signer.asks == 0
    )
    number, oldest = session.exec(waiting).one()
    return number, oldest


def _counts(groups: Mapping[bytes, str]) -> Any:
    """Count by state and group, in one statement: a mail that is claimed meanwhile counts once."""
    group = case(dict(groups), value=col(Mail.domain_tag), else_=OTHER).label("provider")
    state = cast(Mail.state, String).label("state")
    numbers = (func.count(), func.min(Mail.id))
    total = sqlalchemy.select(_word(_ALL), _word(MailState.QUEUED), _word(""), *numbers)
    odd = sqlalchemy.select(_word(_ODD), state, group, *numbers)
    taken = sqlalchemy.select(_word(_TAKEN), state, group, *numbers)
    return union_all(
        total.where(*_UNCLAIMED),
        odd.where(*_UNCLAIMED, col(Mail.state) != MailState.QUEUED).group_by("state", "provider"),
        taken.where(_CLAIMED).group_by("state", "provider"),
    )


def _word(value: str) -> ColumnElement[str]:
    """Write a word of ours into a statement, for a column that says which rows these are."""
    return literal_column(f"'{value}'", String)


def _oldest(session: Session, firsts: Sequence[int]) -> datetime | None:
    """Return when the oldest was planned; mails are numbered as they are planned."""
    if not firsts:
        return None
    return session.exec(select(Mail.planned_at).where(Mail.id == min(firsts))).first()
