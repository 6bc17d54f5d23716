"""Welcome who joins late: one mail that says where their campaigns stand.

It is no delivery: what arrived before is named and linked, not mailed as news (law 1).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, func, select

from feedsvc.config import Settings
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.content import Campaign, CampaignStatus, Signatory, Update
from feedsvc.domain.tables.ledger import Digest, MailKind
from feedsvc.domain.tables.people import Signer, Subscription, Suppression
from feedsvc.domain.welcome import Standing
from feedsvc.errors import FeedsvcError
from feedsvc.gateways import composer as slots
from feedsvc.gateways.composer import Composer
from feedsvc.records import latest, links, mails, welcomes

log = structlog.get_logger()

KNOWS = timedelta(days=30)
"""Who left no longer ago and comes back knows where the campaign stands."""

Stands = Sequence[tuple[Campaign, Update]]


def welcome(
    session: Session, composer: Composer, keys: Keys, settings: Settings, *, now: datetime
) -> bool:
    """Welcome whoever confirmed longest ago, or not; return whether somebody was due.

    All that they have confirmed meanwhile goes into one mail.
    """
    marked = select(Subscription.signer_id).where(col(Subscription.welcome_at) <= now)
    signer_id = session.exec(marked.order_by(col(Subscription.welcome_at)).limit(1)).first()
    if signer_id is None:
        return False
    stands = _where(session, _taken(session, signer_id, now))
    signer = session.get_one(Signer, signer_id)
    if stands and not signer.discreet and not _suppressed(session, signer):
        _try(session, composer, keys, settings, signer, stands, now)
    return True


def _taken(session: Session, signer_id: int, now: datetime) -> list[Subscription]:
    """Take the marks off; the rows are locked, so that whoever leaves comes before this or after."""
    marked = select(Subscription).where(
        Subscription.signer_id == signer_id, col(Subscription.welcome_at).is_not(None)
    )
    rows = session.exec(marked.order_by(col(Subscription.campaign_id)).with_for_update()).all()
    joining = [row for row in rows if _joins(session, row, now)]
    for row in rows:
        row.welcome_at = None
    session.flush()
    return joining


def _joins(session: Session, wish: Subscription, now: datetime) -> bool:
    """Whether somebody has just come, is still there, and does not know the campaign already."""
    hears = wish.live and (wish.paused_until is None or wish.paused_until <= now)
    just = wish.welcome_at is not None and wish.welcome_at > now - welcomes.LATE
    return hears and just and not _knows(session, wish, now)


def _knows(session: Session, wish: Subscription, now: datetime) -> bool:
    before = select(Subscription.id).where(
        Subscription.signer_id == wish.signer_id,
        Subscription.campaign_id == wish.campaign_id,
        Subscription.id != wish.id,
        col(Subscription.confirmed_at).is_not(None),
        col(Subscription.ended_at) > now - KNOWS,
    )
    return session.exec(before.limit(1)).first() is not None


def _where(session: Session, wishes: Sequence[Subscription]) -> Stands:
    """Find the campaigns that have had news before these wishes, each with the latest of it.

    What has arrived since is not said here: it comes as news. Of a campaign that is withdrawn
    nothing will come.
    """
    ids = [wish.campaign_id for wish in wishes]
    out = latest.out(session, ids)
    found = []
    for wish in wishes:
        campaign = session.get_one(Campaign, wish.campaign_id)
        before = [one for one in out if _before(one, wish)]
        if before and campaign.status is not CampaignStatus.WITHDRAWN:
            found.append((campaign, max(before, key=latest.when)))
    return found


def _before(news: Update, wish: Subscription) -> bool:
    arrived_before = (news.arrival or 0) <= (wish.after_arrival or 0)
    return news.campaign_id == wish.campaign_id and arrived_before


def _suppressed(session: Session, signer: Signer) -> bool:
    """Whether anything speaks against writing: nobody has asked for this mail."""
    stopped = select(Suppression.id).where(
        Suppression.address_index == signer.address_index, col(Suppression.lifted_at).is_(None)
    )
    return session.exec(stopped.limit(1)).first() is not None


def _try(
    session: Session,
    composer: Composer,
    keys: Keys,
    settings: Settings,
    signer: Signer,
    stands: Stands,
    now: datetime,
) -> None:
    """Queue the mail; a person whose row is damaged stops nobody else (law 8)."""
    try:
        address = keys.unseal(signer.address_sealed or b"", Sealed.ADDRESS)
        language = composer.nearest(keys.unseal(signer.language_sealed or b"", Sealed.LANGUAGE))
    except FeedsvcError as error:
        log.error("cannot welcome", signer=signer.id, problem=type(error).__name__)  # noqa: TRY400  the trace may hold what was written
        return
    standings = welcomes.standings(session, settings.site, stands, language)
    digest_id = _digest(session, composer, language, standings, now)
    ids = [one.campaign.id for one in standings]
    own = links.of_welcome(settings.site, keys, signer.id or 0, digest_id, ids, now)
    values = {"address": address, "name": "", "date": format_datetime(now), **own}
    for campaign, _ in stands:
        slot = slots.standing_slot(campaign.id or 0)
        values[slot] = composer.standing(language, campaign, _signatories(session, campaign))
    draft = mails.Draft(digest_id, signer.id or 0, signer.domain_tag, values)
    mails.queue(session, keys, MailKind.WELCOME, [draft], now)


def _digest(
    session: Session,
    composer: Composer,
    language: str,
    standings: Sequence[Standing],
    now: datetime,
) -> int:
    """Compose it once for all who join while nothing happens; note what it speaks of."""
    digest_id = mails.digest(
        session,
        MailKind.WELCOME,
        language,
        [one.line for one in standings],
        composer.fingerprint,
        lambda: composer.welcome(language, standings),
        now,
    )
    ids = [one.campaign.id for one in standings]
    session.execute(update(Digest).where(col(Digest.id) == digest_id).values(campaigns=ids))
    return digest_id


def _signatories(session: Session, campaign: Campaign) -> int:
    mine = select(func.count()).where(Signatory.campaign_id == campaign.id)
    return session.exec(mine).one()
