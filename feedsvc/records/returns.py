"""Coming back: somebody whose address is confirmed wishes again to hear of a campaign, from now on."""

from datetime import datetime

from sqlmodel import Session, col, select

from feedsvc.domain.signup import CONSENT_TEXT
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.people import Cadence, Signature, Signer, Subscription
from feedsvc.records import subscriptions, suppressions

SOURCE = "preferences"


def come_back(session: Session, signer: Signer, campaign_id: int, now: datetime) -> Campaign | None:
    """Let the wish live; return the campaign, or None when it lives already or never was one.

    The yes is recorded with where it was given. It also lifts what a bounce or a complaint stopped:
    the person has just read our mail.
    """
    open_one = subscriptions.still_open(signer.id or 0, [campaign_id])
    wish = session.exec(open_one.with_for_update()).first()
    if signer.address_index is None or (wish and wish.live):
        return None
    wish = wish or _new(session, signer.id or 0, campaign_id, now)
    if wish is None:
        return None
    campaign = session.get_one(Campaign, campaign_id, with_for_update={"key_share": True})
    wish.consent_source, wish.consent_text, wish.consented_at = SOURCE, CONSENT_TEXT, now
    wish.confirm(campaign.last_arrival, now)
    session.add(wish)
    suppressions.lift(session, signer.address_index, now)
    return campaign


def _new(session: Session, signer_id: int, campaign_id: int, now: datetime) -> Subscription | None:
    """Make the wish, with the cadence of the last one; None when they never had to do with it."""
    mine = (Subscription.signer_id == signer_id, Subscription.campaign_id == campaign_id)
    last = session.exec(
        select(Subscription).where(*mine).order_by(col(Subscription.id).desc()).limit(1)
    ).first()
    signed = select(Signature.id).where(
        Signature.signer_id == signer_id, Signature.campaign_id == campaign_id
    )
    if last is None and session.exec(signed).first() is None:
        return None
    return Subscription(
        signer_id=signer_id,
        campaign_id=campaign_id,
        cadence=last.cadence if last else Cadence.IMMEDIATE,
        created_at=now,
        consent_source=SOURCE,
        consent_text=CONSENT_TEXT,
        consented_at=now,
    )
