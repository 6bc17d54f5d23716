"""What the senders say of themselves, for those who look from another process."""

from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Worker


def trouble(session: Session) -> str | None:
    """Return what keeps a living sender from sending, as of its last heartbeat; None: all is well."""
    troubled = select(Worker.problem).where(
        col(Worker.ended_at).is_(None), col(Worker.problem).is_not(None)
    )
    return session.exec(troubled.order_by(col(Worker.seen_at).desc()).limit(1)).first()
