"""The notices that a digest carries."""

from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.ledger import DigestEntry, Notice


def notices_of(session: Session, digest_id: int) -> str:
    """Name the notices of a digest as the journal does: they are the same in a restored backup."""
    notices = session.exec(
        select(Update.uid, Notice.kind, Notice.number)
        .join(Notice, col(Notice.update_id) == Update.id)
        .join(DigestEntry, col(DigestEntry.notice_id) == Notice.id)
        .where(DigestEntry.digest_id == digest_id)
        .order_by(col(DigestEntry.position))
    ).all()
    return ",".join(f"{uid}/{kind}/{number}" for uid, kind, number in notices)
