"""After a copy was put in place: feeds move, for readers may have seen what the copy does not know."""

from datetime import datetime

from sqlmodel import Session

from feedsvc.records import audit, feeds

BY = "command line"


def restored(session: Session, *, now: datetime) -> None:
    """Move all feeds, and note in the audit that an older copy took their place."""
    feeds.move_all(session, now)
    audit.note(session, BY, "restore", "database", now)
