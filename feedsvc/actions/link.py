"""Mail the fresh links that were asked for: thirty minutes from now they show a person what is theirs."""

from datetime import datetime
from email.utils import format_datetime

import structlog
from sqlalchemy import delete
from sqlmodel import Session, col, select

from feedsvc.config import Settings
from feedsvc.domain.digest import AboutCampaign
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.doors import FreshLink
from feedsvc.domain.tables.ledger import MailKind
from feedsvc.domain.tables.people import Signer
from feedsvc.errors import FeedsvcError
from feedsvc.gateways.composer import Composer
from feedsvc.records import fresh_links, links, mails, suppressions, texts

log = structlog.get_logger()


def mail_links(
    session: Session, composer: Composer, keys: Keys, settings: Settings, *, now: datetime
) -> bool:
    """Mail the link that waits longest; return whether one waited.

    One whose person has another address by now, or asked never to be written to, opens nothing.
    """
    due = col(FreshLink.mailed_at).is_(None), col(FreshLink.due_at) <= now
    waiting = select(FreshLink).where(*due)
    oldest = waiting.order_by(col(FreshLink.id)).limit(1).with_for_update(skip_locked=True)
    link = session.exec(oldest).first()
    if link is None:
        return False
    link.mailed_at = now
    signer = session.get_one(Signer, link.signer_id)
    if _writable(session, link, signer):
        _try(session, composer, keys, settings, link, signer, now)
    return True


def forget_links(session: Session, *, now: datetime) -> None:
    """Forget links that no longer count against any limit."""
    session.execute(delete(FreshLink).where(col(FreshLink.due_at) < now - fresh_links.KEPT))


def _writable(session: Session, link: FreshLink, signer: Signer) -> bool:
    index = link.address_index
    if index is None or index != signer.address_index:
        return False
    return not suppressions.never(session, index)


def _try(
    session: Session,
    composer: Composer,
    keys: Keys,
    settings: Settings,
    link: FreshLink,
    signer: Signer,
    now: datetime,
) -> None:
    """Queue the mail; a person whose row is damaged stops nobody else (law 8)."""
    try:
        address = keys.unseal(signer.address_sealed or b"", Sealed.ADDRESS)
        written = keys.unseal(signer.language_sealed or b"", Sealed.LANGUAGE)
    except FeedsvcError as error:
        log.error("cannot mail a link", signer=signer.id, problem=type(error).__name__)  # noqa: TRY400  the trace may hold what was written
        return
    link.expires_at = now + fresh_links.LIFE
    language = composer.nearest(written)
    about = _signed_again(session, link, signer, language)
    kind = MailKind.KNOWN if about else MailKind.LINK
    digest_id = _digest(session, composer, kind, language, about, discreet=signer.discreet, now=now)
    own = links.of_link(settings.site, keys, signer.id or 0, digest_id, link.id or 0)
    values = {"address": address, "name": "", "date": format_datetime(now), **own}
    draft = mails.Draft(digest_id, signer.id or 0, signer.domain_tag, values)
    mails.queue(session, keys, kind, [draft], now)


def _signed_again(
    session: Session, link: FreshLink, signer: Signer, language: str
) -> AboutCampaign | None:
    """Name the campaign that was signed again; not to who wants mails that name none (M14a)."""
    campaign = session.get(Campaign, link.campaign_id) if link.campaign_id else None
    if campaign is None or signer.discreet:
        return None
    return texts.about(session, [campaign], language)[0]


def _digest(
    session: Session,
    composer: Composer,
    kind: MailKind,
    language: str,
    about: AboutCampaign | None,
    *,
    discreet: bool,
    now: datetime,
) -> int:
    line = (about.id, 0, about.title) if about else (0, 0, "discreet" if discreet else "")

    def compose() -> bytes:
        return (
            composer.known(language, about) if about else composer.link(language, discreet=discreet)
        )

    return mails.digest(session, kind, language, [line], composer.fingerprint, compose, now)
