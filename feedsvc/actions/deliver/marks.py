"""Marks: what became of some mails and that others start, in one commit.

Every mail passes here twice, so the two statements that nearly all of them meet are spelled out for
each database; whatever is out of the ordinary is looked at row by row. So is a service mail that
had started before: nothing could call it back then.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
from sqlmodel import Session

from feedsvc.actions.deliver import fates, starts, tally
from feedsvc.actions.deliver.fates import Mark
from feedsvc.actions.deliver.starts import Start
from feedsvc.domain.outcome import Kind
from feedsvc.domain.tables.ledger import MailState
from feedsvc.gateways.database import execute, fetch, journalled, plain
from feedsvc.records.locks import share
from feedsvc.records.told import IN_IDS, STOPPED, told

# SQLite is to go by the numbers, not through all that is claimed: hence the plus.
WORKER_ID = ("+worker_id", "worker_id")

_SENT = plain(
    """
    UPDATE mail
    SET state = 'sent', changed_at = :now, attempts = attempts + 1,
        worker_id = NULL, due_at = NULL, reason = NULL, reply = NULL
    WHERE id %(in_ids)s AND %(worker_id)s = :worker AND state = 'sending'
    """,
    in_ids=IN_IDS,
    worker_id=WORKER_ID,
)
_START = plain(
    """
    UPDATE mail
    SET state = 'sending', changed_at = :now,
        connection = starting.connection, position = starting.position
    FROM (%(starting)s) AS starting
    WHERE mail.id = starting.id AND %(worker_id)s = :worker
        AND due_at IS NOT NULL AND state <> 'sending'
        AND (lane = 'b' OR mail.connection IS NULL AND kind <> 'move to')
        AND digest_id NOT IN (%(stopped)s)
        AND NOT EXISTS (
            SELECT 1 FROM signer JOIN suppression USING (address_index)
            WHERE signer.id = mail.signer_id AND lifted_at IS NULL
        )
        AND NOT EXISTS (
            SELECT 1 FROM delivery JOIN subscription ON subscription.id = subscription_id
            WHERE mail_id = mail.id AND (ended_at IS NOT NULL OR paused_until IS NOT NULL)
        )
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
    stopped=(STOPPED, STOPPED),
)


_MARKED = plain(
    """
    SELECT id FROM mail
    WHERE id %(in_ids)s AND state = :state AND changed_at = :now
        AND (worker_id IS NULL OR worker_id = :worker)
    """,
    in_ids=IN_IDS,
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
    sent = [one for one in done if one.outcome.kind is Kind.SENT]
    if sent:
        sent = _send_off(session, worker_id, sent, now)
        at = now.isoformat()
        for one in sent:
            if one.journal:
                journalled(session, f"{at} sent {one.journal}")
        if tallied:
            tally.count(session, now.date(), Counter(one.domain_tag for one in sent))
    for one in done:
        if one.outcome.kind is not Kind.SENT:
            fates.meet(session, worker_id, one, unknown_wait, now)
    return _start(session, worker_id, starting, now) if starting else set()


def _send_off(session: Session, worker_id: int, sent: list[Mark], now: datetime) -> list[Mark]:
    """Mark mails as sent; a stale mark changes nothing. Returns those that were not."""
    ids = [one.mail_id for one in sent]
    if execute(session, _SENT, ids=told(session, ids), worker=worker_id, now=now) == len(ids):
        return sent
    marked = _marked(session, ids, MailState.SENT, worker_id, now)
    return [one for one in sent if one.mail_id in marked]


def _start(session: Session, worker_id: int, starting: Sequence[Start], now: datetime) -> set[int]:
    """Mark mails as sending; from the commit of this mark on they have started."""
    share(session, starts.TURN)
    places = orjson.dumps([tuple(one) for one in starting]).decode()
    ids = [one.mail_id for one in starting]
    if execute(session, _START, starting=places, worker=worker_id, now=now) == len(ids):
        return set(ids)
    started = _marked(session, ids, MailState.SENDING, worker_id, now)
    for one in starting:
        if one.mail_id not in started and starts.again(session, worker_id, one, now):
            started.add(one.mail_id)
    return started


def _marked(
    session: Session, ids: list[int], state: MailState, worker_id: int, now: datetime
) -> set[int]:
    """Find out which were marked: rarely asked, so that marking need not return them."""
    asked = {"ids": told(session, ids), "state": state.value, "worker": worker_id, "now": now}
    return {mail_id for (mail_id,) in fetch(session, _MARKED, **asked)}
