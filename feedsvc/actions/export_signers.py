"""Note that signers are exported: who did it and of what, before the first line is written."""

from datetime import datetime

from sqlmodel import Session

from feedsvc.records import audit, campaigns


def note_export(session: Session, *, campaign: str | None, by: str, now: datetime) -> int | None:
    """Note an export in the audit; return the id of the campaign, None when it is of all."""
    found = campaigns.named(session, campaign) if campaign else None
    audit.note(session, by, "export signers", campaign or "all campaigns", now)
    return found.id if found else None
