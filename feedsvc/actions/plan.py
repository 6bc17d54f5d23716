"""Plan mails: whoever is due and lacks something gets one mail, its digest found or composed once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from itertools import groupby

import structlog
from sqlalchemy import ColumnElement, and_, bindparam, or_, update
from sqlmodel import Session, col, select

from feedsvc.domain.cadence import Period, served
from feedsvc.domain.dates import EventDate, in_words
from feedsvc.domain.digest import Line
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.ledger import (
    WAITING,
    Delivery,
    DeliveryState,
    MailKind,
    Notice,
    Slot,
    Withheld,
)
from feedsvc.domain.tables.people import (
    Cadence,
    Signature,
    Signer,
    Subscription,
    Suppression,
)
from feedsvc.errors import FeedsvcError
from feedsvc.gateways.composer import Composer
from feedsvc.records import due, links, mails
from feedsvc.records.news import News

log = structlog.get_logger()


def plan(
    session: Session, composer: Composer, keys: Keys, *, chunk: int, now: datetime
) -> int | None:
    """Plan one chunk of the oldest open slot; return its id, or None when none is open."""
    slot = session.exec(
        select(Slot)
        .where(col(Slot.planned_at).is_(None))
        .order_by(col(Slot.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if slot is None:
        return None
    signer_ids = _next_signers(session, slot, chunk, now)
    if signer_ids:
        _withhold_suppressed(session, signer_ids)
        signers = _to_be_served(session, slot, signer_ids, now)
        rows = _take(session, slot, signers, now)
        _write(session, _Run(session, composer, keys, rows, now), signers)
        _remember(session, slot, {row.signer_id for row in rows}, now)
        slot.bookmark = signer_ids[-1]
    else:
        slot.planned_at = now
    return slot.id


@dataclass(frozen=True, slots=True)
class _Row:
    """One delivery that goes into a mail now."""

    signer_id: int
    notice_id: int
    campaign_id: int
    consented_at: datetime


def _next_signers(session: Session, slot: Slot, chunk: int, now: datetime) -> Sequence[int]:
    return session.exec(
        select(Delivery.signer_id)
        .join(Subscription, col(Subscription.id) == Delivery.subscription_id)
        .join(Notice, col(Notice.id) == Delivery.notice_id)
        .join(Signer, col(Signer.id) == Delivery.signer_id)
        .where(WAITING, col(Delivery.signer_id) > slot.bookmark, _due(slot, now))
        .distinct()
        .order_by(col(Delivery.signer_id))
        .limit(chunk)
    ).all()


def _due(slot: Slot, now: datetime) -> ColumnElement[bool]:
    """Whether a waiting delivery is due in this slot, by the present cadence of its subscription."""
    cadence = col(Subscription.cadence) == slot.cadence
    if slot.cadence is Cadence.IMMEDIATE:
        passed_by = and_(cadence, col(Notice.slot_id) == slot.id)
        return and_(due.not_paused(now), or_(passed_by, col(Delivery.due_now)))
    here = and_(col(Signer.zone_tag) == slot.zone_tag, col(Signer.daily_hour) == slot.hour)
    if slot.cadence is Cadence.WEEKLY:
        here = and_(here, col(Signer.weekly_day) == slot.weekday)
    return and_(here, cadence, col(Notice.arrived_at) < slot.at, due.not_paused(now))


def _withhold_suppressed(session: Session, signer_ids: Sequence[int]) -> None:
    suppressed = (
        select(Signer.id)
        .join(Suppression, col(Suppression.address_index) == Signer.address_index)
        .where(col(Signer.id).in_(signer_ids), col(Suppression.lifted_at).is_(None))
    )
    session.execute(
        update(Delivery)
        .where(col(Delivery.signer_id).in_(suppressed), WAITING)
        .values(state=DeliveryState.WITHHELD, reason=Withheld.SUPPRESSED, due_now=False),
        execution_options={"synchronize_session": False},
    )


def _to_be_served(
    session: Session, slot: Slot, signer_ids: Sequence[int], now: datetime
) -> dict[int, Signer]:
    signers = session.exec(select(Signer).where(col(Signer.id).in_(signer_ids))).all()
    return {
        signer.id or 0: signer
        for signer in signers
        if signer.address_sealed and not _served(signer, slot, now)
    }


def _served(signer: Signer, slot: Slot, now: datetime) -> bool:
    if slot.local_date is None:
        return False
    daily = slot.cadence is Cadence.DAILY
    last_on = signer.daily_served_on if daily else signer.weekly_served_on
    period = Period(slot.cadence, slot.local_date, slot.at)
    return served(period, last_on, signer.daily_served_at, now)


def _take(session: Session, slot: Slot, signers: Collection[int], now: datetime) -> list[_Row]:
    """Take the due deliveries of these signers, locked, so that nobody else plans them too."""
    columns = (
        Delivery.signer_id,
        Delivery.notice_id,
        Notice.campaign_id,
        Subscription.consented_at,
    )
    rows = session.exec(
        select(*columns)
        .join(Subscription, col(Subscription.id) == Delivery.subscription_id)
        .join(Notice, col(Notice.id) == Delivery.notice_id)
        .join(Signer, col(Signer.id) == Delivery.signer_id)
        .where(WAITING, col(Delivery.signer_id).in_(signers), _due(slot, now))
        .order_by(col(Delivery.signer_id), col(Notice.campaign_id), col(Notice.arrival))
        .with_for_update(of=Delivery)
    ).all()
    return [_Row(*row) for row in rows]


class _Run:
    """What the mails of one chunk have in common, looked up once."""

    def __init__(
        self,
        session: Session,
        composer: Composer,
        keys: Keys,
        rows: Sequence[_Row],
        now: datetime,
    ) -> None:
        self.rows = rows
        self.now = now
        self.keys = keys
        self.site = composer.site
        self._session = session
        self._composer = composer
        self._news = News(session, {row.notice_id for row in rows})
        self._signatures = _signatures(session, rows)
        self._digests: dict[tuple[str, tuple[Line, ...]], int] = {}

    def draft(self, signer: Signer, rows: Sequence[_Row]) -> mails.Draft:
        """Address a digest of these deliveries to this signer."""
        language = self.keys.unseal(signer.language_sealed or b"", Sealed.LANGUAGE)
        digest_id = self._digest(language, [row.notice_id for row in rows])
        signature = self._signatures.get((rows[0].signer_id, rows[0].campaign_id))
        signed_at = signature.signed_at if signature else rows[0].consented_at
        name = signature.name_sealed if signature else None
        values = {
            "address": self.keys.unseal(signer.address_sealed or b"", Sealed.ADDRESS),
            "name": self.keys.unseal(name, Sealed.NAME) if name else "",
            "date": format_datetime(self.now),
            "signed_on": _day_in_words(signed_at.date().isoformat(), language),
        }
        campaigns = dict.fromkeys(row.campaign_id for row in rows)
        values |= links.of_digest(self.site, self.keys, signer.id or 0, digest_id, campaigns)
        return mails.Draft(digest_id, signer.id or 0, signer.domain_tag, values)

    def _digest(self, language: str, notice_ids: Sequence[int]) -> int:
        frame = self._composer.nearest(language)
        lines = tuple(self._news.line(notice_id, language) for notice_id in notice_ids)
        if (frame, lines) not in self._digests:
            self._digests[frame, lines] = mails.digest(
                self._session,
                MailKind.DIGEST,
                frame,
                lines,
                self._composer.fingerprint,
                lambda: self._composer.digest(self._news.content(frame, lines)),
                self.now,
            )
        return self._digests[frame, lines]


def _signatures(session: Session, rows: Sequence[_Row]) -> Mapping[tuple[int, int], Signature]:
    found = session.exec(
        select(Signature).where(
            col(Signature.signer_id).in_({row.signer_id for row in rows}),
            col(Signature.campaign_id).in_({row.campaign_id for row in rows}),
        )
    ).all()
    return {(one.signer_id or 0, one.campaign_id): one for one in found}


@lru_cache(maxsize=4096)
def _day_in_words(day: str, language: str) -> str:
    return in_words(EventDate.parse(day), language)


def _write(session: Session, run: _Run, signers: Mapping[int, Signer]) -> None:
    """Queue the mails and mark their deliveries as mailed by them."""
    drafts = list(_drafts(run, signers))
    if not drafts:
        return
    queued = [draft for draft, _ in drafts]
    ids = mails.queue(session, run.keys, MailKind.DIGEST, queued, run.now)
    marks = [
        {"notice": row.notice_id, "signer": row.signer_id, "mail": mail_id}
        for mail_id, (_, rows) in zip(ids, drafts, strict=True)
        for row in rows
    ]
    table = Delivery.__table__  # type: ignore[attr-defined]  # SQLModel hides the table
    mailed = update(table).where(
        table.c.notice_id == bindparam("notice"), table.c.signer_id == bindparam("signer")
    )
    values = {"state": DeliveryState.MAILED, "mail_id": bindparam("mail"), "due_now": False}
    session.execute(mailed.values(values), marks)


def _drafts(run: _Run, signers: Mapping[int, Signer]) -> Iterator[tuple[mails.Draft, list[_Row]]]:
    """Address each signer; one whose row is damaged keeps waiting and stops nobody else (law 8)."""
    for signer_id, group in groupby(run.rows, lambda row: row.signer_id):
        rows = list(group)
        try:
            yield run.draft(signers[signer_id], rows), rows
        except (FeedsvcError, LookupError, ValueError) as error:
            problem = type(error).__name__
            log.error("signer cannot be addressed", signer=signer_id, problem=problem)  # noqa: TRY400  a trace may hold what is sealed


def _remember(session: Session, slot: Slot, signer_ids: Collection[int], now: datetime) -> None:
    """Keep the local date that each signer was served, whatever their zone does next."""
    if slot.cadence is Cadence.IMMEDIATE or not signer_ids:
        return
    if slot.cadence is Cadence.DAILY:
        values = {"daily_served_on": slot.local_date, "daily_served_at": now}
    else:
        values = {"weekly_served_on": slot.local_date}
    session.execute(
        update(Signer).where(col(Signer.id).in_(signer_ids)).values(**values),
        execution_options={"synchronize_session": False},
    )
