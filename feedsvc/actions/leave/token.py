"""What a leaving token speaks of."""

from sqlmodel import Session, col, select

from feedsvc.domain.tables.ledger import DigestEntry, Notice
from feedsvc.domain.tables.people import Signer
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.records import welcomes


def campaigns_of(session: Session, token: Token) -> list[int] | None:
    """Return the campaigns that a leaving token speaks of; None: all of them."""
    if token.purpose is Purpose.LEAVE_CAMPAIGN:
        return [token.scope]
    if token.purpose is Purpose.LEAVE_MAIL:
        spoken_of = (
            select(Notice.campaign_id)
            .join(DigestEntry, col(DigestEntry.notice_id) == Notice.id)
            .where(DigestEntry.digest_id == token.scope)
            .distinct()
        )
        entered = session.exec(spoken_of).all()
        return list(entered) or welcomes.spoken_of(session, token.scope)
    return None


def known(session: Session, token: Token) -> bool:
    """Whether the signer of a genuine token is still on record."""
    return session.get(Signer, token.subject) is not None
