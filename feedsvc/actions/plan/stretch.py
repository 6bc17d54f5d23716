"""Who is due: a stretch of those who wait, from the bookmark of a slot on.

A stretch is bounded by how many are looked at, due or not, so that whoever waits for the database
waits for one stretch only, however many wait for another day.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Notice, Slot
from feedsvc.domain.tables.people import Cadence
from feedsvc.gateways.database import Plain, fetch, plain
from feedsvc.records import due, shares
from feedsvc.records.told import told

LOOKS = 4
"""How many are looked at for each that a chunk may take."""

ALL = 2**31

_WALK = """
    SELECT delivery.signer_id FROM delivery
    WHERE %(which)s AND delivery.signer_id > :bookmark
    ORDER BY delivery.signer_id LIMIT 1 OFFSET :looks
"""
_LIVE_HERE = """
    SELECT signer.id FROM signer
    WHERE zone_tag = :zone AND daily_hour = :hour %(weekday)s AND signer.id > :bookmark
    ORDER BY signer.id LIMIT 1 OFFSET :looks
"""
_ROWS = """
    SELECT signer.id, delivery.notice_id, language_tag, discreet,
        daily_served_on, daily_served_at, weekly_served_on,
        EXISTS (
            SELECT 1 FROM suppression
            WHERE suppression.address_index = signer.address_index AND lifted_at IS NULL
        ) AS suppressed
    FROM %(tables)s
    WHERE %(joined)s AND subscription.id = subscription_id
        AND %(ordered)s > :bookmark AND %(ordered)s <= :end
        AND (paused_until IS NULL OR paused_until <= :now) AND %(due)s
    ORDER BY %(ordered)s, delivery.notice_id LIMIT :chunk %(locked)s
"""
_LOCKED = ("", "FOR UPDATE OF delivery")
_WAITING = "delivery.state = 'waiting'"
_DUE_NOW = (
    "delivery.due_now AND delivery.state || '' = 'waiting'"  # not by the index of those who wait
)
_OWN = (
    "(cadence = 'immediate' AND notice_id IN (SELECT value FROM json_each(:own)) OR due_now)",
    "(cadence = 'immediate' AND notice_id = ANY(:own) OR due_now)",
)


class Row(NamedTuple):
    """One delivery that is due, with what is known of its signer, as a plain statement reads it."""

    signer_id: int
    notice_id: int
    language_tag: bytes | None
    discreet: bool
    daily_served_on: Any
    daily_served_at: Any
    weekly_served_on: Any
    suppressed: bool


class Stretch(NamedTuple):
    """What is due in a part of a slot; `end` is the last signer looked at, None: all were.

    `rows` are in the order of signers, campaigns and arrivals; `campaigns` gives that of a notice.
    """

    rows: Sequence[Row]
    campaigns: Mapping[int, int]
    end: int | None


class _Source(NamedTuple):
    """The statements that walk through those who may be due: how far, and what they lack."""

    walk: Plain
    rows: Plain


def _same(text: str) -> tuple[str, str]:
    return text, text


def _deliveries(which: str, is_due: tuple[str, str]) -> _Source:
    """Go through the deliveries that wait, by their index."""
    rows = plain(
        _ROWS,
        tables=_same("delivery CROSS JOIN subscription CROSS JOIN signer"),
        joined=_same(f"{which} AND signer.id = delivery.signer_id"),
        ordered=_same("delivery.signer_id"),
        due=is_due,
        locked=_LOCKED,
    )
    return _Source(plain(_WALK, which=_same(which)), rows)


def _people(weekday: str) -> _Source:
    """Go through the signers of a place: most of what waits belongs to other places."""
    here = f"zone_tag = :zone AND daily_hour = :hour {weekday}"
    rows = plain(
        _ROWS,
        tables=_same("signer CROSS JOIN delivery CROSS JOIN subscription"),
        joined=_same(f"{here} AND {_WAITING} AND delivery.signer_id = signer.id"),
        ordered=_same("signer.id"),
        due=_same("cadence = :cadence"),
        locked=_LOCKED,
    )
    return _Source(plain(_LIVE_HERE, weekday=_same(weekday)), rows)


_AT_ONCE = _deliveries(_WAITING, _OWN)
_OVERDUE = _deliveries(_DUE_NOW, _same("due_now"))
_DAILY = _people("")
_WEEKLY = _people("AND weekly_day = :weekday")


def walk(session: Session, slot: Slot, chunk: int, now: datetime) -> Stretch:
    """Take the due deliveries of the next stretch, locked, so that nobody else plans them too."""
    source, asked = _source(session, slot)
    asked |= {"bookmark": slot.bookmark, "now": now}
    ends = fetch(session, source.walk, **asked, looks=chunk * LOOKS)
    end = ends[0][0] if ends else None
    found = fetch(session, source.rows, **asked, end=ALL if end is None else end, chunk=chunk)
    if len(found) == chunk:  # the last signer may lack more
        end = found[-1][0]
        asked["bookmark"] = end - 1
        rest = fetch(session, source.rows, **asked, end=end, chunk=ALL)
        found = [*(row for row in found if row[0] != end), *rest]
    rows = list(map(Row._make, found))
    notices = _going_on(session, slot, {row.notice_id for row in rows})
    campaigns = {number: campaign for number, (campaign, _) in notices.items()}
    return Stretch(_in_order(rows, notices), campaigns, end)


def _source(session: Session, slot: Slot) -> tuple[_Source, dict[str, Any]]:
    """Say where to look, and for what: nobody walks through all who wait when none of it is due."""
    if slot.cadence is Cadence.IMMEDIATE:
        own = _own(session, slot)
        return (_AT_ONCE, {"own": told(session, own)}) if own else (_OVERDUE, {})
    place = {"zone": slot.zone_tag, "hour": slot.hour, "cadence": slot.cadence.value}
    if slot.cadence is Cadence.WEEKLY:
        return _WEEKLY, place | {"weekday": slot.weekday}
    return _DAILY, place


def _own(session: Session, slot: Slot) -> list[int]:
    """Give the notices of this run that may be planned."""
    own = session.exec(select(Notice.id).where(Notice.slot_id == slot.id, due.going_on())).all()
    held = shares.held_back(session)
    return [number for number in own if number is not None and number not in held]


def _going_on(session: Session, slot: Slot, notice_ids: set[int]) -> dict[int, tuple[int, int]]:
    """Give campaign and arrival of those notices that may be planned in this slot.

    Not those that are stopped, whose shares are used up, or that came after the hour of the slot.
    """
    if not notice_ids:
        return {}
    held = shares.held_back(session)
    known = select(Notice.id, Notice.campaign_id, Notice.arrival).where(
        col(Notice.id).in_(notice_ids - set(held)), due.going_on()
    )
    if slot.cadence is not Cadence.IMMEDIATE:
        known = known.where(col(Notice.arrived_at) < slot.at)
    return {number or 0: (campaign, arrival) for number, campaign, arrival in session.exec(known)}


def _in_order(rows: list[Row], notices: Mapping[int, tuple[int, int]]) -> list[Row]:
    """Leave out what may not go, and put the rest in order."""
    going = [row for row in rows if row.notice_id in notices]
    if len(notices) > 1:
        going.sort(key=lambda row: (row.signer_id, notices[row.notice_id]))
    return going
