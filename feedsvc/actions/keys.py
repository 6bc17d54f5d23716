"""Give staff their keys, and take them back. Only a hash of the secret is kept."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from feedsvc.domain import text
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.staff import Scope, StaffKey
from feedsvc.errors import Conflict, Invalid, NotFound
from feedsvc.records import audit
from feedsvc.records.locks import hold

SECRET_BYTES = 32
PREFIX = "feedsvc_"
"""Lets a scanner for leaked secrets know one of ours."""
NAME = 80
LONGEST_DAYS = 3_650


def create_key(
    session: Session,
    name: str,
    *,
    scopes: Collection[Scope],
    by: str,
    now: datetime,
    campaign: str | None = None,
    days: int | None = None,
) -> tuple[StaffKey, str]:
    """Make a key and its secret, which is told this once.

    `campaign` limits it to the campaign with that slug; it ends after `days`.
    """
    name = text.line(name, "name", NAME)
    hold(session, "staff keys")
    _fits(session, name, scopes, days)
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    key = StaffKey(
        name=name,
        secret_hash=hashed(secret),
        scopes=[scope.value for scope in Scope if scope in scopes],
        campaign_id=_campaign_id(session, campaign),
        created_at=now,
        expires_at=now + timedelta(days) if days is not None else None,
    )
    session.add(key)
    detail = " ".join(filter(None, [*key.scopes, campaign]))
    audit.note(session, by, "create key", name, now, detail)
    return key, secret


def revoke_key(session: Session, name: str, *, by: str, now: datetime) -> None:
    """Make a key useless from now on. Revoking twice changes nothing."""
    key = session.exec(select(StaffKey).where(StaffKey.name == name)).first()
    if key is None:
        raise NotFound(f"There is no key {name!r}.", remedy="`feedsvc key list` lists them.")
    if key.revoked_at is None:
        key.revoked_at = now
        audit.note(session, by, "revoke key", name, now)


def list_keys(session: Session) -> list[tuple[StaffKey, str | None]]:
    """Return every key, each with the slug of the campaign that it is limited to."""
    keys = select(StaffKey, Campaign.slug).join(
        Campaign, col(Campaign.id) == StaffKey.campaign_id, isouter=True
    )
    rows = session.exec(keys.order_by(col(StaffKey.id))).all()
    return [(key, slug) for key, slug in rows]


def hashed(secret: str) -> bytes:
    """Return what is kept of a secret. It is random enough to need neither salt nor slowness."""
    return hashlib.sha256(secret.encode()).digest()


def _fits(session: Session, name: str, scopes: Collection[Scope], days: int | None) -> None:
    if not scopes:
        raise Invalid("scope", "A key needs one.", remedy=f"Give one of {', '.join(Scope)}.")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise Invalid("expires", f"{days} days will not do.", remedy=f"Give 1 to {LONGEST_DAYS}.")
    if session.exec(select(StaffKey.id).where(StaffKey.name == name)).first():
        raise Conflict(
            f"There is a key {name!r} already, or there was.", remedy="Choose another name."
        )


def _campaign_id(session: Session, slug: str | None) -> int | None:
    if slug is None:
        return None
    found = session.exec(select(Campaign.id).where(Campaign.slug == slug)).first()
    if found is None:
        raise NotFound(f"There is no campaign {slug!r}.", remedy="Create it first.")
    return found
