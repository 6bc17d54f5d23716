"""Replay what was sent: there are as many lines as mails, so the statements are spelled out.

The journal is SQLite's companion, so they speak to SQLite only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlmodel import Session, col, select

from feedsvc.domain.journal import Line
from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.ledger import Digest, MailKind, Notice
from feedsvc.gateways.database import execute, fetch, plain
from feedsvc.records import due

_SIGNER = plain(
    "SELECT id, domain_tag FROM signer WHERE address_index = :person AND created_at <= :at"
)
_STANDING = plain("""
    SELECT notice_id, subscription_id, mail_id, mail.state,
        (SELECT count(*) FROM delivery AS other WHERE other.mail_id = delivery.mail_id)
    FROM delivery LEFT JOIN mail ON mail.id = mail_id
    WHERE delivery.signer_id = :signer AND notice_id IN (SELECT value FROM json_each(:notices))
""")
_SENT = plain("""
    UPDATE mail SET state = 'sent', changed_at = :at, attempts = attempts + 1,
        due_at = NULL, worker_id = NULL, reason = NULL, reply = NULL
    WHERE id = :mail
""")
_WISH = plain("""
    SELECT id FROM subscription
    WHERE signer_id = :signer AND campaign_id = :campaign AND after_arrival < :arrival
    ORDER BY id DESC LIMIT 1
""")
_MAIL = plain("""
    INSERT INTO mail (
        kind, digest_id, signer_id, lane, state, domain_tag,
        planned_at, due_at, changed_at, attempts, alone, crashes, rebuffs, retried
    ) VALUES (
        'digest', :digest, :signer, 'b', 'sent', :domain_tag, :at, NULL, :at, 1, 0, 0, 0, 0
    ) RETURNING id
""")
_CARRIED = plain("""
    INSERT INTO delivery (notice_id, signer_id, subscription_id, state, mail_id, due_now)
    VALUES (:notice, :signer, :wish, 'mailed', :mail, 0)
    ON CONFLICT (notice_id, signer_id) DO UPDATE
    SET state = 'mailed', reason = NULL, mail_id = :mail, due_now = 0
""")


class Carried(NamedTuple):
    """A notice that a line names and this database knows."""

    id: int
    campaign_id: int
    arrival: int


@dataclass
class Known:
    """What was looked up once for many lines. `moved`: a hash of who moved, and those of before."""

    moved: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    notices: dict[tuple[str, ...], list[Carried]] = field(default_factory=dict)
    digest: int = 0

    def hashes(self, person: bytes) -> tuple[bytes, ...]:
        """Give every hash of a person, the newest first: this database may know any of them."""
        return (person, *self.moved.get(person, ()))


def sent(session: Session, hashes: Sequence[bytes], line: Line, known: Known) -> bool:
    """Note that a mail was sent: by the mail that stands here for it, else by one in its place.

    An update that was posted since is not known here, and neither is who signed up since.
    """
    notices = _notices(session, line.about, known)
    found = (fetch(session, _SIGNER, person=person, at=line.at) for person in hashes)
    signers = next(filter(None, found), None)
    if not notices or not signers:
        return False
    ((signer_id, domain_tag),) = signers
    asked = orjson.dumps([notice.id for notice in notices]).decode()
    standing = fetch(session, _STANDING, signer=signer_id, notices=asked)
    if len(standing) == len(notices) and all(state == "sent" for *_, state, _ in standing):
        return True
    mails = {(mail_id, carried) for _, _, mail_id, _, carried in standing}
    if (
        len(standing) == len(notices)
        and len(mails) == 1
        and mails <= {(standing[0][2], len(notices))}
    ):
        execute(session, _SENT, mail=standing[0][2], at=line.at)
    else:
        _take_place(session, signer_id, domain_tag, notices, standing, line.at, known)
    return True


def _notices(session: Session, named: tuple[str, ...], known: Known) -> list[Carried]:
    if named not in known.notices:
        known.notices[named] = [one for name in named for one in _notice(session, name)]
    return known.notices[named]


def _notice(session: Session, name: str) -> list[Carried]:
    uid, kind, number = name.split("/")
    found = session.exec(
        select(Notice.id, Notice.campaign_id, Notice.arrival)
        .join(Update, col(Update.id) == Notice.update_id)
        .where(Update.uid == uid, Notice.kind == kind, Notice.number == int(number))
    ).all()
    return [Carried(notice or 0, campaign, arrival) for notice, campaign, arrival in found]


def _take_place(
    session: Session,
    signer_id: int,
    domain_tag: bytes,
    notices: Sequence[Carried],
    standing: Sequence[Any],
    at: datetime,
    known: Known,
) -> None:
    """Put a mail that is sent in the place of those that this database planned, or never did."""
    wishes = {notice: wish for notice, wish, *_ in standing}
    done = {notice for notice, _, _, state, _ in standing if state == "sent"}
    if planned := [wish for _, wish, mail_id, state, _ in standing if mail_id and state != "sent"]:
        due.put_back(session, planned)
        session.flush()
    mail_id = None
    for notice in notices:
        wish = wishes.get(notice.id) or _wish(session, signer_id, notice)
        if wish and notice.id not in done:
            mail_id = mail_id or _mail(session, signer_id, domain_tag, at, known)
            execute(session, _CARRIED, notice=notice.id, signer=signer_id, wish=wish, mail=mail_id)


def _wish(session: Session, signer_id: int, notice: Carried) -> int | None:
    """Find by which wish it was sent where there is no delivery yet: the newest that had begun."""
    asked = {"campaign": notice.campaign_id, "arrival": notice.arrival}
    found = fetch(session, _WISH, signer=signer_id, **asked)
    return int(found[0][0]) if found else None


def _mail(session: Session, signer_id: int, domain_tag: bytes, at: datetime, known: Known) -> int:
    known.digest = known.digest or _empty_digest(session, at)
    about = {"digest": known.digest, "signer": signer_id, "domain_tag": domain_tag}
    ((mail_id,),) = fetch(session, _MAIL, **about, at=at)
    return int(mail_id)


def _empty_digest(session: Session, at: datetime) -> int:
    """Return the digest of mails of which the journal knows but their notices."""
    key = b"replayed"
    known = select(Digest.id).where(Digest.key == key)
    found = session.exec(known).first()
    if found is None:
        fields = {"kind": MailKind.DIGEST, "language": "en", "message": b"", "composed_at": at}
        session.add(Digest.model_validate({"key": key} | fields))
        session.flush()
        found = session.exec(known).one()
    return found or 0
