"""The service with a bug planted in it; the drill must see each of them.

python tests/faults/planted.py BUG serve …
"""

import re
import secrets
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from feedsvc.actions import deliver
from feedsvc.actions.deliver import Claim, Mark, Start
from feedsvc.commands import main
from feedsvc.domain.mime import Skeleton
from feedsvc.domain.tables.ledger import Lane, Mail, MailState
from feedsvc.sender import sender

MOMENT = 0.005
MESSAGE_ID = re.compile(rb"^Message-ID:\s*\S+", re.MULTILINE)


def mark_before_send() -> None:
    """A mail counts as sent when it starts."""
    honest = deliver.mark

    def mark(
        session: Session,
        worker_id: int,
        done: Sequence[Mark],
        starting: Sequence[Start],
        **rest: Any,
    ) -> set[int]:
        started = honest(session, worker_id, done, starting, **rest)
        _count_as_sent(session, started)
        return started

    deliver.mark = mark
    slow_machine()


def slow_machine() -> None:
    """No bug: putting a mail together takes a moment, in which a kill may come."""
    honest = Skeleton.splice

    def splice(self: Skeleton, values: Mapping[str, str]) -> bytes:
        time.sleep(MOMENT)
        return honest(self, values)

    Skeleton.splice = splice  # type: ignore[method-assign]  # slowed down


def checkpoint_at_fetch() -> None:
    """A batch counts as sent when it is fetched."""
    honest = deliver.claim

    def claim(session: Session, worker_id: int, lane: Lane, **rest: Any) -> list[Claim]:
        claims = honest(session, worker_id, lane, **rest)
        _count_as_sent(session, [one.mail_id for one in claims])
        return claims

    deliver.claim = claim
    deliver.mark = _whatever_starts  # type: ignore[assignment]  # takes what it does not look at


def random_message_id() -> None:
    """A mail gets its Message-ID when it is put together."""
    honest = Skeleton.splice

    def splice(self: Skeleton, values: Mapping[str, str]) -> bytes:
        ident = f"Message-ID: <{secrets.token_hex(8)}@drill.invalid>"
        return MESSAGE_ID.sub(ident.encode(), honest(self, values), count=1)

    Skeleton.splice = splice  # type: ignore[method-assign]  # the bug


def short_lease() -> None:
    """No bug: a worker is taken for dead after seconds, so that a test can wait for it."""
    sender.LEASE, sender.HEARTBEAT = timedelta(seconds=4), 1.0


def no_epoch() -> None:
    """A mail may start, whoever claimed it since."""
    honest = deliver.mark

    def mark(
        session: Session,
        worker_id: int,
        done: Sequence[Mark],
        starting: Sequence[Start],
        **rest: Any,
    ) -> set[int]:
        honest(session, worker_id, done, starting, **rest)
        return {one.mail_id for one in starting}

    deliver.mark = mark
    short_lease()


def _whatever_starts(
    _session: Session, _worker_id: int, _done: Sequence[Mark], starting: Sequence[Start], **_: Any
) -> set[int]:
    return {one.mail_id for one in starting}


def _count_as_sent(session: Session, ids: Collection[int]) -> None:
    sent = {"state": MailState.SENT, "due_at": None, "worker_id": None}
    session.execute(update(Mail).where(col(Mail.id).in_(ids)).values(sent))


BUGS: dict[str, Callable[[], None]] = {
    "mark-before-send": mark_before_send,
    "checkpoint-at-fetch": checkpoint_at_fetch,
    "random-message-id": random_message_id,
    "short-lease": short_lease,
    "no-epoch": no_epoch,
}


if __name__ == "__main__":
    BUGS[sys.argv.pop(1)]()
    main()
