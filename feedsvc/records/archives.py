"""The archives of a feed (RFC 5005, section 4): runs of fifty appearances, in their order.

A run that is full never changes but for what was taken back. What has not filled a run yet is at the
head of the feed; where the head has no room for it, a part of the run that is being filled is a
document of its own, `3-17` for the first seventeen of the third.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, select

from feedsvc.domain.tables.content import Appearance, Campaign, Entry, Update
from feedsvc.records.entries import Found, within

LENGTH: Final = 50
_NAME: Final = re.compile(r"([1-9][0-9]{0,8})(?:-([1-9][0-9]?))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Run:
    """A run by its number, from 1; `length` is less than fifty while it is being filled."""

    number: int
    length: int = LENGTH

    def __str__(self) -> str:
        return str(self.number) if self.length == LENGTH else f"{self.number}-{self.length}"

    @property
    def before(self) -> "Run | None":
        """The run before this one."""
        return Run(self.number - 1) if self.number > 1 else None

    @property
    def after(self) -> "Run":
        """The run after this one, which may not be there yet."""
        return Run(self.number + 1) if self.length == LENGTH else Run(self.number)


def named(name: str) -> Run | None:
    """Read the name of a run; None when it is none."""
    parts = _NAME.fullmatch(name)
    if parts is None or (parts[2] and int(parts[2]) >= LENGTH):
        return None
    return Run(int(parts[1]), int(parts[2] or LENGTH))


def count(session: Session, scope: int, language: str | None) -> int:
    """Count the appearances in a feed."""
    counted = select(func.count()).select_from(Appearance)
    mine = counted.join(Entry, col(Entry.id) == Appearance.entry_id).where(within(scope, language))
    return session.exec(mine).one()


def found(session: Session, scope: int, language: str | None, run: Run) -> list[Found]:
    """Find the appearances of a run, in their order; fewer than its length while it is filled."""
    rows = (
        select(Entry, Campaign, Update, Appearance)
        .join(Appearance, col(Appearance.entry_id) == Entry.id)
        .join(Campaign, col(Campaign.id) == Entry.campaign_id)
        .join(Update, col(Update.id) == Entry.update_id, isouter=True)
        .where(within(scope, language))
        .order_by(col(Appearance.place))
        .offset((run.number - 1) * LENGTH)
        .limit(run.length)
    )
    return [Found(*row) for row in session.exec(rows).all()]


def before_head(
    session: Session, scope: int, language: str | None, shown: Collection[str]
) -> Run | None:
    """Return the run that goes before a head with these tags: between them nothing is left out."""
    full = count(session, scope, language) // LENGTH
    length = _beyond(_filling(session, scope, language, full), shown)
    if length:
        return Run(full + 1, length)
    return Run(full) if full else None


def _filling(
    session: Session, scope: int, language: str | None, full: int
) -> Sequence[tuple[str, datetime | None]]:
    """Return tag and end of each entry that appeared after the last run that is full."""
    rows = (
        select(Entry.tag, Entry.left_at)
        .join(Appearance, col(Appearance.entry_id) == Entry.id)
        .where(within(scope, language))
        .order_by(col(Appearance.place))
        .offset(full * LENGTH)
    )
    return session.exec(rows).all()


def _beyond(filling: Sequence[tuple[str, datetime | None]], shown: Collection[str]) -> int:
    """Return how much of a run it takes to hold all that the head does not."""
    lacking = [
        position
        for position, (tag, left_at) in enumerate(filling, start=1)
        if tag not in shown and left_at is None
    ]
    return max(lacking, default=0)
