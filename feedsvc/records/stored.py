"""Files as they are stored: whether they may be shown, and what they hold, whole or in parts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import String, cast, func
from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import (
    FeedVersion,
    Revision,
    RevisionText,
    StoredFile,
    Update,
    UpdateStatus,
)
from feedsvc.errors import NotFound
from feedsvc.records.feeds import SITE


class Hidden(StrEnum):
    """Why a file is not shown."""

    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Shown:
    """A file that belongs to an update that is out."""

    media_type: str
    length: int


def version(session: Session) -> int:
    """Return how often the feeds of the site have moved: what may be shown changes only then."""
    moved = select(FeedVersion.version).where(FeedVersion.scope == SITE)
    return session.exec(moved).first() or 0


def find(session: Session, digest: str) -> Mapping[str, Shown | Hidden]:
    """Find a file under each name that texts give it; those of drafts and embargoes are unknown.

    Dear when it is there: all texts are looked through, 20 microseconds each.
    """
    described = select(StoredFile.media_type, StoredFile.length).where(StoredFile.digest == digest)
    row = session.exec(described).first()
    found: dict[str, Shown | Hidden] = {}
    for status, name in _statuses(session, digest) if row else ():
        if row and status is UpdateStatus.PUBLISHED:
            found[name] = Shown(*row)
        elif status is UpdateStatus.WITHDRAWN:
            found.setdefault(name, Hidden.WITHDRAWN)
    return found


def content(session: Session, digest: str) -> bytes:
    """Return what a file holds."""
    found = session.exec(select(StoredFile.content).where(StoredFile.digest == digest)).first()
    if found is None:
        raise NotFound(
            f"The file with the digest {digest} is not in the store.",
            remedy="Load it again beside the update that names it.",
        )
    return found


def part(session: Session, digest: str, start: int, length: int) -> bytes:
    """Return some bytes of what a file holds; none when it is gone."""
    piece = func.substr(StoredFile.content, start + 1, length)
    found = session.exec(select(piece).where(StoredFile.digest == digest)).first()
    return bytes(found or b"")


def _statuses(session: Session, digest: str) -> Iterator[tuple[UpdateStatus, str]]:
    """Give the status of each update that names the file in a revision that was released, and the name."""
    rows = session.exec(
        select(Update.status, RevisionText.files)
        .join(Revision, col(Revision.update_id) == Update.id)
        .join(RevisionText, col(RevisionText.revision_id) == Revision.id)
        .where(Revision.number >= func.coalesce(Update.released_revision, 1))
        .where(cast(RevisionText.files, String).contains(digest))
    ).all()
    for status, files in rows:
        for one in files:
            if one["digest"] == digest:
                yield UpdateStatus(status), one["name"]
