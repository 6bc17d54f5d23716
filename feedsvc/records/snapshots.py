"""What stands in the slots of a mail: kept when it is planned, put together when it is opened.

A service mail has its values sealed. Those of a digest are made again each time, from what cannot
change: the address and name as they were sealed, the day of signing, the id of the key, the instant
of planning, and the digest. So planning a million mails seals nothing and makes no token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from sqlmodel import Session, col, select

from feedsvc.domain.dates import EventDate, in_words
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.ledger import Digest, DigestEntry, Notice
from feedsvc.gateways import composer
from feedsvc.gateways.database import day_of, fetch, instant_of, plain
from feedsvc.records import links

COLUMNS = """
    mail.signer_id, mail.planned_at, snapshot.sealed, snapshot.address_sealed,
    snapshot.name_sealed, snapshot.signed_on, snapshot.token_key
"""
_KEPT = plain(
    f"SELECT {COLUMNS} FROM mail LEFT JOIN snapshot ON mail_id = mail.id WHERE mail.id = :mail"  # noqa: S608  no value in it
)


class Kept(NamedTuple):
    """What is stored of one mail for its slots, as a plain statement reads these COLUMNS."""

    signer_id: int
    planned_at: Any
    sealed: bytes | None
    address_sealed: bytes | None
    name_sealed: bytes | None
    signed_on: Any
    token_key: int | None


@dataclass(frozen=True, slots=True)
class Frame:
    """What the mails of one digest have in common; `campaigns` in the order of their first entry."""

    digest_id: int
    language: str
    base_url: str
    campaigns: tuple[int, ...]
    message: bytes


def frame(session: Session, digest_id: int) -> Frame:
    """Read a digest as its mails need it."""
    digest = session.get_one(Digest, digest_id)
    entries = (
        select(Notice.campaign_id)
        .join(DigestEntry, col(DigestEntry.notice_id) == Notice.id)
        .where(DigestEntry.digest_id == digest_id)
        .order_by(col(DigestEntry.position))
    )
    campaigns = tuple(dict.fromkeys(session.exec(entries).all()))
    return Frame(digest_id, digest.language, digest.base_url or "", campaigns, digest.message)


def kept(session: Session, mail_id: int) -> Kept:
    """Read what is kept of a mail."""
    (row,) = fetch(session, _KEPT, mail=mail_id)
    return Kept._make(row)


def values(keys: Keys, frame: Frame, kept: Kept) -> Mapping[str, str]:
    """Fill the slots of a mail, the same at every repeat.

    Raises LookupError, ValueError or FeedsvcError when what is kept does not open.
    """
    if kept.sealed is not None:
        opened: Mapping[str, str] = orjson.loads(keys.unseal(kept.sealed, Sealed.MAIL))
        return opened
    name = kept.name_sealed and keys.unseal(kept.name_sealed, Sealed.NAME)
    key = keys.newest() if kept.token_key is None else kept.token_key
    written = links.of_digest(
        frame.base_url, keys, key, kept.signer_id, frame.digest_id, frame.campaigns
    )
    return written | {
        composer.ADDRESS: keys.unseal(kept.address_sealed or b"", Sealed.ADDRESS),
        composer.NAME: name or "",
        composer.DATE: _date(instant_of(kept.planned_at)),
        composer.SIGNED_ON: _words(kept.signed_on, frame.language),
    }


@lru_cache(maxsize=64)
def _date(planned_at: datetime) -> str:
    return format_datetime(planned_at)


@lru_cache(maxsize=4096)
def _words(day: Any, language: str) -> str:
    """Write the day of signing in words."""
    return in_words(EventDate(day_of(day)), language)
