"""Who is due: a stretch of those who wait, from the bookmark of a slot on.

A stretch is bounded by how many are looked at, due or not, so that whoever waits for the database
waits for one stretch only, however many wait for another day.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import Session

from feedsvc.domain.tables.people import Cadence
from feedsvc.gateways.database import Plain, fetch, instant_of, plain
from feedsvc.records import shares
from feedsvc.records.told import IN_IDS, told

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
    SELECT signer.id, delivery.notice_id, language_tag, discreet, %(served)s,
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


_NOTICES = """
    SELECT id, campaign_id, arrival, arrived_at, share IS NOT NULL FROM notice
    WHERE %(which)s AND paused_at IS NULL AND cancelled IS NULL
"""


class Slot(NamedTuple):
    """An open slot, as a plain statement reads it."""

    id: int
    cadence: str
    zone_tag: bytes | None
    hour: int
    weekday: int
    local_date: Any
    at: Any
    bookmark: int


class Row(NamedTuple):
    """One delivery that is due, with what is known of its signer, as a plain statement reads it."""

    signer_id: int
    notice_id: int
    language_tag: bytes | None
    discreet: bool
    daily_on: Any
    daily_at: Any
    weekly_on: Any
    suppressed: bool


class Going(NamedTuple):
    """A notice that goes on; `unproven`: a share of it goes first."""

    campaign_id: int
    arrival: int
    unproven: bool


class Stretch(NamedTuple):
    """What is due in a part of a slot; `end` is the last signer looked at, None: all were.

    `rows` are in the order of signers, campaigns and arrivals; `notices` are those that they are of.
    """

    rows: Sequence[Row]
    notices: Mapping[int, Going]
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
        served=_same("NULL, NULL, NULL"),
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
        served=_same("daily_on, daily_at, weekly_on"),
        tables=_same(
            "signer CROSS JOIN delivery CROSS JOIN subscription "
            "LEFT JOIN served ON served.signer_id = signer.id"
        ),
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
_OF_RUN = plain(_NOTICES, which=_same("slot_id = :run"))
_THESE = plain(_NOTICES, which=(f"id {IN_IDS[0]}", f"id {IN_IDS[1]}"))


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
    return Stretch(_in_order(rows, notices), notices, end)


def _source(session: Session, slot: Slot) -> tuple[_Source, dict[str, Any]]:
    """Say where to look, and for what: nobody walks through all who wait when none of it is due."""
    if slot.cadence == Cadence.IMMEDIATE:
        own = _own(session, slot)
        return (_AT_ONCE, {"own": told(session, own)}) if own else (_OVERDUE, {})
    place = {"zone": slot.zone_tag, "hour": slot.hour, "cadence": slot.cadence}
    if slot.cadence == Cadence.WEEKLY:
        return _WEEKLY, place | {"weekday": slot.weekday}
    return _DAILY, place


def _own(session: Session, slot: Slot) -> list[int]:
    """Give the notices of this run that may be planned."""
    held = shares.held_back(session)
    return [number for number, *_ in fetch(session, _OF_RUN, run=slot.id) if number not in held]


def _going_on(session: Session, slot: Slot, notice_ids: Collection[int]) -> dict[int, Going]:
    """Give those notices that may be planned in this slot.

    Not those that are stopped, whose shares are used up, or that came after the hour of the slot.
    """
    if not notice_ids:
        return {}
    held, at = shares.held_back(session), instant_of(slot.at)
    return {
        number: Going(campaign_id, arrival, bool(unproven))
        for number, campaign_id, arrival, arrived_at, unproven in fetch(
            session, _THESE, ids=told(session, list(notice_ids))
        )
        if number not in held and (slot.cadence == Cadence.IMMEDIATE or instant_of(arrived_at) < at)
    }


def _in_order(rows: list[Row], notices: Mapping[int, Going]) -> list[Row]:
    """Leave out what may not go, and put the rest in order."""
    going = [row for row in rows if row.notice_id in notices]
    if len(notices) > 1:
        going.sort(key=lambda row: (row.signer_id, notices[row.notice_id]))
    return going
