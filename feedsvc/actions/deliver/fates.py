"""What becomes of a mail that was not simply taken."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, select

from feedsvc.domain.outcome import AGE_LIMIT, Fault, Kind, Outcome, retry_delay
from feedsvc.domain.tables.ledger import ASKING, NOT_STARTED, Digest, Mail, MailKind, MailState
from feedsvc.domain.tables.people import Signer
from feedsvc.records import due, recalls

REQUEUE = timedelta(seconds=30)
MOST_REBUFFS = 3
EXPIRED = "expired"
TELLING = {MailKind.DIGEST, MailKind.KNOWN, MailKind.WELCOME, *ASKING}
"""Mails that name campaigns, unless their digest is a discreet one."""


class Mark(NamedTuple):
    """What became of a mail. `reply` holds no address; `jitter` (-1 to 1) spreads what is deferred.

    `reason` says why it is refused, where that is neither simply theirs nor ours, `evidence` what
    that says of the address; `others_pass` that the relay takes other mails meanwhile. `journal` is
    the line that a restore reads when it was sent.
    """

    mail_id: int
    outcome: Outcome
    reply: str
    jitter: float = 0.0
    reason: str = ""
    evidence: str = ""
    others_pass: bool = False
    journal: str = ""
    domain_tag: bytes = b""


def meet(
    session: Session, worker_id: int, done: Mark, unknown_wait: timedelta, now: datetime
) -> None:
    """Let a mail meet its fate; a stale mark changes nothing.

    It may not have started: the relay can refuse it before its text is sent.
    """
    claimed = select(Mail).where(Mail.id == done.mail_id, Mail.worker_id == worker_id)
    mail = session.exec(claimed.with_for_update()).first()
    if mail is None:
        return
    mail.worker_id, mail.changed_at, mail.reply = None, now, done.reply or None
    mail.attempts += done.outcome.counts_attempt
    _become(mail, done, unknown_wait, now)
    if mail.state in NOT_STARTED and now - mail.planned_at > AGE_LIMIT:
        mail.state, mail.due_at, mail.reason = MailState.REFUSED, None, EXPIRED
    if mail.state in NOT_STARTED and _tells_too_much(session, mail):
        session.flush()
        _make_anew(session, mail)


def _tells_too_much(session: Session, mail: Mail) -> bool:
    """Whether a mail that did not get through says what it is about to who wants that no more.

    While it was under way nothing could call it back.
    """
    telling = (
        select(Digest.id)
        .join(Signer, col(Signer.id) == mail.signer_id)
        .where(Digest.id == mail.digest_id, ~col(Digest.discreet), col(Signer.discreet))
    )
    return mail.kind in TELLING and session.exec(telling).first() is not None


def _make_anew(session: Session, mail: Mail) -> None:
    """Cancel it: news is planned anew, a question or a link mailed anew; a welcome is let be."""
    this = col(Mail.id) == mail.id
    if mail.kind is MailKind.DIGEST:
        due.plan_again(session, this)
        return
    signer = session.exec(select(Signer).where(Signer.id == mail.signer_id).with_for_update()).one()
    recalls.questions(session, signer, this)
    recalls.links(session, signer, None, this)
    due.call_back(session, this)


def _become(mail: Mail, done: Mark, unknown_wait: timedelta, now: datetime) -> None:
    mail.due_at, mail.reason = None, None
    match done.outcome.kind:
        case Kind.REQUEUE | Kind.RELAY_TROUBLE if mail.retried:
            mail.state, mail.due_at = MailState.UNKNOWN, now + _pause(done.outcome)
        case _ if mail.retried:
            mail.state = MailState.UNKNOWN  # somebody may have it since the first time
        case Kind.DEFERRED:
            _defer(mail, done.jitter, now)
        case Kind.REFUSED | Kind.HELD:
            _refuse(mail, done)
        case Kind.UNKNOWN:
            mail.state = MailState.UNKNOWN
            mail.due_at, mail.retried = now + unknown_wait, True
        case _ if _rebuffed(mail, done):
            _refuse(mail, done)
        case _:
            mail.state, mail.due_at = MailState.QUEUED, now + _pause(done.outcome)


def _refuse(mail: Mail, done: Mark) -> None:
    mail.state, mail.evidence = MailState.REFUSED, done.evidence or None
    mail.reason = done.reason or done.outcome.fault or Fault.OURS


def _rebuffed(mail: Mail, done: Mark) -> bool:
    """Whether the relay will not have this mail, sender and all, though it takes others."""
    mail.rebuffs += bool(done.outcome.fault and done.others_pass)
    return mail.rebuffs >= MOST_REBUFFS


def _defer(mail: Mail, jitter: float, now: datetime) -> None:
    delay = retry_delay(mail.attempts, jitter)
    if delay is None:
        mail.state, mail.reason = MailState.REFUSED, EXPIRED
    else:
        mail.state, mail.due_at = MailState.DEFERRED, now + delay


def _pause(outcome: Outcome) -> timedelta:
    """Hold a mail back that met trouble of ours; one that was never touched goes on at once."""
    return REQUEUE if outcome.kind is Kind.REQUEUE and outcome.fault else timedelta()
