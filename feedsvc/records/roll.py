"""The roll of signers, as an export writes it: page by page, whoever is on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from feedsvc.domain.importing.rows import Standing
from feedsvc.domain.sealing import SHORTEST, Keys, Sealed
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.people import Ending, Signature, Signer, Subscription

SIGNED = "signed"


class Line(NamedTuple):
    """One person under one campaign; the names of its fields are those of an export's columns."""

    email: str
    name: str
    campaign: str
    language: str
    time_zone: str
    cadence: str
    state: str
    signed_at: datetime | None
    confirmed_at: datetime | None
    left_at: datetime | None
    left_because: str
    letter_version: int | None
    consent_source: str
    consent_text: str
    consented_at: datetime | None


class Page(NamedTuple):
    """Some lines, and the number of the last row they were made of."""

    lines: Sequence[Line]
    last: int


def count(session: Session, campaign_id: int | None) -> int:
    """Count the lines of an export."""
    parts = (_subscribed(campaign_id), _only_signed(campaign_id))
    counts = (select(func.count()).select_from(part.subquery()) for part in parts)
    return sum(int(session.execute(one).scalar_one()) for one in counts)


def subscribed(
    session: Session, keys: Keys, campaign_id: int | None, after: int, limit: int
) -> Page:
    """List whoever wants, or wanted, to hear of a campaign: each with their newest subscription."""
    wanted = _subscribed(campaign_id).where(col(Subscription.id) > after)
    rows = session.execute(wanted.order_by(col(Subscription.id)).limit(limit)).all()
    lines = [_wish(keys, *row) for row in rows]
    return Page(lines, rows[-1][0].id or 0 if rows else after)


def only_signed(
    session: Session, keys: Keys, campaign_id: int | None, after: int, limit: int
) -> Page:
    """List whoever signed a campaign without a wish to hear of it, and is known by address."""
    wanted = _only_signed(campaign_id).where(col(Signature.id) > after)
    rows = session.execute(wanted.order_by(col(Signature.id)).limit(limit)).all()
    lines = [_signature(keys, slug, name, signer) for name, signer, slug in rows]
    return Page(lines, rows[-1][0].id or 0 if rows else after)


Wished = tuple[Subscription, Signer, Signature | None, str, datetime | None]
"""A subscription with its person, their name, its campaign, and when the one it goes on from began."""


def _subscribed(campaign_id: int | None) -> Select[Wished]:
    newer, before = aliased(Subscription), aliased(Subscription)
    first = select(func.min(col(before.confirmed_at))).where(
        col(before.successor_id) == col(Subscription.id)
    )
    replaced = exists().where(
        col(newer.signer_id) == Subscription.signer_id,
        col(newer.campaign_id) == Subscription.campaign_id,
        col(newer.id) > col(Subscription.id),
        _said_something(newer),
    )
    found: Select[Wished] = (
        select(Subscription, Signer, Signature, Campaign.slug, first.scalar_subquery())  # type: ignore[call-overload]  # a column beside tables
        .join(Signer, col(Signer.id) == Subscription.signer_id)
        .join(Campaign, col(Campaign.id) == Subscription.campaign_id)
        .outerjoin(
            Signature,
            (col(Signature.signer_id) == Signer.id)
            & (col(Signature.campaign_id) == Subscription.campaign_id),
        )
        .where(col(Signer.address_sealed).is_not(None), ~replaced)
        .where(_said_something(Subscription))
        .where(*_of(Subscription, campaign_id))
    )
    return found


def _said_something(wish: type[Subscription]) -> ColumnElement[bool]:
    """Whether a wish counts: one that lapsed unconfirmed says nothing, and no leave away."""
    return func.coalesce(wish.ending, "").not_in((Ending.EXPIRED, Ending.ERASED))


def _only_signed(campaign_id: int | None) -> Select[tuple[Signature, Signer, str]]:
    wishes = exists().where(
        col(Subscription.signer_id) == Signature.signer_id,
        col(Subscription.campaign_id) == Signature.campaign_id,
    )
    found: Select[tuple[Signature, Signer, str]] = (
        select(Signature, Signer, Campaign.slug)  # type: ignore[call-overload]  # as above
        .join(Signer, col(Signer.id) == Signature.signer_id)
        .join(Campaign, col(Campaign.id) == Signature.campaign_id)
        .where(col(Signer.address_sealed).is_not(None), ~wishes)
        .where(*_of(Signature, campaign_id))
    )
    return found


def _of(
    model: type[Subscription | Signature], campaign_id: int | None
) -> list[ColumnElement[bool]]:
    return [] if campaign_id is None else [col(model.campaign_id) == campaign_id]


def _wish(
    keys: Keys,
    wish: Subscription,
    signer: Signer,
    name: Signature | None,
    slug: str,
    first: datetime | None,
) -> Line:
    """Write a wish; one that goes on after a leave was taken back is confirmed as of the first yes."""
    return Line(
        *_person(keys, signer, name),
        slug,
        *_place(keys, signer),
        wish.cadence.value,
        _state(wish),
        name.signed_at if name else wish.created_at,
        first or wish.confirmed_at,
        wish.ended_at,
        (wish.left_because or "") and str(wish.left_because),
        name.letter_version if name else None,
        wish.consent_source,
        wish.consent_text,
        wish.consented_at,
    )


def _signature(keys: Keys, slug: str, name: Signature, signer: Signer) -> Line:
    confirmed = name.confirmed_at is not None
    return Line(
        *_person(keys, signer, name),
        slug,
        *_place(keys, signer),
        "",
        SIGNED if confirmed else Standing.PENDING.value,
        name.signed_at,
        name.confirmed_at,
        None,
        "",
        name.letter_version,
        SIGNED if confirmed else "",
        "",
        name.confirmed_at,
    )


def _person(keys: Keys, signer: Signer, name: Signature | None) -> tuple[str, str]:
    sealed = name.name_sealed if name else None
    named = sealed is not None and len(sealed) > SHORTEST
    return (
        keys.unseal(signer.address_sealed or b"", Sealed.ADDRESS),
        keys.unseal(sealed or b"", Sealed.NAME) if named else "",
    )


def _place(keys: Keys, signer: Signer) -> tuple[str, str]:
    return (
        keys.unseal(signer.language_sealed or b"", Sealed.LANGUAGE),
        keys.unseal(signer.zone_sealed or b"", Sealed.ZONE),
    )


def _state(wish: Subscription) -> str:
    if wish.ending is not None:
        return wish.ending.value
    if wish.confirmed_at is None:
        return Standing.PENDING.value
    return "paused" if wish.paused_until is not None else Standing.LIVE.value
