"""The share of a mailing that goes first, and what waits for it to prove itself."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from sqlmodel import Session, col, func, select

from feedsvc.domain import halts
from feedsvc.domain.tables.ledger import Mail, Notice
from feedsvc.gateways.database import fetch, plain

_HELD_BACK = plain("""
    SELECT later.id FROM notice AS later JOIN (
        SELECT campaign_id, min(arrival) AS arrival FROM notice
        WHERE share > 0 AND allowance = 0 AND paused_at IS NULL AND cancelled IS NULL
        GROUP BY campaign_id
    ) AS used_up ON used_up.campaign_id = later.campaign_id AND used_up.arrival <= later.arrival
""")


class Planned(Protocol):
    """A delivery that could go into a mail now."""

    @property
    def signer_id(self) -> int:
        """Whose it is."""
        ...

    @property
    def notice_id(self) -> int:
        """What it is about."""
        ...


Row = TypeVar("Row", bound=Planned)


def held_back(session: Session) -> set[int]:
    """Return the notices of which no more may be planned: their shares are used up.

    With them what arrived later in the same campaign, since delivery follows arrival.
    """
    return {notice_id for (notice_id,) in fetch(session, _HELD_BACK)}


def within(
    session: Session,
    rows: Sequence[Row],
    campaigns: Mapping[int, int],
    percent: float,
    now: datetime,
) -> Sequence[Row]:
    """Leave out the deliveries that exceed the shares of their notices; count those that go.

    `rows` are in the order of signers, campaigns and arrivals; nothing goes before what is older.
    `campaigns` gives the campaign of each notice.
    """
    trials = _trials(session, {row.notice_id for row in rows}, percent, now)
    if not trials:
        return rows
    going, behind = [], set()
    for row in rows:
        notice, place = trials.get(row.notice_id), (row.signer_id, campaigns[row.notice_id])
        if place in behind or (notice is not None and notice.allowance == 0):
            behind.add(place)
            continue
        if notice is not None:
            notice.allowance -= 1
        going.append(row)
    return going


def begin(session: Session, notice: Notice, percent: float, now: datetime) -> None:
    """Decide how many mails go first, once, when the first of them is planned."""
    if notice.share != 0:
        return
    notice.share = halts.first_share(notice.eligible or 0, percent)
    notice.allowance = notice.share or 0
    mark_here(session, notice, now)


def mark_here(session: Session, notice: Notice, now: datetime) -> None:
    """Judge the mailing by what happens from now on."""
    notice.share_at = now
    notice.share_from = session.exec(select(func.max(Mail.id))).one() or 0


def _trials(
    session: Session, notice_ids: Collection[int], percent: float, now: datetime
) -> dict[int, Notice]:
    """Find which of these are not proven, and hold their counters; mostly there is none."""
    unproven = select(Notice).where(col(Notice.id).in_(notice_ids), col(Notice.share).is_not(None))
    ordered = unproven.order_by(col(Notice.id)).with_for_update(key_share=True)
    found = session.exec(ordered.execution_options(populate_existing=True)).all()
    for notice in found:
        begin(session, notice, percent, now)
    return {notice.id or 0: notice for notice in found if notice.on_trial}
