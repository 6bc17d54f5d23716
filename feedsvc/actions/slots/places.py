"""Local hours: each opens a run for every place where somebody waits for it.

What was looked at is remembered, so that a look costs nothing until another quarter of an hour has
begun somewhere, and one that comes late goes through all that has begun since.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, exists, select

from feedsvc.domain import cadence as calendar
from feedsvc.domain.tables.content import Fact
from feedsvc.domain.tables.ledger import WAITING, Delivery, Slot
from feedsvc.domain.tables.people import Cadence
from feedsvc.gateways.database import fetch, plain
from feedsvc.records.locks import insert

LOOKED = "slots are open until"
LONGEST = timedelta(days=8)
"""No run is opened for what began longer ago: another week has begun since."""

LOOKS = 1_000
"""How many places are looked at in one go; whoever waits for the database waits for that."""

FEW = 20
"""Where more people live than that, a run is opened without asking who of them waits."""

_ZONES = text("""
    WITH RECURSIVE step (zone_tag) AS (
        SELECT (SELECT zone_tag FROM signer ORDER BY zone_tag LIMIT 1)
        UNION ALL
        SELECT (
            SELECT next.zone_tag FROM signer AS next
            WHERE next.zone_tag > step.zone_tag ORDER BY next.zone_tag LIMIT 1
        )
        FROM step WHERE step.zone_tag IS NOT NULL
    )
    SELECT zone_tag FROM step WHERE zone_tag IS NOT NULL
""")
"""Each zone in use: one step through the index for each, never a scan."""

_SOMEBODY = """
    SELECT count(*), sum(CASE WHEN EXISTS (
        SELECT 1 FROM delivery JOIN subscription ON subscription.id = subscription_id
        WHERE delivery.state = 'waiting' AND delivery.signer_id = people.id AND cadence = :cadence
    ) THEN 1 ELSE 0 END)
    FROM (
        SELECT id FROM signer WHERE zone_tag = :zone AND daily_hour = :hour %(weekday)s
        ORDER BY id LIMIT :few
    ) AS people
"""
_DAILY = plain(_SOMEBODY, weekday=("", ""))
_WEEKLY = plain(_SOMEBODY, weekday=("AND weekly_day = :weekday", "AND weekly_day = :weekday"))


def open_periods(
    session: Session, settle: timedelta, zones: Mapping[bytes, str], now: datetime
) -> bool:
    """Open the runs of the hours that have begun and settled since the last look.

    Returns whether there is more: who comes very late takes several steps.
    """
    until = calendar.quarter(now - settle)
    looked = session.get(Fact, LOOKED) or Fact(name=LOOKED, value=b"")
    if looked.value == until.isoformat().encode():
        return False
    after = _looked(looked, until)
    if session.exec(select(exists(select(Delivery.signer_id).where(WAITING)))).one():
        tags = [tag for (tag,) in session.execute(_ZONES) if tag in zones]
        end = min(until, after + max(1, LOOKS // (2 * len(tags) or 1)) * calendar.HOUR)
        begun = _begun(session, {tag: zones[tag] for tag in tags}, after, end, until)
        _open(session, list(begun))
    else:
        end = until
    looked.value = end.isoformat().encode()
    session.add(looked)
    session.flush()
    return end < until


def _looked(fact: Fact, until: datetime) -> datetime:
    """Say until when all is open; a clock that was turned back is believed."""
    if not fact.value:
        return until - LONGEST
    return min(until, max(datetime.fromisoformat(fact.value.decode()), until - LONGEST))


def _begun(
    session: Session, zones: Mapping[bytes, str], after: datetime, end: datetime, until: datetime
) -> Iterator[dict[str, Any]]:
    """Give the runs of the hours between two instants, but for those that a later one makes up for."""
    for tag, zone in zones.items():
        for day, hour, at in calendar.begun(zone, after, end):
            for cadence, weekday in ((Cadence.DAILY, -1), (Cadence.WEEKLY, day.weekday())):
                place: dict[str, Any] = {"zone_tag": tag, "hour": hour, "weekday": weekday}
                if calendar.newest(cadence, zone, day, hour, until) and _somebody(
                    session, cadence, **place
                ):
                    yield _slot(cadence, day, at) | place


def _slot(cadence: Cadence, day: date, at: datetime) -> dict[str, Any]:
    return {"cadence": cadence, "local_date": day, "at": at, "bookmark": 0}


def _somebody(
    session: Session, cadence: Cadence, *, zone_tag: bytes, hour: int, weekday: int
) -> bool:
    """Whether somebody there waits for a digest of this cadence, or so many live there that we do not ask."""
    statement = _DAILY if cadence is Cadence.DAILY else _WEEKLY
    place = {"zone": zone_tag, "hour": hour, "weekday": weekday, "few": FEW}
    [(people, waiting)] = fetch(session, statement, cadence=cadence.value, **place)
    return people == FEW or bool(waiting)


def _open(session: Session, slots: Sequence[dict[str, Any]]) -> None:
    if slots:
        session.execute(insert(session, Slot).on_conflict_do_nothing(), list(slots))
