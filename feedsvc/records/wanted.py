"""Whether what a service mail was planned for still holds, when it is to start after being put off."""

from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.tables.doors import Confirmation
from feedsvc.domain.tables.ledger import ASKING, MOVING, Mail, MailKind
from feedsvc.domain.tables.people import Signer, Subscription
from feedsvc.records import changes, due, pending, welcomes


def still(session: Session, mail: Mail, now: datetime) -> bool:
    """Whether a mail is still to be sent; one that is no service mail always is."""
    if mail.kind is MailKind.WELCOME:
        return _hears(session, mail, now)
    if mail.kind in ASKING:
        return _asks(session, mail, now)
    return mail.kind not in MOVING or changes.asks(session, mail, now)


def _hears(session: Session, mail: Mail, now: datetime) -> bool:
    """Whether a person hears of any campaign that their welcome names, and may be told its name."""
    campaigns = welcomes.spoken_of(session, mail.digest_id) or []
    live = (
        select(Subscription.id)
        .join(Signer, col(Signer.id) == Subscription.signer_id)
        .where(Subscription.signer_id == mail.signer_id, ~col(Signer.discreet))
        .where(col(Subscription.campaign_id).in_(campaigns), due.not_paused(now))
        .where(col(Subscription.confirmed_at).is_not(None), col(Subscription.ended_at).is_(None))
    )
    return session.exec(live.limit(1)).first() is not None


def _asks(session: Session, mail: Mail, now: datetime) -> bool:
    """Whether anything waits for a yes, and the link in this mail would still say it."""
    unused = select(Confirmation.id).where(
        Confirmation.signer_id == mail.signer_id,
        Confirmation.created_at == mail.planned_at,
        col(Confirmation.used_at).is_(None),
        col(Confirmation.expires_at) > now,
    )
    if session.exec(unused.limit(1)).first() is None:
        return False
    return bool(pending.campaigns(session, mail.signer_id, now))
