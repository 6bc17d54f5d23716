"""How fast a mailing goes, from a few of its rows: nobody counts a million to answer that."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import DigestEntry, Mail, MailState, Notice

RECENT = timedelta(minutes=2)
SAMPLE = 1_000
DIGESTS = 20
"""A notice stands in few digests, but for those that gather several updates; the newest count."""

_UNDER_WAY = (MailState.QUEUED, MailState.SENDING)
_TRIED = (MailState.SENT, MailState.REFUSED, MailState.UNKNOWN, MailState.DEFERRED)


def started_at(session: Session, notice: Notice) -> datetime | None:
    """Return when the first mail was planned."""
    firsts = [_planned(session, digest_id) for digest_id in _digests(session, notice)]
    return min((first for first in firsts if first is not None), default=None)


def per_minute(session: Session, notice: Notice, now: datetime) -> float:
    """Return how many mails a minute were tried of late."""
    return sum(_rate(session, digest_id, now) for digest_id in _digests(session, notice))


def _digests(session: Session, notice: Notice) -> Sequence[int]:
    theirs = select(DigestEntry.digest_id).where(DigestEntry.notice_id == notice.id)
    newest = theirs.order_by(col(DigestEntry.digest_id).desc()).limit(DIGESTS)
    return session.exec(newest).all()


def _planned(session: Session, digest_id: int) -> datetime | None:
    planned = select(Mail.planned_at).where(Mail.digest_id == digest_id)
    return session.exec(planned.order_by(col(Mail.id)).limit(1)).first()


def _rate(session: Session, digest_id: int, now: datetime) -> float:
    sample = (
        select(Mail.changed_at)
        .where(Mail.digest_id == digest_id, col(Mail.id) <= _front(session, digest_id))
        .where(col(Mail.state).in_(_TRIED))
        .order_by(col(Mail.id).desc())
        .limit(SAMPLE)
    )
    since = max(now - RECENT, _planned(session, digest_id) or now)
    recent = [at for at in session.exec(sample).all() if at >= since]
    if not recent:
        return 0.0
    span = now - (min(recent) if len(recent) == SAMPLE else since)
    return len(recent) * 60 / max(span.total_seconds(), 1)


def _front(session: Session, digest_id: int) -> int:
    """Find the last mail that was tried by halving: they go in the order of their numbers."""
    last = select(Mail.id, Mail.state).where(Mail.digest_id == digest_id)
    last = last.order_by(col(Mail.id).desc()).limit(1)
    low, high = 0, (session.exec(last).first() or (0,))[0] or 0
    while low < high:
        middle = (low + high + 1) // 2
        found = session.exec(last.where(col(Mail.id) <= middle)).first()
        if found is not None and found[1] in _UNDER_WAY:
            high = (found[0] or 0) - 1
        else:
            low = middle
    return low
