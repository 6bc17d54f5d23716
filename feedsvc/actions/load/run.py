"""The loading of one campaign's folder, and what it has changed so far."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from feedsvc.config import Site
from feedsvc.records import audit, feeds


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one file; `made` unless it was left alone."""

    file: str
    what: str
    made: bool = True


@dataclass(slots=True)
class Run:
    """What everything that loads a folder needs to know.

    `fresh`: the database was empty, so what is restored takes its old place. `begun`: so was the
    campaign, and its feeds stand where the record has them.
    """

    session: Session
    site: Site
    slug: str
    by: str
    now: datetime
    fresh: bool = False
    begun: bool = False
    changes: list[Change] = field(default_factory=list)

    @property
    def second(self) -> datetime:
        """The present second, as feeds write it."""
        return feeds.whole(self.now)

    def file(self, name: str) -> str:
        """Name a file as errors and the report do."""
        return f"{self.slug}/{name}"

    def changed(self, file: str, what: str, about: str) -> None:
        """Note a change, for the report and for the audit; `about` is what it was made to."""
        self.changes.append(Change(file, what))
        audit.note(self.session, self.by, "load", about, self.now, detail=f"{file}: {what}")

    def left_alone(self, file: str, why: str) -> None:
        """Note that a file is behind what is stored."""
        self.changes.append(Change(file, f"left alone: {why}", made=False))
