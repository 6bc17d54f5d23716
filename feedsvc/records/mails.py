"""Putting mails in the queue: a digest found or composed; service mails with their values sealed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import bindparam, text
from sqlmodel import Session, col

from feedsvc.domain.digest import Line, digest_key
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.ledger import Digest, DigestEntry, Lane, Mail, MailKind
from feedsvc.gateways.database import fetch, plain
from feedsvc.records.locks import insert, on_postgresql

_QUEUED = text("""
    INSERT INTO mail (
        id, kind, digest_id, signer_id, lane, state, domain_tag,
        planned_at, due_at, changed_at, attempts, alone, crashes, rebuffs, retried
    ) VALUES (
        :id, :kind, :digest_id, :signer_id, :lane, 'queued', :domain_tag,
        :now, :now, :now, 0, false, 0, 0, false
    )
""").bindparams(bindparam("now", type_=Mail.__table__.c.planned_at.type))  # type: ignore[attr-defined]  # SQLModel hides the table
_KEPT = text("INSERT INTO snapshot (mail_id, sealed) VALUES (:id, :sealed)")
"""Spelled out: preparing every value of every row costs more than storing them."""

_LAST = plain("SELECT coalesce(max(id), 0) FROM mail")
_COMPOSED = plain('SELECT id FROM digest WHERE "key" = :key')


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail about to be queued; `values` fill the slots of its digest, now and at any repeat."""

    digest_id: int
    signer_id: int
    domain_tag: bytes
    values: Mapping[str, str]


def queue(
    session: Session, keys: Keys, kind: MailKind, drafts: Sequence[Draft], now: datetime
) -> Sequence[int]:
    """Queue mails and return their ids, in the order of `drafts`."""
    if not drafts:
        return []
    ids = numbers(session, len(drafts))
    lane = Lane.BULK if kind is MailKind.DIGEST else Lane.SERVICE
    common = {"kind": kind.value, "lane": lane.value, "now": now}
    rows = [
        common
        | {
            "id": number,
            "digest_id": draft.digest_id,
            "signer_id": draft.signer_id,
            "sealed": keys.seal(orjson.dumps(draft.values).decode(), Sealed.MAIL),
            "domain_tag": draft.domain_tag,
        }
        for number, draft in zip(ids, drafts, strict=True)
    ]
    session.execute(_QUEUED, rows)
    session.execute(_KEPT, rows)
    return ids


def numbers(session: Session, count: int) -> Sequence[int]:
    """Take the next numbers for mails: an INSERT that returns them would go row by row.

    SQLite has one writer, and no mail is ever deleted.
    """
    if on_postgresql(session):
        numbers = "SELECT nextval(pg_get_serial_sequence('mail', 'id')) FROM generate_series(1, :n)"
        return session.execute(text(numbers), {"n": count}).scalars().all()
    [(last,)] = fetch(session, _LAST)
    return range(last + 1, last + 1 + count)


def digest(
    session: Session,
    kind: MailKind,
    language: str,
    lines: Sequence[Line],
    fingerprint: str,
    compose: Callable[[], bytes],
    now: datetime,
    *,
    base_url: str | None = None,
    discreet: bool = False,
) -> int:
    """Return the digest of these lines, composing it if nobody has yet.

    `base_url` is where the links lead that are made when its mails are opened.
    """
    key = digest_key(kind, language, lines, fingerprint, discreet=discreet)
    for (known,) in fetch(session, _COMPOSED, key=key):
        return int(known)
    values = {"kind": kind, "language": language, "message": compose(), "composed_at": now}
    new = insert(session, Digest).values(key=key, base_url=base_url, discreet=discreet, **values)
    made = session.execute(new.on_conflict_do_nothing().returning(col(Digest.id))).scalar()
    if made is None:  # another machine has composed it meanwhile
        [(made,)] = fetch(session, _COMPOSED, key=key)
        return int(made)
    if kind is MailKind.DIGEST:
        _entries(session, made, lines)
    return int(made)


def _entries(session: Session, digest_id: int, lines: Sequence[Line]) -> None:
    for position, (notice_id, revision_id, language) in enumerate(lines):
        session.add(
            DigestEntry(
                digest_id=digest_id,
                position=position,
                notice_id=notice_id,
                revision_id=revision_id,
                language=language,
            )
        )
    session.flush()
