"""Putting mails in the queue: a digest found or composed, and a sealed snapshot for each signer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
import sqlalchemy
from sqlmodel import Session, col, select

from feedsvc.domain.digest import Line, digest_key
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.ledger import Digest, DigestEntry, Lane, Mail, MailKind, MailState
from feedsvc.records.locks import insert


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
    rows = [
        {
            "kind": kind,
            "digest_id": draft.digest_id,
            "signer_id": draft.signer_id,
            "lane": Lane.BULK if kind is MailKind.DIGEST else Lane.SERVICE,
            "state": MailState.QUEUED,
            "sealed": keys.seal(orjson.dumps(draft.values).decode(), Sealed.MAIL),
            "domain_tag": draft.domain_tag,
            "planned_at": now,
            "due_at": now,
            "changed_at": now,
        }
        for draft in drafts
    ]
    insertion = sqlalchemy.insert(Mail.__table__).returning(  # type: ignore[attr-defined]  # SQLModel hides the table
        col(Mail.id), sort_by_parameter_order=True
    )
    return session.execute(insertion, rows).scalars().all()


def digest(
    session: Session,
    kind: MailKind,
    language: str,
    lines: Sequence[Line],
    fingerprint: str,
    compose: Callable[[], bytes],
    now: datetime,
) -> int:
    """Return the digest of these lines, composing it if nobody has yet."""
    key = digest_key(kind, language, lines, fingerprint)
    known = select(Digest.id).where(Digest.key == key)
    found = session.exec(known).first()
    if found is not None:
        return found
    values = {"kind": kind, "language": language, "message": compose(), "composed_at": now}
    new = insert(session, Digest).values(key=key, **values).on_conflict_do_nothing()
    made = session.execute(new.returning(col(Digest.id))).scalar()
    if made is None:
        return session.exec(known).one()  # type: ignore[return-value]  # never null
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
