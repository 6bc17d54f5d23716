"""Plan mails: whoever is due and lacks something gets one mail, its digest found or composed once."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from email.utils import format_datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import structlog
from sqlalchemy import ColumnElement, and_, exists, func, or_, update
from sqlmodel import Session, col, select

from feedsvc.domain.cadence import Period, served
from feedsvc.domain.dates import EventDate, in_words
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.ledger import (
    DUE_NOW,
    WAITING,
    Delivery,
    DeliveryState,
    DigestEntry,
    Mail,
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
from feedsvc.errors import Misconfigured
from feedsvc.gateways.composer import Composer
from feedsvc.records import due, links, mails, shares
from feedsvc.records.news import News

log = structlog.get_logger()


def plan(
    session: Session,
    composer: Composer,
    keys: Keys,
    *,
    chunk: int,
    canary_percent: float = 0,
    now: datetime,
    after: int = 0,
) -> int | None:
    """Plan one chunk of the oldest open slot after `after`; return its id, or None without one.

    Of a mailing that has not proven itself only so many mails are planned; the rest is passed by,
    and has a run of its own when the time has come.
    """
    slot = session.exec(
        select(Slot)
        .where(col(Slot.planned_at).is_(None), col(Slot.id) > after)
        .order_by(col(Slot.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if slot is None:
        return None
    allowed = _allowed(session, now)
    signer_ids = _next_signers(session, slot, chunk, allowed)
    if signer_ids:
        _withhold_suppressed(session, signer_ids)
        taken = _take(session, slot, signer_ids, allowed)
        lacking = [row for row in taken if not _served(row, slot, now)]
        rows = shares.within(session, lacking, canary_percent, now)
        written_to = _write(session, _Run(session, composer, keys, rows, now))
        _remember(session, slot, written_to, now)
        slot.bookmark = signer_ids[-1]
    else:
        slot.planned_at = now
    return slot.id


class _Row(NamedTuple):
    """One delivery that goes into a mail now, with what is known of its signer, sealed as stored."""

    signer_id: int
    notice_id: int
    campaign_id: int
    address_sealed: bytes | None
    language_sealed: bytes | None
    name_sealed: bytes | None
    signed_at: datetime
    domain_tag: bytes
    daily_served_on: date | None
    daily_served_at: datetime | None
    weekly_served_on: date | None


class _Allowed(NamedTuple):
    """What must hold of the person and of the mailing, whatever is due."""

    person: ColumnElement[bool]
    mailing: ColumnElement[bool]


def _allowed(session: Session, now: datetime) -> _Allowed:
    """Leave out who has paused, and mailings that are stopped or whose shares are used up."""
    held, going_on = shares.held_back(session), due.going_on()
    mailing = and_(going_on, col(Notice.id).not_in(held)) if held else going_on
    return _Allowed(due.not_paused(now), mailing)


def _next_signers(session: Session, slot: Slot, chunk: int, allowed: _Allowed) -> Sequence[int]:
    """Return the signers after the bookmark to whom something is due in this slot, in order."""
    if slot.cadence is not Cadence.IMMEDIATE:
        return _next_here(session, slot, chunk, allowed)
    found = set(_next_in_order(session, slot, chunk, DUE_NOW, *allowed))
    if _anything_of_its_own(session, slot, allowed):
        found.update(_next_in_order(session, slot, chunk, WAITING, _passed_by(slot), *allowed))
    return sorted(found)[:chunk]


def _anything_of_its_own(session: Session, slot: Slot, allowed: _Allowed) -> bool:
    """Whether the run is for a mailing that goes on; else nobody walks through all who wait for it."""
    own = select(Notice.id).where(Notice.slot_id == slot.id, allowed.mailing)
    return session.exec(own.limit(1)).first() is not None


def _next_here(session: Session, slot: Slot, chunk: int, allowed: _Allowed) -> Sequence[int]:
    """Go through the signers of the place: most of what waits belongs to other places."""
    something = _joined(select(Delivery.notice_id)).where(
        WAITING, Delivery.signer_id == Signer.id, _in_period(slot), *allowed
    )
    people = (
        select(Signer.id)
        .where(_lives_here(slot), col(Signer.id) > slot.bookmark)
        .where(exists(something.correlate(Signer)))
        .order_by(col(Signer.id))
        .limit(chunk)
    )
    return session.exec(people).all()  # type: ignore[return-value]  # never null


def _next_in_order(session: Session, slot: Slot, chunk: int, *conditions: Any) -> Sequence[int]:
    waiting: Sequence[int] = session.exec(
        _joined(select(Delivery.signer_id))
        .where(col(Delivery.signer_id) > slot.bookmark, *conditions)
        .distinct()
        .order_by(col(Delivery.signer_id))
        .limit(chunk)
    ).all()
    return waiting


def _joined(deliveries: Any) -> Any:
    """Bring in what decides whether a delivery is due."""
    return deliveries.join(Subscription, col(Subscription.id) == Delivery.subscription_id).join(
        Notice, col(Notice.id) == Delivery.notice_id
    )


def _due(slot: Slot) -> ColumnElement[bool]:
    """Whether a waiting delivery is due in this slot, by the present cadence of its subscription."""
    if slot.cadence is Cadence.IMMEDIATE:
        return or_(_passed_by(slot), DUE_NOW)
    return and_(_lives_here(slot), _in_period(slot))


def _passed_by(slot: Slot) -> ColumnElement[bool]:
    """What is due because its notice has settled; what is due now was passed by before."""
    return and_(col(Subscription.cadence) == slot.cadence, col(Notice.slot_id) == slot.id)


def _in_period(slot: Slot) -> ColumnElement[bool]:
    return and_(col(Subscription.cadence) == slot.cadence, col(Notice.arrived_at) < slot.at)


def _lives_here(slot: Slot) -> ColumnElement[bool]:
    here = and_(col(Signer.zone_tag) == slot.zone_tag, col(Signer.daily_hour) == slot.hour)
    if slot.cadence is Cadence.WEEKLY:
        here = and_(here, col(Signer.weekly_day) == slot.weekday)
    return here


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


def _take(session: Session, slot: Slot, signers: Collection[int], allowed: _Allowed) -> list[_Row]:
    """Take the due deliveries of these signers, locked, so that nobody else plans them too."""
    columns: tuple[Any, ...] = (
        Delivery.signer_id,
        Delivery.notice_id,
        Notice.campaign_id,
        Signer.address_sealed,
        Signer.language_sealed,
        Signature.name_sealed,
        func.coalesce(Signature.signed_at, Subscription.consented_at),
        Signer.domain_tag,
        Signer.daily_served_on,
        Signer.daily_served_at,
        Signer.weekly_served_on,
    )
    signed = and_(
        col(Signature.signer_id) == Delivery.signer_id,
        col(Signature.campaign_id) == Notice.campaign_id,
    )
    rows = session.exec(
        _joined(select(*columns))
        .join(Signer, col(Signer.id) == Delivery.signer_id)
        .join(Signature, signed, isouter=True)
        .where(WAITING, col(Delivery.signer_id).in_(signers), _due(slot), *allowed)
        .order_by(col(Delivery.signer_id), col(Notice.campaign_id), col(Notice.arrival))
        .with_for_update(of=Delivery)
    ).all()
    return list(map(_Row._make, rows))


def _served(row: _Row, slot: Slot, now: datetime) -> bool:
    if slot.local_date is None:
        return False
    daily = slot.cadence is Cadence.DAILY
    last_on = row.daily_served_on if daily else row.weekly_served_on
    period = Period(slot.cadence, slot.local_date, slot.at)
    return served(period, last_on, row.daily_served_at, now)


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
        self._session = session
        self._composer = composer
        self._date = format_datetime(now)
        self._news = News(session, {row.notice_id for row in rows})
        self._digests: dict[tuple[str, tuple[int, ...]], int] = {}

    def draft(self, rows: Sequence[_Row]) -> mails.Draft:
        """Address a digest of these deliveries to their signer."""
        first = rows[0]
        try:
            address = self.keys.unseal(first.address_sealed or b"", Sealed.ADDRESS)
            language = self.keys.unseal(first.language_sealed or b"", Sealed.LANGUAGE)
            name = first.name_sealed and self.keys.unseal(first.name_sealed, Sealed.NAME)
        except (Misconfigured, ValueError) as error:
            raise _Damaged from error
        digest_id = self._digest(language, tuple(row.notice_id for row in rows))
        values = {
            "address": address,
            "name": name or "",
            "date": self._date,
            "signed_on": _day_in_words(first.signed_at.date(), language),
        }
        campaigns = dict.fromkeys(row.campaign_id for row in rows)
        site = self._composer.site
        values |= links.of_digest(site, self.keys, first.signer_id, digest_id, campaigns)
        return mails.Draft(digest_id, first.signer_id, first.domain_tag, values)

    def _digest(self, language: str, notice_ids: tuple[int, ...]) -> int:
        if (language, notice_ids) not in self._digests:
            self._digests[language, notice_ids] = self._find_or_compose(language, notice_ids)
        return self._digests[language, notice_ids]

    def _find_or_compose(self, language: str, notice_ids: Sequence[int]) -> int:
        frame = self._composer.nearest(language)
        lines = [self._news.line(notice_id, language) for notice_id in notice_ids]
        return mails.digest(
            self._session,
            MailKind.DIGEST,
            frame,
            lines,
            self._composer.fingerprint,
            lambda: self._composer.digest(self._news.content(frame, lines)),
            self.now,
        )


class _Damaged(Exception):
    """What is stored of a signer does not open."""


@lru_cache(maxsize=4096)
def _day_in_words(day: date, language: str) -> str:
    return in_words(EventDate.parse(day.isoformat()), language)


def _write(session: Session, run: _Run) -> list[int]:
    """Queue the mails, mark their deliveries as mailed by them, and return who is written to.

    One whose row is damaged is withheld, or would be due for ever, and stops nobody else (law 8).
    """
    drafts = []
    for signer_id, group in groupby(run.rows, lambda row: row.signer_id):
        rows = list(group)
        try:
            drafts.append(run.draft(rows))
        except _Damaged as error:
            problem = type(error.__cause__).__name__
            log.error("signer cannot be addressed", signer=signer_id, problem=problem)  # noqa: TRY400  a trace may hold what is sealed
            _withhold_damaged(session, signer_id, [row.notice_id for row in rows])
    _mark(session, mails.queue(session, run.keys, MailKind.DIGEST, drafts, run.now))
    return [draft.signer_id for draft in drafts]


def _withhold_damaged(session: Session, signer_id: int, notice_ids: Sequence[int]) -> None:
    session.execute(
        update(Delivery)
        .where(col(Delivery.signer_id) == signer_id, col(Delivery.notice_id).in_(notice_ids))
        .values(state=DeliveryState.WITHHELD, reason=Withheld.DAMAGED, due_now=False),
        execution_options={"synchronize_session": False},
    )


def _mark(session: Session, mail_ids: Sequence[int]) -> None:
    """Mark what stands in the digests of these mails as mailed by them."""
    session.execute(
        update(Delivery)
        .where(
            col(Mail.id).in_(mail_ids),
            col(DigestEntry.digest_id) == Mail.digest_id,
            col(Delivery.signer_id) == Mail.signer_id,
            col(Delivery.notice_id) == DigestEntry.notice_id,
        )
        .values(state=DeliveryState.MAILED, mail_id=Mail.id, due_now=False),
        execution_options={"synchronize_session": False},
    )


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
