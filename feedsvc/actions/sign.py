"""Sign up: everyone is answered alike (law 11), the work is done after; nothing counts unconfirmed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto

import structlog
from sqlalchemy import func
from sqlmodel import Session, col, select

from feedsvc.config import Settings
from feedsvc.domain import buckets as allowances
from feedsvc.domain import groups
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.signup import WISH, LinkWish, Signup
from feedsvc.domain.tables.content import Campaign, CampaignKind, Letter
from feedsvc.domain.tables.doors import Intake
from feedsvc.domain.tables.people import Signature, Signer, Subscription
from feedsvc.errors import FeedsvcError
from feedsvc.gateways.composer import Composer
from feedsvc.gateways.database import execute, plain
from feedsvc.records import buckets, confirmations, fresh_links, subscriptions, suppressions

log = structlog.get_logger()

DAY = timedelta(days=1)
"""Who signs the same twice in a day has been asked already."""


class Standing(Enum):
    """How what somebody asks for stands: new, asked for a while ago, or confirmed."""

    NEW = auto()
    AGAIN = auto()
    KNOWN = auto()


_TAKE = plain("INSERT INTO intake (sealed, received_at) VALUES (:sealed, :now)")


def take_in(session: Session, sealed: Sequence[tuple[bytes, datetime]]) -> None:
    """Store sign-ups as they came, each with its moment; whoever sent them is answered now."""
    for one, now in sealed:
        execute(session, _TAKE, sealed=one, now=now)


def work_off(
    session: Session,
    _composer: Composer,
    keys: Keys,
    settings: Settings,
    *,
    now: datetime,
    after: int = 0,
) -> bool:
    """Work off the oldest sign-up after `after`; return whether there was one. Asking comes later."""
    oldest = select(Intake).where(col(Intake.id) > after).order_by(col(Intake.id)).limit(1)
    intake = session.exec(oldest.with_for_update(skip_locked=True)).first()
    if intake is None:
        return False
    session.delete(intake)
    wish = _opened(intake, keys)
    if wish is None or suppressions.never(session, keys.address_index(wish.email)):
        return True
    if isinstance(wish, LinkWish):
        _link(session, keys.address_index(wish.email), None, wish.network, settings, now)
    else:
        _take_down(session, keys, wish, settings, now)
    return True


def _take_down(
    session: Session, keys: Keys, signup: Signup, settings: Settings, now: datetime
) -> None:
    """Note the signature and the wish for updates, and that their person is to be asked."""
    campaign = session.get(Campaign, signup.campaign_id)
    if campaign is None:
        return
    signer = _signer(session, keys, signup, settings, now)
    stands: set[Standing] = set()
    if campaign.kind is CampaignKind.PETITION and signup.name:
        stands.add(_sign(session, keys, signer, signup, now))
    if signup.updates:
        stands.add(_subscribe(session, signer, signup, now))
    if Standing.NEW in stands:
        signer.asks = 0
    if stands == {Standing.KNOWN}:
        index = keys.address_index(signup.email)
        _link(session, index, campaign.id, signup.network, settings, now)
    elif Standing.NEW in stands or (signer.ask_at and not signer.asks):
        _take_turn(session, signer, signup, settings, now)


def _link(
    session: Session,
    index: bytes,
    campaign_id: int | None,
    network: str,
    settings: Settings,
    now: datetime,
) -> None:
    """Let a link be mailed if the address may have one, when it is the turn of the network."""
    limits = settings.limits
    a_month = limits.confirm_mails_per_month
    link = fresh_links.wish(session, index, campaign_id=campaign_id, a_month=a_month, now=now)
    tag = bytes.fromhex(network)
    if link is not None and tag:
        allowance = allowances.from_network(limits.sign_ups_per_network)
        link.due_at = buckets.turn(session, tag, allowance, now)
        buckets.take(session, tag, allowance, now)


def _take_turn(
    session: Session, signer: Signer, signup: Signup, settings: Settings, now: datetime
) -> None:
    """Say when to ask: when it is the turn of the address and of the network, and never later than before.

    Only what brings a mail, or brings it sooner, counts against the network.
    """
    before, limits = signer.ask_at, settings.limits
    if before is not None and before <= now:
        return
    index = signer.address_index or b""
    turn = confirmations.turn(session, index, limits.confirm_mails_per_month) or now
    tag = bytes.fromhex(signup.network)
    allowance = allowances.from_network(limits.sign_ups_per_network)
    if tag:
        turn = max(turn, buckets.turn(session, tag, allowance, now))
    if before is not None and before <= turn:
        return
    signer.ask_at = max(turn, now)
    if tag:
        buckets.take(session, tag, allowance, now)


def _opened(intake: Intake, keys: Keys) -> Signup | LinkWish | None:
    """Open a sign-up; one that is damaged is given up and stops nobody else (law 8)."""
    try:
        return WISH.validate_json(keys.unseal(intake.sealed, Sealed.INTAKE))
    except (FeedsvcError, LookupError, ValueError) as error:
        log.error("sign-up cannot be read", intake=intake.id, problem=type(error).__name__)  # noqa: TRY400  the trace may hold what was written
        return None


def _signer(
    session: Session, keys: Keys, signup: Signup, settings: Settings, now: datetime
) -> Signer:
    """Find or store the person and hold their row; until they confirm, the last word decides."""
    index = keys.address_index(signup.email)
    known = select(Signer).where(Signer.address_index == index).with_for_update(key_share=True)
    signer = session.exec(known).first() or _new_signer(keys, signup, settings, now)
    signer.signed_up_at = now
    if signer.confirmed_at is None:
        _settle(signer, keys, signup.language, signup.time_zone or settings.site.time_zone)
    session.add(signer)
    session.flush()
    return signer


def _new_signer(keys: Keys, signup: Signup, settings: Settings, now: datetime) -> Signer:
    return Signer(
        address_index=keys.address_index(signup.email),
        address_sealed=keys.seal(signup.email, Sealed.ADDRESS),
        zone_tag=b"",
        domain_tag=groups.tag(signup.email, keys),
        daily_hour=settings.digest.daily_hour,
        weekly_day=settings.digest.weekly_day,
        created_at=now,
        signed_up_at=now,
    )


def _settle(signer: Signer, keys: Keys, language: str, zone: str) -> None:
    signer.language_sealed = keys.seal(language, Sealed.LANGUAGE)
    signer.language_tag = keys.tag(language, Sealed.LANGUAGE)
    signer.zone_sealed = keys.seal(zone, Sealed.ZONE)
    signer.zone_tag = keys.tag(zone, Sealed.ZONE)


def _sign(session: Session, keys: Keys, signer: Signer, signup: Signup, now: datetime) -> Standing:
    """Put the name under the campaign; return how it stood."""
    person = keys.address_index(signup.email)
    mine = select(Signature).where(
        Signature.campaign_id == signup.campaign_id, Signature.person_index == person
    )
    known = session.exec(mine.with_for_update()).first()
    if known and known.confirmed_at:
        return Standing.KNOWN
    signature = known or Signature(
        campaign_id=signup.campaign_id, person_index=person, signed_at=now, pending_since=now
    )
    signature.signer_id = signer.id
    signature.name_sealed = keys.seal(signup.name, Sealed.NAME)
    signature.letter_version = _letter(session, signup)
    again = known is not None and now < known.pending_since + DAY
    if not again:
        signature.signed_at = signature.pending_since = now
    session.add(signature)
    return Standing.AGAIN if again else Standing.NEW


def _letter(session: Session, signup: Signup) -> int | None:
    """Return the version of the letter that the person saw, if there is such a one, else the newest."""
    newest = select(func.max(Letter.version)).where(Letter.campaign_id == signup.campaign_id)
    if signup.letter_version is not None:
        seen = session.exec(newest.where(Letter.version == signup.letter_version)).one()
        if seen is not None:
            return seen
    return session.exec(newest).one()


def _subscribe(session: Session, signer: Signer, signup: Signup, now: datetime) -> Standing:
    """Note the wish to hear of the campaign; return how it stood."""
    known = session.exec(
        subscriptions.still_open(signer.id or 0, [signup.campaign_id]).with_for_update()
    ).first()
    if known and known.confirmed_at:
        return Standing.KNOWN
    again = known is not None and now < known.created_at + DAY
    wish = known or _wish(signer, signup, now)
    _consent(wish, signup, now)
    if not again:
        wish.created_at = now  # asked again, it lives another week
    session.add(wish)
    return Standing.AGAIN if again else Standing.NEW


def _wish(signer: Signer, signup: Signup, now: datetime) -> Subscription:
    return Subscription(
        signer_id=signer.id or 0,
        campaign_id=signup.campaign_id,
        created_at=now,
        consent_source=signup.source,
        consent_text=signup.consent_text,
        consented_at=now,
    )


def _consent(wish: Subscription, signup: Signup, now: datetime) -> None:
    """Keep what was asked for last, and to which words: a yes will mean that."""
    wish.cadence = signup.cadence
    wish.consent_source, wish.consent_text = signup.source, signup.consent_text
    wish.consented_at = now
