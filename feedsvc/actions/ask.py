"""Ask for a yes: one mail to each address that signed, and never more than the limits (TRUST 4)."""

from datetime import datetime, timedelta
from email.utils import format_datetime

import structlog
from sqlmodel import Session, col, select

from feedsvc.config import Settings
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.ledger import MailKind
from feedsvc.domain.tables.people import Confirmation, Signer
from feedsvc.errors import FeedsvcError
from feedsvc.gateways.composer import Composer
from feedsvc.records import links, mails, pending, suppressions, texts

log = structlog.get_logger()

DAY, MONTH = timedelta(days=1), timedelta(days=30)


def ask(
    session: Session, composer: Composer, keys: Keys, settings: Settings, *, now: datetime
) -> bool:
    """Ask whoever waits longest to confirm, or put it off to their turn; return whether one waited."""
    waiting = select(Signer).where(col(Signer.ask_at) <= now).order_by(col(Signer.ask_at)).limit(1)
    signer = session.exec(waiting.with_for_update(skip_locked=True, key_share=True)).first()
    if signer is None:
        return False
    address, signer.ask_at = signer.address_index, None
    if address is None or suppressions.never(session, address):
        return True
    turn = _turn(session, address, settings.limits.confirm_mails_per_month)
    if turn and turn > now:
        signer.ask_at = turn
    else:
        _try(session, composer, keys, settings, signer, now)
    return True


def _turn(session: Session, address: bytes, a_month: int) -> datetime | None:
    """Return when this address may be asked again: once a day, `a_month` times in thirty days.

    Only what was not answered counts.
    """
    unanswered = select(Confirmation.created_at).where(Confirmation.address_index == address)
    newest = col(Confirmation.created_at).desc()
    asked = session.exec(unanswered.order_by(newest).limit(a_month)).all()
    if len(asked) == a_month:
        return max(asked[0] + DAY, asked[-1] + MONTH)
    return asked[0] + DAY if asked else None


def _try(
    session: Session,
    composer: Composer,
    keys: Keys,
    settings: Settings,
    signer: Signer,
    now: datetime,
) -> None:
    """Queue the mail; a person whose row is damaged stops nobody else (law 8)."""
    try:
        address = keys.unseal(signer.address_sealed or b"", Sealed.ADDRESS)
        written = keys.unseal(signer.language_sealed or b"", Sealed.LANGUAGE)
        digest_id = _digest(session, composer, signer, composer.nearest(written), now)
    except FeedsvcError as error:
        log.error("cannot ask to confirm", signer=signer.id, problem=type(error).__name__)  # noqa: TRY400  the trace may hold what was written
        return
    if digest_id is not None:
        confirmation_id = _confirmation(session, signer, now)
        own = links.of_confirm(settings.site, keys, signer.id or 0, digest_id, confirmation_id)
        values = {"address": address, "name": "", "date": format_datetime(now), **own}
        draft = mails.Draft(digest_id, signer.id or 0, signer.domain_tag, values)
        mails.queue(session, keys, MailKind.CONFIRM, [draft], now)


def _digest(
    session: Session, composer: Composer, signer: Signer, language: str, now: datetime
) -> int | None:
    """Compose what is asked; None when nothing waits any more."""
    waiting = pending.campaigns(session, signer.id or 0, now)
    if not waiting:
        return None
    named = select(Campaign).where(col(Campaign.id).in_(waiting)).order_by(col(Campaign.id))
    about = texts.about(session, session.exec(named).all(), language)
    lines = [(one.id, 0, one.title) for one in about]
    return mails.digest(
        session,
        MailKind.CONFIRM,
        language,
        lines,
        composer.fingerprint,
        lambda: composer.confirm(language, about),
        now,
    )


def _confirmation(session: Session, signer: Signer, now: datetime) -> int:
    confirmation = Confirmation(
        signer_id=signer.id or 0,
        address_index=signer.address_index,
        created_at=now,
        expires_at=now + pending.LIFE,
    )
    session.add(confirmation)
    session.flush()
    return confirmation.id or 0
