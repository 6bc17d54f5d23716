"""Confirm: from here on a signature counts and a subscription hears of what arrives."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.doors import Confirmation
from feedsvc.domain.tables.ledger import ASKING, Mail
from feedsvc.domain.tables.people import Signature, Signer, Subscription
from feedsvc.records import confirmations, due, pending, suppressions, wiping


def confirm(
    session: Session, signer_id: int, confirmation_id: int, *, now: datetime, welcome: bool = False
) -> list[int]:
    """Confirm all that is pending for the person who was asked; return the campaigns.

    `welcome`: they are to be told where the campaigns stand that they will hear of.

    A link works once: used again it shows the same campaigns and changes nothing. Raises NotFound
    when it is older than seven days, or nothing is pending.
    """
    signer = session.get(Signer, signer_id, with_for_update={"key_share": True})
    asked = confirmations.valid(session, signer_id, confirmation_id, now)
    if signer is None or asked.used_at is not None:
        return confirmations.confirmed(session, asked)
    campaigns = _count_in(session, signer_id, now, welcome=welcome)
    _answered(session, signer, now)
    if signer.address_index is not None:
        suppressions.lift(session, signer.address_index, now)
    _forget_who_wants_no_mail(session, signer)
    return campaigns


def _count_in(session: Session, signer_id: int, now: datetime, *, welcome: bool) -> list[int]:
    """Confirm what waits, with its campaigns locked: what arrives next is heard of."""
    subscriptions = session.exec(pending.subscriptions(signer_id, now).with_for_update()).all()
    signatures = session.exec(pending.signatures(signer_id, now).with_for_update()).all()
    ids = {row.campaign_id for row in subscriptions} | {row.campaign_id for row in signatures}
    campaigns = _locked(session, ids)
    if not campaigns:
        raise confirmations.expired()
    for subscription in subscriptions:
        subscription.confirm(campaigns[subscription.campaign_id].last_arrival, now)
        subscription.welcome_at = now if welcome else None
    for signature in signatures:
        signature.confirmed_at = now
        campaigns[signature.campaign_id].signatures += 1
    return list(campaigns)


def _locked(session: Session, ids: Collection[int]) -> dict[int, Campaign]:
    """Lock campaigns, always in the same order."""
    wanted = select(Campaign).where(col(Campaign.id).in_(ids)).order_by(col(Campaign.id))
    rows = session.exec(wanted.with_for_update(key_share=True)).all()
    return {campaign.id or 0: campaign for campaign in rows}


def _answered(session: Session, signer: Signer, now: datetime) -> None:
    """Take one yes as the answer to every link that is out: nobody need be asked again."""
    signer.confirmed_at = signer.confirmed_at or now
    signer.ask_at, signer.asks = None, 0
    due.cancel(session, (col(Mail.signer_id) == signer.id) & col(Mail.kind).in_(ASKING))
    unused = select(Confirmation).where(
        Confirmation.signer_id == signer.id, col(Confirmation.used_at).is_(None)
    )
    for confirmation in session.exec(unused).all():
        confirmation.use(now)


def _forget_who_wants_no_mail(session: Session, signer: Signer) -> None:
    """Keep no address of someone who signed and asked for no updates: the signature counts alone."""
    wishes = select(Subscription.id).where(Subscription.signer_id == signer.id)
    if session.exec(wishes.limit(1)).first() is not None:
        return
    for signature in session.exec(select(Signature).where(Signature.signer_id == signer.id)).all():
        signature.signer_id, signature.name_sealed = None, None
    wiping.service_mails(session, [signer.id or 0])
    wiping.snapshots(session, [signer.id or 0])
    signer.forget()
