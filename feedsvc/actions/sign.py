"""Sign up: everyone is answered alike (law 11), the work is done after; nothing counts unconfirmed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime

import structlog
from sqlalchemy import func
from sqlmodel import Session, col, select

from feedsvc.config import Settings
from feedsvc.domain.digest import AboutCampaign
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.signup import Signup
from feedsvc.domain.tables.content import Campaign, CampaignKind, Letter
from feedsvc.domain.tables.ledger import MailKind
from feedsvc.domain.tables.people import (
    Confirmation,
    Intake,
    Reach,
    Signature,
    Signer,
    Subscription,
    Suppression,
)
from feedsvc.errors import FeedsvcError
from feedsvc.gateways.composer import CONFIRM_DAYS, Composer
from feedsvc.records import links, mails, texts

log = structlog.get_logger()

DAY, MONTH = timedelta(days=1), timedelta(days=30)


def take_in(session: Session, sealed: bytes, *, now: datetime) -> None:
    """Store a sign-up as it came; whoever sent it is answered now."""
    session.add(Intake(sealed=sealed, received_at=now))


def work_off(
    session: Session, composer: Composer, keys: Keys, settings: Settings, *, now: datetime
) -> bool:
    """Work off the oldest sign-up; return whether there was one."""
    intake = session.exec(
        select(Intake).order_by(col(Intake.id)).limit(1).with_for_update(skip_locked=True)
    ).first()
    if intake is None:
        return False
    session.delete(intake)
    signup = _opened(intake, keys)
    campaign = signup and session.get(Campaign, signup.campaign_id)
    if signup and campaign and not _never(session, keys, signup):
        signer = _signer(session, keys, signup, settings, now)
        petition = campaign.kind is CampaignKind.PETITION
        news = petition and _sign(session, keys, signer, signup, now)
        news = _subscribe(session, signer, signup, now) or news
        if news:
            _ask(session, composer, keys, settings, signer, signup, now)
    return True


def _opened(intake: Intake, keys: Keys) -> Signup | None:
    """Open a sign-up; one that is damaged is given up and stops nobody else (law 8)."""
    try:
        return Signup.model_validate_json(keys.unseal(intake.sealed, Sealed.INTAKE))
    except (FeedsvcError, LookupError, ValueError) as error:
        log.error("sign-up cannot be read", intake=intake.id, problem=type(error).__name__)  # noqa: TRY400  the trace may hold what was written
        return None


def _never(session: Session, keys: Keys, signup: Signup) -> bool:
    """Whether this person asked never to be written to."""
    asked = select(Suppression.id).where(
        Suppression.address_index == keys.address_index(signup.email),
        Suppression.reach == Reach.ALL,
        col(Suppression.lifted_at).is_(None),
    )
    return session.exec(asked).first() is not None


def _signer(
    session: Session, keys: Keys, signup: Signup, settings: Settings, now: datetime
) -> Signer:
    index = keys.address_index(signup.email)
    signer = session.exec(select(Signer).where(Signer.address_index == index)).first()
    return signer or new_signer(session, keys, signup, settings, now)


def new_signer(
    session: Session, keys: Keys, signup: Signup, settings: Settings, now: datetime
) -> Signer:
    """Store a person, sealed."""
    zone = signup.time_zone or settings.site.time_zone
    signer = Signer(
        address_index=keys.address_index(signup.email),
        address_sealed=keys.seal(signup.email, Sealed.ADDRESS),
        language_sealed=keys.seal(signup.language, Sealed.LANGUAGE),
        zone_sealed=keys.seal(zone, Sealed.ZONE),
        zone_tag=keys.tag(zone, Sealed.ZONE),
        domain_tag=keys.tag(signup.email.rpartition("@")[2], "domain"),
        daily_hour=settings.digest.daily_hour,
        weekly_day=settings.digest.weekly_day,
        created_at=now,
    )
    session.add(signer)
    session.flush()
    return signer


def _sign(session: Session, keys: Keys, signer: Signer, signup: Signup, now: datetime) -> bool:
    """Put the name under the campaign; return whether it still wants confirming."""
    person = keys.address_index(signup.email)
    signature = session.exec(
        select(Signature).where(
            Signature.campaign_id == signup.campaign_id, Signature.person_index == person
        )
    ).first()
    if signature is None:
        signature = Signature(campaign_id=signup.campaign_id, person_index=person, signed_at=now)
    if signature.confirmed_at is None:
        signature.signer_id = signer.id
        signature.name_sealed = keys.seal(signup.name, Sealed.NAME)
        signature.letter_version = _letter(session, signup.campaign_id)
        signature.signed_at = now
    session.add(signature)
    return signature.confirmed_at is None


def _letter(session: Session, campaign_id: int) -> int | None:
    newest = select(func.max(Letter.version)).where(Letter.campaign_id == campaign_id)
    return session.exec(newest).one()


def _subscribe(session: Session, signer: Signer, signup: Signup, now: datetime) -> bool:
    """Note the wish to hear of the campaign; return whether it still wants confirming."""
    if not signup.updates:
        return False
    wish = session.exec(
        select(Subscription).where(
            Subscription.signer_id == signer.id,
            Subscription.campaign_id == signup.campaign_id,
            col(Subscription.ended_at).is_(None),
        )
    ).first()
    if wish is None:
        wish = Subscription(
            signer_id=signer.id or 0,
            campaign_id=signup.campaign_id,
            cadence=signup.cadence,
            created_at=now,
            consent_source=signup.source,
            consent_text=signup.consent_text,
            consented_at=now,
        )
        session.add(wish)
    if wish.confirmed_at is None:
        wish.cadence, wish.created_at = signup.cadence, now  # asked again, it lives another week
    return wish.confirmed_at is None


def _ask(
    session: Session,
    composer: Composer,
    keys: Keys,
    settings: Settings,
    signer: Signer,
    signup: Signup,
    now: datetime,
) -> None:
    """Queue "please confirm", at most one a day and three in thirty days to one address."""
    session.flush()
    if _asked(session, signer, now - DAY) >= 1:
        return
    if _asked(session, signer, now - MONTH) >= settings.limits.confirm_mails_per_month:
        return
    confirmation = Confirmation(
        signer_id=signer.id or 0, created_at=now, expires_at=now + timedelta(days=CONFIRM_DAYS)
    )
    session.add(confirmation)
    session.flush()
    language = composer.nearest(signup.language)
    about = pending(session, signer.id or 0, language)
    digest_id = mails.digest(
        session,
        MailKind.CONFIRM,
        language,
        [(one.id, 0, one.title) for one in about],
        composer.fingerprint,
        lambda: composer.confirm(language, about),
        now,
    )
    values = {
        "address": signup.email,
        "name": "",
        "date": format_datetime(now),
        **links.of_confirm(settings.site, keys, signer.id or 0, digest_id, confirmation.id or 0),
    }
    draft = mails.Draft(digest_id, signer.id or 0, signer.domain_tag, values)
    mails.queue(session, keys, MailKind.CONFIRM, [draft], now)


def _asked(session: Session, signer: Signer, since: datetime) -> int:
    asked = select(func.count()).where(
        Confirmation.signer_id == signer.id, col(Confirmation.created_at) > since
    )
    return session.exec(asked).one()


def pending(session: Session, signer_id: int, language: str) -> Sequence[AboutCampaign]:
    """Name the campaigns that wait for this person's confirmation."""
    signed = select(Signature.campaign_id).where(
        Signature.signer_id == signer_id, col(Signature.confirmed_at).is_(None)
    )
    wished = select(Subscription.campaign_id).where(
        Subscription.signer_id == signer_id,
        col(Subscription.confirmed_at).is_(None),
        col(Subscription.ended_at).is_(None),
    )
    either = col(Campaign.id).in_(signed) | col(Campaign.id).in_(wished)
    campaigns = session.exec(select(Campaign).where(either).order_by(col(Campaign.id))).all()
    return texts.about(session, campaigns, language)
