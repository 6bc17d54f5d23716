"""Wiping the mails of people who are to be forgotten: nothing more goes out, and no address is kept."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, update
from sqlmodel import Session, col, select

from feedsvc.domain.tables.doors import AddressChange
from feedsvc.domain.tables.ledger import MOVING, Lane, Mail, MailKind, Snapshot
from feedsvc.records import due


def service_mails(session: Session, signer_ids: Sequence[int]) -> None:
    """Cancel the service mails of these people that have not started."""
    due.cancel(session, col(Mail.signer_id).in_(signer_ids) & (col(Mail.lane) == Lane.SERVICE))


def snapshots(session: Session, signer_ids: Sequence[int]) -> None:
    """Wipe what fills the mails of these people, with what relays said; none is tried again.

    One that has started goes out, and is not repeated: nobody could write the same bytes again.
    """
    _wipe(session, col(Mail.signer_id).in_(signer_ids))


def moves(session: Session, address_index: bytes) -> None:
    """Cancel and wipe the mails of the changes that would make this somebody's new address."""
    naming = select(AddressChange).where(AddressChange.address_index == address_index)
    for change in session.exec(naming.with_for_update()).all():
        asking = (
            (col(Mail.signer_id) == change.signer_id)
            & (col(Mail.planned_at) == change.mailed_at)
            & col(Mail.kind).in_(MOVING)
        )
        due.cancel(session, asking)
        _wipe(session, asking)
        change.address_sealed = None
    session.flush()


def unasked(session: Session) -> None:
    """Wipe the mails that have ended and name an address that was not asked whether it agrees."""
    unasked = (
        col(AddressChange.signer_id) == Mail.signer_id,
        col(AddressChange.mailed_at) == Mail.planned_at,
        col(AddressChange.address_index).is_(None),
    )
    naming = select(Mail.id).join(AddressChange, and_(*unasked))
    ended = naming.where(
        Mail.kind == MailKind.MOVE_FROM,
        col(Mail.due_at).is_(None),
        col(Mail.worker_id).is_(None),
    )
    session.execute(
        delete(Snapshot).where(col(Snapshot.mail_id).in_(ended)),
        execution_options={"synchronize_session": False},
    )


def _wipe(session: Session, theirs: ColumnElement[bool]) -> None:
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
