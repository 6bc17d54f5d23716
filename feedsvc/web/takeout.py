"""All that is kept of a person, as a document for that person: with each consent and each mail."""

from typing import Any

from sqlmodel import Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.content import Campaign, Update
from feedsvc.domain.tables.doors import AddressChange, Confirmation, FreshLink
from feedsvc.domain.tables.ledger import Delivery, Mail, Notice
from feedsvc.domain.tables.people import Served, Signature, Signer, Subscription, Suppression
from feedsvc.records import deliveries, signatures
from feedsvc.web import mine

Document = dict[str, Any]


def takeout(session: Session, keys: Keys, signer: Signer) -> Document:
    """Gather everything; instants are in UTC."""
    slugs = {one.id: one.slug for one in session.exec(select(Campaign)).all()}
    index = signer.address_index or b""
    return {
        "about": _about(keys, signer),
        "digests": _digests(session, signer),
        "signatures": _signatures(session, keys, index, slugs),
        "subscriptions": _subscriptions(session, signer, slugs),
        "updates": _deliveries(session, signer, slugs),
        "mails": _mails(session, signer),
        "confirmations": _rows(session, Confirmation, signer, "created_at expires_at used_at"),
        "links": _rows(session, FreshLink, signer, "created_at mailed_at expires_at"),
        "changes_of_address": _changes(session, keys, signer),
        "suppressions": _suppressions(session, index),
    }


def _about(keys: Keys, signer: Signer) -> Document:
    return {
        "address": mine.opened(keys, signer.address_sealed, Sealed.ADDRESS),
        "language": mine.opened(keys, signer.language_sealed, Sealed.LANGUAGE),
        "time_zone": mine.zone_of(keys, signer),
        **_picked(
            signer,
            "discreet daily_hour weekly_day created_at signed_up_at confirmed_at ask_at",
        ),
    }


def _digests(session: Session, signer: Signer) -> Document | None:
    served = session.get(Served, signer.id)
    return None if served is None else _picked(served, "daily_on daily_at weekly_on")


def _signatures(
    session: Session, keys: Keys, index: bytes, slugs: dict[int | None, str]
) -> list[Document]:
    theirs = signatures.under(index).order_by(col(Signature.id))
    return [
        {
            "campaign": slugs[one.campaign_id],
            "name": one.name_sealed and mine.opened(keys, one.name_sealed, Sealed.NAME),
            **_picked(one, "letter_version signed_at confirmed_at"),
        }
        for one in session.exec(theirs).all()
    ]


def _subscriptions(
    session: Session, signer: Signer, slugs: dict[int | None, str]
) -> list[Document]:
    fields = (
        "cadence created_at confirmed_at paused_until ended_at ending left_because "
        "consent_source consent_text consented_at"
    )
    found = session.exec(_of(Subscription, signer)).all()
    return [{"campaign": slugs[one.campaign_id], **_picked(one, fields)} for one in found]


def _deliveries(session: Session, signer: Signer, slugs: dict[int | None, str]) -> list[Document]:
    rows = session.exec(
        select(Delivery, Notice, Update)
        .join(Notice, col(Notice.id) == Delivery.notice_id)
        .join(Update, col(Update.id) == Notice.update_id)
        .where(deliveries.of(signer.id or 0))
        .order_by(col(Notice.id))
    ).all()
    return [
        {
            "campaign": slugs[notice.campaign_id],
            "update": update.key,
            "notice": notice.kind,
            "arrived_at": notice.arrived_at,
            "state": delivery.state,
            "reason": delivery.reason,
            "mail": delivery.mail_id,
        }
        for delivery, notice, update in rows
    ]


def _mails(session: Session, signer: Signer) -> list[Document]:
    fields = "id kind state reason evidence reply planned_at changed_at attempts"
    return [_picked(mail, fields) for mail in session.exec(_of(Mail, signer)).all()]


def _changes(session: Session, keys: Keys, signer: Signer) -> list[Document]:
    fields = "created_at expires_at mailed_at old_agreed_at new_agreed_at done_at"
    return [
        {
            "address": one.address_sealed and mine.opened(keys, one.address_sealed, Sealed.ADDRESS),
            **_picked(one, fields),
        }
        for one in session.exec(_of(AddressChange, signer)).all()
    ]


def _suppressions(session: Session, index: bytes) -> list[Document]:
    theirs = select(Suppression).where(Suppression.address_index == index)
    found = session.exec(theirs.order_by(col(Suppression.id))).all()
    return [_picked(one, "reach reason created_at lifted_at") for one in found]


def _rows(session: Session, model: Any, signer: Signer, fields: str) -> list[Document]:
    return [_picked(one, fields) for one in session.exec(_of(model, signer)).all()]


def _of(model: Any, signer: Signer) -> SelectOfScalar[Any]:
    return select(model).where(model.signer_id == signer.id).order_by(model.id)


def _picked(row: SQLModel, fields: str) -> Document:
    return {name: getattr(row, name) for name in fields.split()}
