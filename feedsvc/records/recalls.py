"""Service mails that would tell too much: called back while they have not started, and made anew."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, true, update
from sqlmodel import Session, col, select

from feedsvc.domain.tables.doors import Confirmation, FreshLink
from feedsvc.domain.tables.ledger import ASKING, Mail, MailKind
from feedsvc.domain.tables.people import Signer
from feedsvc.records import due


def questions(session: Session, signer: Signer, *those: ColumnElement[bool]) -> None:
    """Call back what asks for a yes; its person is asked as if they had not been."""
    for at in _called_back(session, signer, ASKING, *those):
        asked = (col(Confirmation.signer_id) == signer.id) & (col(Confirmation.created_at) == at)
        session.execute(delete(Confirmation).where(asked))
        signer.ask_at, signer.asks = at, max(signer.asks - 1, 0)


def links(session: Session, signer: Signer, but: int | None, *those: ColumnElement[bool]) -> None:
    """Call back fresh links, `but` for one; they wait to be mailed again."""
    kept = session.exec(select(FreshLink.mailed_at).where(FreshLink.id == but)).first()
    others = col(Mail.planned_at) != kept if kept else true()
    for at in _called_back(session, signer, (MailKind.LINK, MailKind.KNOWN), others, *those):
        mailed = (col(FreshLink.signer_id) == signer.id) & (col(FreshLink.mailed_at) == at)
        anew = {"mailed_at": None, "expires_at": None}
        session.execute(update(FreshLink).where(mailed).values(anew))


def _called_back(
    session: Session, signer: Signer, kinds: Collection[MailKind], *those: ColumnElement[bool]
) -> Sequence[datetime]:
    """Return when the mails were planned that do not go out."""
    theirs = and_(col(Mail.signer_id) == signer.id, col(Mail.kind).in_(kinds), *those)
    cancelled = due.call_back(session, theirs)
    return session.exec(select(Mail.planned_at).where(col(Mail.id).in_(cancelled))).all()
