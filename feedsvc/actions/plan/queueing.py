"""The rows of a planned chunk, written for a whole group at once."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from feedsvc.actions.plan.groups import Group
from feedsvc.actions.plan.stretch import Slot
from feedsvc.domain.tables.ledger import WAITING, Delivery, DeliveryState, Withheld
from feedsvc.domain.tables.people import Cadence
from feedsvc.gateways.database import day_of, execute, plain
from feedsvc.records import mails
from feedsvc.records.told import told

_LISTED = (
    "(SELECT :first + key AS mail_id, value AS signer_id FROM json_each(:signers)) AS listed",
    "unnest(CAST(:mails AS bigint[]), CAST(:signers AS bigint[])) AS listed (mail_id, signer_id)",
)
_QUEUED = plain(
    """
    INSERT INTO mail (
        id, kind, digest_id, signer_id, lane, state, domain_tag,
        planned_at, due_at, changed_at, attempts, alone, crashes, rebuffs, retried
    )
    SELECT listed.mail_id, 'digest', :digest, signer.id, 'b', 'queued', domain_tag,
        :now, :now, :now, 0, FALSE, 0, 0, FALSE
    FROM %(listed)s CROSS JOIN signer
    WHERE signer.id = listed.signer_id
    """,
    listed=_LISTED,
)
_KEPT = plain(
    """
    INSERT INTO snapshot (mail_id, address_sealed, name_sealed, signed_on, token_key)
    SELECT listed.mail_id, address_sealed, name_sealed,
        coalesce(%(signed)s, (
            SELECT %(consented)s FROM delivery JOIN subscription ON subscription.id = subscription_id
            WHERE notice_id = :notice AND delivery.signer_id = signer.id
        )),
        :key
    FROM %(listed)s CROSS JOIN signer
    LEFT JOIN signature ON signature.signer_id = signer.id
        AND signature.campaign_id = (SELECT campaign_id FROM notice WHERE id = :notice)
    WHERE signer.id = listed.signer_id
    ON CONFLICT DO NOTHING
    """,
    listed=_LISTED,
    signed=("substr(signed_at, 1, 10)", "CAST(signed_at AT TIME ZONE 'UTC' AS date)"),
    consented=("substr(consented_at, 1, 10)", "CAST(consented_at AT TIME ZONE 'UTC' AS date)"),
)
"""Whoever signed twice under another address counts as having signed once: the first row is kept."""

_MARKED = plain(
    """
    UPDATE delivery SET state = 'mailed', due_now = FALSE, mail_id = (
        SELECT mail.id FROM mail
        WHERE mail.signer_id = delivery.signer_id AND mail.id >= :first LIMIT 1
    )
    WHERE notice_id = :notice AND delivery.signer_id %(in_signers)s
    """,
    in_signers=("IN (SELECT value FROM json_each(:signers))", "= ANY(:signers)"),
)
_SERVED = {
    "day": (":day", "CAST(:day AS date)"),
    "ids": ("json_each(:ids)", "unnest(CAST(:ids AS bigint[])) AS ids (value)"),
}
_DAILY = plain(
    """
    INSERT INTO served (signer_id, daily_on, daily_at)
    SELECT value, %(day)s, :now FROM %(ids)s WHERE TRUE
    ON CONFLICT (signer_id) DO UPDATE SET daily_on = excluded.daily_on, daily_at = excluded.daily_at
    """,
    **_SERVED,
)
_WEEKLY = plain(
    """
    INSERT INTO served (signer_id, weekly_on) SELECT value, %(day)s FROM %(ids)s WHERE TRUE
    ON CONFLICT (signer_id) DO UPDATE SET weekly_on = excluded.weekly_on
    """,
    **_SERVED,
)


def queue(session: Session, group: Group, key: int, now: datetime) -> None:
    """Queue a mail for everybody in a group, keep what its slots need, and mark what it carries."""
    numbers = mails.numbers(session, len(group.signers))
    listed = {
        "signers": told(session, group.signers),
        "mails": list(numbers),
        "first": numbers[0],
    }
    execute(session, _QUEUED, **listed, digest=group.digest_id, now=now)
    execute(session, _KEPT, **listed, notice=group.notices[0], key=key)
    for notice_id in group.notices:
        execute(session, _MARKED, **listed, notice=notice_id)


def remember(session: Session, slot: Slot, signers: Sequence[int], now: datetime) -> None:
    """Keep the local date that each signer was served, whatever their zone does next."""
    if slot.local_date is None:
        return
    day = day_of(slot.local_date).isoformat()
    ids = told(session, signers)
    if slot.cadence == Cadence.DAILY:
        execute(session, _DAILY, ids=ids, day=day, now=now)
    else:
        execute(session, _WEEKLY, ids=ids, day=day)


def withhold(session: Session, signers: Sequence[int], why: Withheld) -> None:
    """Withhold what waits for some signers, or it would be due for ever."""
    session.execute(
        update(Delivery)
        .where(col(Delivery.signer_id).in_(signers), WAITING)
        .values(state=DeliveryState.WITHHELD, reason=why, due_now=False),
        execution_options={"synchronize_session": False},
    )
