"""Ask for a yes: one mail to each address that signed, a reminder, and never more than the limits (TRUST 4)."""

from datetime import datetime, timedelta
from email.utils import format_datetime

import structlog
from sqlmodel import Session, col, select

from feedsvc.config import Limits, Settings
from feedsvc.domain import buckets as allowances
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.doors import Confirmation
from feedsvc.domain.tables.ledger import MailKind
from feedsvc.domain.tables.people import Signer
from feedsvc.errors import FeedsvcError
from feedsvc.gateways.composer import CONFIRM_DAYS, Composer
from feedsvc.records import buckets, confirmations, links, mails, pending, suppressions, texts

log = structlog.get_logger()

REMINDED_AFTER = timedelta(days=2)
DAYS = {
    MailKind.CONFIRM: CONFIRM_DAYS,
    MailKind.INVITATION: CONFIRM_DAYS,
    MailKind.REMINDER: CONFIRM_DAYS - REMINDED_AFTER.days,
}
"""How long the link in each mail works: what was first asked for a week ago is forgotten."""


def ask(
    session: Session, composer: Composer, keys: Keys, settings: Settings, *, now: datetime
) -> bool:
    """Ask whoever waits longest to confirm, or put it off to their turn; return whether one waited.

    While as many were asked in this hour as may be, all wait.
    """
    waiting = select(Signer).where(col(Signer.ask_at) <= now).order_by(col(Signer.ask_at)).limit(1)
    signer = session.exec(waiting.with_for_update(skip_locked=True, key_share=True)).first()
    if signer is None:
        return False
    address = signer.address_index
    if address is None or suppressions.never(session, address):
        signer.ask_at = None
        return True
    turn = confirmations.turn(session, address, settings.limits.confirm_mails_per_month)
    if turn and turn > now:
        signer.ask_at = None if signer.asks else turn
        return True
    if not _room(session, settings.limits, now):
        return False
    signer.ask_at = _try(session, composer, keys, settings, signer, now)
    return True


def _room(session: Session, limits: Limits, now: datetime) -> bool:
    """Take one of the mails of this hour, if one is left."""
    allowance = allowances.to_all(limits.confirm_mails_per_hour)
    if buckets.turn(session, buckets.EVERYBODY, allowance, now) > now:
        return False
    buckets.take(session, buckets.EVERYBODY, allowance, now)
    return True


def _try(
    session: Session,
    composer: Composer,
    keys: Keys,
    settings: Settings,
    signer: Signer,
    now: datetime,
) -> datetime | None:
    """Queue the mail and return when to remind; a person whose row is damaged stops nobody else (law 8).

    What waits is renewed before anything says that it was asked: until then it is kept as unasked.
    """
    try:
        address = keys.unseal(signer.address_sealed or b"", Sealed.ADDRESS)
        written = keys.unseal(signer.language_sealed or b"", Sealed.LANGUAGE)
        kind = _kind(session, signer, now)
        digest_id = _digest(session, composer, kind, signer, composer.nearest(written), now)
    except FeedsvcError as error:
        log.error("cannot ask to confirm", signer=signer.id, problem=type(error).__name__)  # noqa: TRY400  the trace may hold what was written
        return None
    if digest_id is None:
        return None
    if kind is not MailKind.REMINDER:
        pending.renew(session, signer, now)
    confirmation_id = _confirmation(session, signer, kind, now)
    own = links.of_confirm(settings.site, keys, signer.id or 0, digest_id, confirmation_id)
    values = {"address": address, "name": "", "date": format_datetime(now), **own}
    draft = mails.Draft(digest_id, signer.id or 0, signer.domain_tag, values)
    mails.queue(session, keys, kind, [draft], now)
    signer.asks += 1
    return None if kind is MailKind.REMINDER else now + REMINDED_AFTER


def _kind(session: Session, signer: Signer, now: datetime) -> MailKind:
    """Choose the mail: the second for the same is the reminder; who was imported is invited."""
    if signer.asks:
        return MailKind.REMINDER
    imported = pending.imported(session, signer.id or 0, now)
    return MailKind.INVITATION if imported else MailKind.CONFIRM


def _digest(
    session: Session,
    composer: Composer,
    kind: MailKind,
    signer: Signer,
    language: str,
    now: datetime,
) -> int | None:
    """Compose what is asked; None when nothing waits any more."""
    waiting = pending.campaigns(session, signer.id or 0, now)
    if not waiting:
        return None
    named = select(Campaign).where(col(Campaign.id).in_(waiting)).order_by(col(Campaign.id))
    about = texts.about(session, session.exec(named).all(), language)
    lines = [] if signer.discreet else [(one.id, 0, one.title) for one in about]
    discreet = signer.discreet
    return mails.digest(
        session,
        kind,
        language,
        lines,
        composer.fingerprint,
        lambda: composer.asking(kind.value, language, about, DAYS[kind], discreet=discreet),
        now,
        discreet=discreet,
    )


def _confirmation(session: Session, signer: Signer, kind: MailKind, now: datetime) -> int:
    confirmation = Confirmation(
        signer_id=signer.id or 0,
        address_index=signer.address_index,
        created_at=now,
        expires_at=now + timedelta(days=DAYS[kind]),
    )
    session.add(confirmation)
    session.flush()
    return confirmation.id or 0
