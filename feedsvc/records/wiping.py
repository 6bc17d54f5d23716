"""Wiping the mails of people who are to be forgotten: nothing more goes out, and no address is kept."""

from collections.abc import Sequence

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import Lane, Mail, Snapshot
from feedsvc.records import due


def service_mails(session: Session, signer_ids: Sequence[int]) -> None:
    """Cancel the service mails of these people that have not started."""
    due.cancel(session, col(Mail.signer_id).in_(signer_ids) & (col(Mail.lane) == Lane.SERVICE))


def snapshots(session: Session, signer_ids: Sequence[int]) -> None:
    """Wipe what fills the mails of these people, with what relays said; none is tried again.

    One that has started goes out, and is not repeated: nobody could write the same bytes again.
    """
    theirs = col(Mail.signer_id).in_(signer_ids)
    due.stop_retries(session, theirs)
    session.execute(
        delete(Snapshot).where(col(Snapshot.mail_id).in_(select(Mail.id).where(theirs))),
        execution_options={"synchronize_session": False},
    )
    said = col(Mail.reply).is_not(None)
    session.execute(
        update(Mail).where(theirs, said).values(reply=None),
        execution_options={"synchronize_session": False},
    )
