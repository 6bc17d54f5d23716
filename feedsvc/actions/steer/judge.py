"""Judge the mailings by their rows: halt one that goes wrong, let the rest follow a share that went well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from feedsvc.domain import halts
from feedsvc.domain.reports import Evidence
from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.ledger import (
    ON_TRIAL,
    REFUSED,
    DigestEntry,
    Mail,
    MailState,
    Notice,
    Slot,
)
from feedsvc.records import audit, due, mailings

BY = "feedsvc"
RECENT = timedelta(minutes=1)
MOST = 50_000
"""So many mails are counted at most; beyond, all who are eligible stand for those tried."""

TRIED = (MailState.SENT, MailState.DEFERRED, MailState.REFUSED, MailState.UNKNOWN)
UNDER_WAY = (MailState.QUEUED, MailState.SENDING)


@dataclass(frozen=True, slots=True)
class Findings:
    """Which mailings are to be halted, and why; whose shares went well; whose were never tried."""

    halts: dict[int, str]
    proven: list[int]
    untried: list[int]


def findings(session: Session, now: datetime) -> Findings:
    """Look at the mailings of which mails were just refused, and at those whose share has ended."""
    trials = session.exec(select(Notice).where(ON_TRIAL, due.going_on())).all()
    ended = [notice for notice in trials if _ended(session, notice)]
    suspects = {notice.id: notice for notice in [*_just_refused(session, now), *ended]}
    found = {notice_id or 0: _bad_sign(session, notice) for notice_id, notice in suspects.items()}
    wrong = {notice_id: why for notice_id, why in found.items() if why is not None}
    well = [notice for notice in ended if notice.id not in wrong]
    proven = [notice.id or 0 for notice in well if _any_tried(session, notice)]
    return Findings(wrong, proven, [one.id or 0 for one in well if one.id not in proven])


def halt(session: Session, digest_id: int, why: str, *, now: datetime) -> None:
    """Halt the mailings in a digest; `why` is shown to staff and names nobody."""
    inside = select(DigestEntry.notice_id).where(DigestEntry.digest_id == digest_id)
    _halt(session, col(Notice.id).in_(inside), why, now)


def halt_mailing(session: Session, notice_id: int, why: str, *, now: datetime) -> None:
    """Halt one mailing."""
    _halt(session, col(Notice.id) == notice_id, why, now)


def prove(session: Session, notice_id: int, *, tried: bool = True, now: datetime) -> None:
    """Let the rest of a mailing follow its share, unless somebody has stopped it meanwhile."""
    for notice in mailings.those(session, Notice.id == notice_id):
        if notice.on_trial and not notice.stopped:
            mailings.prove(session, notice, now, tried=tried)


def _halt(session: Session, condition: ColumnElement[bool], why: str, now: datetime) -> None:
    for notice in mailings.stop(session, mailings.those(session, condition), now, halted=why):
        uid = session.exec(select(Update.uid).where(Update.id == notice.update_id)).one()
        audit.note(session, BY, "halt mailing", uid, now, why)


def _just_refused(session: Session, now: datetime) -> Sequence[Notice]:
    digests = select(Mail.digest_id).where(REFUSED, col(Mail.changed_at) >= now - RECENT)
    theirs = select(DigestEntry.notice_id).where(col(DigestEntry.digest_id).in_(digests))
    return session.exec(select(Notice).where(col(Notice.id).in_(theirs), due.going_on())).all()


def _ended(session: Session, notice: Notice) -> bool:
    """Whether all mails of the share have ended, and none is to be planned in this moment."""
    planned = (notice.share or 0) - notice.allowance
    if notice.allowance > 0 and (planned < halts.AT_LEAST or _being_planned(session, notice)):
        return False
    return not any(_open(session, notice, digest) for digest in _digests(session, notice))


def _being_planned(session: Session, notice: Notice) -> bool:
    run = select(Slot.id).where(Slot.id == notice.slot_id, col(Slot.planned_at).is_(None))
    return session.exec(run).first() is not None


def _open(session: Session, notice: Notice, digest_id: int) -> bool:
    """Look from the newest on: it goes last."""
    open_one = (
        select(Mail.id)
        .where(Mail.digest_id == digest_id, col(Mail.id) > notice.share_from)
        .where(col(Mail.state).in_(UNDER_WAY))
        .order_by(col(Mail.id).desc())
    )
    return session.exec(open_one.limit(1)).first() is not None


def _digests(session: Session, notice: Notice) -> Sequence[int]:
    return session.exec(
        select(DigestEntry.digest_id).where(DigestEntry.notice_id == notice.id)
    ).all()


def _bad_sign(session: Session, notice: Notice) -> str | None:
    """Say why to halt a mailing, or None."""
    # Complaints (0.3 % of the recipients) are the third sign, once they are heard of.
    return _refused_alike(session, notice) or _too_many_dead(session, notice)


def _refused_alike(session: Session, notice: Notice) -> str | None:
    """Compare the commonest refusal of the message itself with how many were tried."""
    digests, since = _digests(session, notice), _since(notice)
    replies = session.exec(
        select(Mail.reply, func.count())
        .where(REFUSED, col(Mail.changed_at) >= since, col(Mail.digest_id).in_(digests))
        .where(col(Mail.reply).like("dot: 5%"))
        .group_by(col(Mail.reply))
    ).all()
    reply, refused = halts.commonest({reply or "": number for reply, number in replies})
    if refused < halts.FEW:
        return None
    enough = min(MOST, round(1.2 * refused / halts.SAME_TEXT) + halts.FIRST)
    first = [_first(session, notice, digest, enough) for digest in digests]
    tried = sum(_tried(rows) for rows in first)
    if any(len(rows) == MOST for rows in first):
        tried = max(tried, notice.eligible or 0)
    return halts.refused_alike(reply, refused, tried)


def _too_many_dead(session: Session, notice: Notice) -> str | None:
    """Count the dead among the first mails; who resumes after a halt has accepted the list."""
    if notice.slowly:
        return None
    digests = _digests(session, notice)
    rows = [row for digest in digests for row in _first(session, notice, digest, halts.FIRST)]
    first = sorted(rows)[: halts.FIRST]
    dead = sum(row.tried and row.evidence == Evidence.ADDRESS_DEAD for row in first)
    return halts.too_many_dead(dead, _tried(first))


class _Row(NamedTuple):
    """A mail as far as it is judged: whether it was tried since its share began."""

    mail_id: int
    tried: bool
    evidence: str


def _first(session: Session, notice: Notice, digest_id: int, number: int) -> list[_Row]:
    """Return the first mails of one digest that count, in the order in which they go."""
    since = _since(notice)
    rows = session.exec(
        select(Mail.id, Mail.state, Mail.changed_at, Mail.evidence)
        .where(Mail.digest_id == digest_id, col(Mail.id) > notice.share_from)
        .order_by(col(Mail.id))
        .limit(number)
    ).all()
    return [
        _Row(mail_id or 0, state in TRIED and changed_at >= since, evidence or "")
        for mail_id, state, changed_at, evidence in rows
    ]


def _any_tried(session: Session, notice: Notice) -> bool:
    digests = _digests(session, notice)
    return any(_tried(_first(session, notice, digest, halts.FIRST)) for digest in digests)


def _tried(rows: Sequence[_Row]) -> int:
    return sum(row.tried for row in rows)


def _since(notice: Notice) -> datetime:
    return notice.share_at or notice.arrived_at
