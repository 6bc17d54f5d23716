"""Changes of address: which one a link speaks of, and whether an address can be moved to."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from feedsvc.domain.tables.doors import AddressChange
from feedsvc.domain.tables.ledger import Mail, MailKind
from feedsvc.domain.tables.people import Signer
from feedsvc.domain.tokens import Token
from feedsvc.gateways.composer import MOVE_DAYS
from feedsvc.records import suppressions

LIFE = timedelta(days=MOVE_DAYS)
DAY, KEPT = timedelta(days=1), timedelta(days=30)
A_MONTH = 3


def open_one(session: Session, token: Token, now: datetime) -> AddressChange | None:
    """Find the change that a link agrees to, while it can still be agreed to."""
    change = session.get(AddressChange, token.scope)
    if change is None or change.signer_id != token.subject:
        return None
    return change if under_way(change, now) else None


def under_way(change: AddressChange, now: datetime) -> bool:
    """Whether a change is neither done nor over."""
    return change.done_at is None and now < change.expires_at


def asks(session: Session, mail: Mail, now: datetime) -> bool:
    """Whether a mail asks about a change that is under way, and to an address that may be written to."""
    asked = select(AddressChange).where(
        AddressChange.signer_id == mail.signer_id, AddressChange.mailed_at == mail.planned_at
    )
    going_on = [one for one in session.exec(asked).all() if under_way(one, now)]
    if mail.kind is MailKind.MOVE_FROM:
        return bool(going_on)
    named = {one.address_index for one in going_on} - {None}
    return bool(named) and not any(suppressions.never(session, index or b"") for index in named)


def done(session: Session, token: Token) -> bool:
    """Whether what a link agrees to has been done."""
    change = session.get(AddressChange, token.scope)
    return change is not None and change.signer_id == token.subject and change.done_at is not None


def asked_often(session: Session, address_index: bytes, but: int, now: datetime) -> bool:
    """Whether others than the change `but` asked this address today, or three times in thirty days."""
    others = select(AddressChange.mailed_at).where(
        AddressChange.address_index == address_index,
        AddressChange.id != but,
        col(AddressChange.mailed_at) > now - KEPT,
    )
    asked = [at for at in session.exec(others).all() if at is not None]
    return len(asked) >= A_MONTH or any(at > now - DAY for at in asked)


def addresses(session: Session, signer: Signer) -> list[bytes]:
    """Return where a person is written to and was before, unless somebody else has that by now."""
    theirs = select(Signer.id).where(col(Signer.address_index) == AddressChange.former_index)
    former = select(AddressChange.former_index).where(
        AddressChange.signer_id == signer.id,
        col(AddressChange.former_index).is_not(None),
        ~theirs.correlate(AddressChange).exists(),
    )
    known = [signer.address_index, *session.exec(former.order_by(col(AddressChange.id))).all()]
    return list(dict.fromkeys(index for index in known if index is not None))


def free(session: Session, address_index: bytes) -> bool:
    """Whether nobody has this address here, and it may be written to."""
    taken = owner(session, address_index) is not None
    return not taken and not suppressions.never(session, address_index)


def owner(session: Session, address_index: bytes) -> Signer | None:
    """Return who has this address here already."""
    theirs = select(Signer).where(col(Signer.address_index) == address_index)
    return session.exec(theirs).first()
