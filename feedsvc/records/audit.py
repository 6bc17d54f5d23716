"""The audit: who did what and when, each line carrying the hash of all before it. No personal data."""

import hashlib
from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.tables.staff import AuditLine
from feedsvc.records.locks import hold


def note(
    session: Session, who: str, what: str, about: str, now: datetime, detail: str = ""
) -> None:
    """Add a line at the end of the audit."""
    hold(session, "audit")
    last = session.exec(select(AuditLine.hash).order_by(col(AuditLine.id).desc()).limit(1)).first()
    line = AuditLine(at=now, who=who, what=what, about=about, detail=detail, hash=b"")
    line.hash = chained(last or b"", line)
    session.add(line)
    session.flush()


def chained(previous: bytes, line: AuditLine) -> bytes:
    """Return the hash that a line carries after `previous`."""
    parts = (line.at.isoformat(), line.who, line.what, line.about, line.detail)
    return hashlib.sha256(previous + "\0".join(parts).encode()).digest()
