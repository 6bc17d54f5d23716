"""Marks: what became of some mails and that others start, in one commit.

Every mail passes here twice, so the two statements that nearly all of them meet are spelled out for
each database; whatever is out of the ordinary is looked at row by row.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import orjson
from sqlmodel import Session

from feedsvc.actions.deliver import fates, starts, tally
from feedsvc.actions.deliver.fates import Mark
from feedsvc.actions.deliver.starts import Start
from feedsvc.domain.outcome import Kind
from feedsvc.gateways.database import journalled
from feedsvc.records import plain
from feedsvc.records.locks import on_postgresql, share

WORKER_ID = (
    "+worker_id",
    "worker_id",
)  # SQLite goes by the numbers, not through all that is claimed


_SENT = plain.plain(
    """
    UPDATE mail
    SET state = 'sent', changed_at = :now, attempts = attempts + 1,
        worker_id = NULL, due_at = NULL, reason = NULL, reply = NULL
    WHERE id %(in_ids)s AND %(worker_id)s = :worker AND state = 'sending'
    RETURNING id, domain_tag
    """,
    in_ids=("IN (SELECT value FROM json_each(:ids))", "= ANY(:ids)"),
    worker_id=WORKER_ID,
)
_START = plain.plain(
    """
    UPDATE mail
    SET state = 'sending', changed_at = :now,
        connection = starting.connection, position = starting.position
    FROM (%(starting)s) AS starting
    WHERE mail.id = starting.id AND %(worker_id)s = :worker
        AND due_at IS NOT NULL AND state <> 'sending'
        AND digest_id NOT IN (
            SELECT digest_id FROM notice CROSS JOIN digest_entry
            WHERE notice.id = notice_id AND (paused_at IS NOT NULL OR cancelled IS NOT NULL)
        )
        AND NOT EXISTS (
            SELECT 1 FROM signer JOIN suppression USING (address_index)
            WHERE signer.id = mail.signer_id AND lifted_at IS NULL
        )
        AND NOT EXISTS (
            SELECT 1 FROM delivery JOIN subscription ON subscription.id = subscription_id
            WHERE mail_id = mail.id AND (ended_at IS NOT NULL OR paused_until IS NOT NULL)
        )
    RETURNING mail.id
    """,
    starting=(
        """
        SELECT json_extract(value, '$[0]') AS id,
            json_extract(value, '$[1]') AS connection, json_extract(value, '$[2]') AS position
        FROM json_each(:starting)
        """,
        """
        SELECT CAST(value->>0 AS bigint) AS id,
            CAST(value->>1 AS int) AS connection, CAST(value->>2 AS int) AS position
        FROM json_array_elements(CAST(:starting AS json))
        """,
    ),
    worker_id=WORKER_ID,
)


def mark(
    session: Session,
    worker_id: int,
    done: Sequence[Mark],
    starting: Sequence[Start],
    *,
    unknown_wait: timedelta,
    now: datetime,
    tallied: bool = False,
) -> set[int]:
    """Mark what became of some mails and that others start, in one commit.

    Returns which of `starting` may start: someone may have left since they were claimed. What is
    sent is `tallied` by group where there is a cap.
    """
    sent = {one.mail_id: one for one in done if one.outcome.kind is Kind.SENT}
    if sent:
        gone = _send_off(session, worker_id, sent, now)
        if tallied:
            tally.count(session, now.date(), gone)
    for one in done:
        if one.mail_id not in sent:
            fates.meet(session, worker_id, one, unknown_wait, now)
    return _start(session, worker_id, starting, now) if starting else set()


def _send_off(
    session: Session, worker_id: int, sent: Mapping[int, Mark], now: datetime
) -> Counter[bytes]:
    """Mark mails as sent; a stale mark changes nothing and journals nothing."""
    ids = list(sent) if on_postgresql(session) else orjson.dumps(list(sent)).decode()
    rows = plain.run(session, _SENT, ids=ids, worker=worker_id, now=now)
    gone: Counter[bytes] = Counter()
    for mail_id, domain_tag in rows:
        gone[bytes(domain_tag)] += 1
        if sent[mail_id].journal:
            journalled(session, f"{now.isoformat()} sent {sent[mail_id].journal}")
    return gone


def _start(session: Session, worker_id: int, starting: Sequence[Start], now: datetime) -> set[int]:
    """Mark mails as sending; from the commit of this mark on they have started."""
    share(session, starts.TURN)
    places = [(one.mail_id, one.connection, one.position) for one in starting]
    told = orjson.dumps(places).decode()
    rows = plain.run(session, _START, starting=told, worker=worker_id, now=now)
    started = {mail_id for (mail_id,) in rows}
    for one in starting:
        if one.mail_id not in started and starts.again(session, worker_id, one, now):
            started.add(one.mail_id)
    return started
