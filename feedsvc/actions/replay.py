"""Replay the journal on a database that is older than it: nobody who left is written to, nothing twice.

Each line is about rows that were there at its time, so replaying it again changes nothing.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from feedsvc.domain.journal import Line, Verb
from feedsvc.domain.tables.content import Campaign, Update
from feedsvc.domain.tables.ledger import (
    Delivery,
    DeliveryState,
    Digest,
    Lane,
    Mail,
    MailKind,
    MailState,
    Notice,
    Withheld,
)
from feedsvc.domain.tables.people import Ending, Reach, Signer, Subscription, Suppression
from feedsvc.gateways.database import fetch, journalled, plain
from feedsvc.records import due, erasing, facts, wiping
from feedsvc.records.locks import insert

_KNOWN = plain("""
    SELECT count(*) FROM delivery JOIN mail ON mail.id = mail_id
    WHERE delivery.signer_id = :signer AND mail.state = 'sent'
        AND notice_id IN (SELECT value FROM json_each(:notices))
""")

NEVER = "asked never to be written"


def mark(session: Session, *, now: datetime) -> None:
    """Note in journal and database that up to here they say the same."""
    number = secrets.token_bytes(8)
    facts.mark(session, number)
    journalled(session, f"{now.isoformat()} {Verb.MARK} {number.hex()}")


def replay(session: Session, lines: Sequence[Line], moved: dict[bytes, bytes]) -> int:
    """Replay some lines in their order; return how many were about somebody whom we know.

    `moved` is what earlier lines said of people who changed their address: the new hash, and the one
    that we know.
    """
    return sum(_replay(session, line, moved) for line in lines)


def _replay(session: Session, line: Line, moved: dict[bytes, bytes]) -> bool:
    if line.verb is Verb.MOVED:
        new = bytes.fromhex(line.about[0])
        moved[new] = moved.get(line.person, line.person)
        return False
    index = moved.get(line.person, line.person)
    signer = _known_then(session, index, line.at)
    match line.verb:
        case Verb.ERASED:
            _erase(session, signer, {index, line.person}, line.at)
        case Verb.NEVER:
            _never(session, signer, {index, line.person}, line.at)
        case Verb.LIFTED:
            _lift(session, {index, line.person}, line.at)
        case Verb.LEFT if signer:
            _leave(session, signer.id or 0, line)
        case Verb.RETURNED if signer:
            _return(session, signer.id or 0, line)
        case Verb.SENT if signer:
            _sent(session, signer, line)
    return signer is not None


def _known_then(session: Session, index: bytes, at: datetime) -> Signer | None:
    """Find whom a line is about; who has the address since is somebody else, or came back."""
    known = select(Signer).where(Signer.address_index == index, col(Signer.created_at) <= at)
    return session.exec(known.with_for_update()).first()


def _erase(session: Session, signer: Signer | None, indexes: set[bytes], at: datetime) -> None:
    if signer is not None:
        erasing.person(session, signer, at)
    for index in indexes:
        erasing.address(session, index, at)
    facts.owe_a_wipe(session)


def _never(session: Session, signer: Signer | None, indexes: set[bytes], at: datetime) -> None:
    if signer is not None:
        mine = col(Subscription.signer_id) == signer.id
        _end(session, mine, at)
        wiping.service_mails(session, [signer.id or 0])
    for index in indexes:
        row = insert(session, Suppression).values(
            address_index=index, reach=Reach.ALL, reason=NEVER, created_at=at
        )
        session.execute(row.on_conflict_do_nothing())


def _lift(session: Session, indexes: set[bytes], at: datetime) -> None:
    barred = select(Suppression).where(
        col(Suppression.address_index).in_(indexes),
        Suppression.reach == Reach.ALL,
        col(Suppression.lifted_at).is_(None),
        col(Suppression.created_at) <= at,
    )
    for suppression in session.exec(barred).all():
        suppression.lifted_at = at


def _leave(session: Session, signer_id: int, line: Line) -> None:
    _end(session, (col(Subscription.signer_id) == signer_id) & _of(line.about), line.at)


def _end(session: Session, theirs: ColumnElement[bool], at: datetime) -> None:
    """End the wishes of that time, and withhold what was not sent."""
    open_then = select(Subscription).where(
        theirs, col(Subscription.ended_at).is_(None), col(Subscription.created_at) <= at
    )
    ending = session.exec(open_then).all()
    for subscription in ending:
        arrival = select(Campaign.last_arrival).where(Campaign.id == subscription.campaign_id)
        subscription.end(Ending.LEFT, session.exec(arrival).one(), at)
    session.flush()
    due.withhold(session, [one.id or 0 for one in ending], Withheld.LEFT)


def _return(session: Session, signer_id: int, line: Line) -> None:
    """Take back a leave that the database knew already: a successor goes on."""
    left = select(Subscription).where(
        col(Subscription.signer_id) == signer_id,
        _of(line.about),
        Subscription.ending == Ending.LEFT,
        col(Subscription.ended_at) <= line.at,
        col(Subscription.successor_id).is_(None),
    )
    newest = {
        one.campaign_id: one for one in session.exec(left.order_by(col(Subscription.id))).all()
    }
    for campaign_id, old in newest.items():
        if not _wished(session, signer_id, campaign_id):
            _succeed(session, old, line.at)


def _wished(session: Session, signer_id: int, campaign_id: int) -> bool:
    still_open = select(Subscription.id).where(
        Subscription.signer_id == signer_id,
        Subscription.campaign_id == campaign_id,
        col(Subscription.ended_at).is_(None),
    )
    return session.exec(still_open).first() is not None


def _succeed(session: Session, old: Subscription, at: datetime) -> None:
    arrival = select(Campaign.last_arrival).where(Campaign.id == old.campaign_id)
    new = Subscription(
        signer_id=old.signer_id,
        campaign_id=old.campaign_id,
        cadence=old.cadence,
        created_at=at,
        confirmed_at=at,
        after_arrival=session.exec(arrival).one(),
        consent_source=old.consent_source,
        consent_text=old.consent_text,
        consented_at=old.consented_at,
    )
    session.add(new)
    session.flush()
    old.successor_id = new.id
    session.execute(
        update(Delivery)
        .where(
            col(Delivery.subscription_id) == old.id,
            col(Delivery.state) == DeliveryState.WITHHELD,
            col(Delivery.reason) == Withheld.LEFT,
        )
        .values(subscription_id=new.id, state=DeliveryState.WAITING, reason=None)
    )
    due.catch_up(session, new)


def _of(uids: Sequence[str]) -> ColumnElement[bool]:
    return col(Subscription.campaign_id).in_(select(Campaign.id).where(col(Campaign.uid).in_(uids)))


def _sent(session: Session, signer: Signer, line: Line) -> None:
    """Note that a mail was sent: by the mail that stands here for it, else by one that takes its place."""
    notices = _notices(session, line.about)
    if not notices or _all_sent(session, signer, notices):
        return
    signer_id = signer.id or 0
    mine = col(Delivery.signer_id) == signer_id
    named = mine & col(Delivery.notice_id).in_([notice.id for notice in notices])
    mails = {one.mail_id for one in session.exec(select(Delivery).where(named)).all()}
    if len(mails) == 1 and None not in mails and _whole(session, mails, len(notices)):
        _become_sent(session, next(iter(mails)) or 0, line.at)
        return
    unsent = [notice for notice in notices if not _is_sent(session, notice, signer_id)]
    if unsent:
        _take_place(session, signer, unsent, line.at)


def _all_sent(session: Session, signer: Signer, notices: Sequence[Notice]) -> bool:
    """Whether the database knows it all: of the lines before a crash nearly every one."""
    ids = orjson.dumps([notice.id for notice in notices]).decode()
    ((known,),) = fetch(session, _KNOWN, signer=signer.id, notices=ids)
    return bool(known == len(notices))


def _notices(session: Session, named: Sequence[str]) -> list[Notice]:
    """Find the notices that a line names; an update that was posted since is not known here."""
    found: list[Notice] = []
    for name in named:
        uid, kind, number = name.split("/")
        known = (
            select(Notice)
            .join(Update, col(Update.id) == Notice.update_id)
            .where(Update.uid == uid, Notice.kind == kind, Notice.number == int(number))
        )
        found += session.exec(known).all()
    return found


def _whole(session: Session, mails: set[int | None], notices: int) -> bool:
    """Whether a mail carries what was sent, and nothing else."""
    carried = select(Delivery.notice_id).where(col(Delivery.mail_id).in_(mails))
    return len(session.exec(carried).all()) == notices


def _become_sent(session: Session, mail_id: int, at: datetime) -> None:
    mail = session.get(Mail, mail_id, with_for_update=True)
    if mail is not None and mail.state is not MailState.SENT:
        mail.state, mail.changed_at, mail.attempts = MailState.SENT, at, mail.attempts + 1
        mail.due_at = mail.worker_id = mail.reason = mail.reply = None
        session.flush()


def _is_sent(session: Session, notice: Notice, signer_id: int) -> bool:
    by = (
        select(Mail.state)
        .join(Delivery, col(Delivery.mail_id) == Mail.id)
        .where(Delivery.notice_id == notice.id, Delivery.signer_id == signer_id)
    )
    return session.exec(by).first() is MailState.SENT


def _take_place(session: Session, signer: Signer, notices: Sequence[Notice], at: datetime) -> None:
    """Put a mail that is sent in the place of one that this database never planned."""
    signer_id = signer.id or 0
    wishes = {notice.id or 0: _wish(session, signer_id, notice) for notice in notices}
    due.put_back(session, [wish for wish in wishes.values() if wish])
    mail = Mail(
        kind=MailKind.DIGEST,
        digest_id=_empty_digest(session, at),
        signer_id=signer_id,
        lane=Lane.BULK,
        state=MailState.SENT,
        domain_tag=signer.domain_tag,
        planned_at=at,
        due_at=None,
        changed_at=at,
        attempts=1,
    )
    session.add(mail)
    session.flush()
    for notice_id, wish in wishes.items():
        if wish:
            _carry(session, notice_id, signer_id, wish, mail.id or 0)


def _wish(session: Session, signer_id: int, notice: Notice) -> int | None:
    """Find by which wish it was sent: the delivery's own, or the newest that is confirmed."""
    delivery = session.get(Delivery, (notice.id, signer_id))
    if delivery is not None:
        return delivery.subscription_id
    wishes = select(Subscription.id).where(
        Subscription.signer_id == signer_id,
        Subscription.campaign_id == notice.campaign_id,
        col(Subscription.after_arrival) < notice.arrival,
    )
    return session.exec(wishes.order_by(col(Subscription.id).desc())).first()


def _carry(session: Session, notice_id: int, signer_id: int, wish: int, mail_id: int) -> None:
    """Let a delivery be mailed; a fan-out that comes later finds it there."""
    mailed = {"state": DeliveryState.MAILED, "reason": None, "mail_id": mail_id, "due_now": False}
    row = insert(session, Delivery).values(
        notice_id=notice_id, signer_id=signer_id, subscription_id=wish, **mailed
    )
    session.execute(
        row.on_conflict_do_update(index_elements=["notice_id", "signer_id"], set_=mailed)
    )


def _empty_digest(session: Session, at: datetime) -> int:
    """Return the digest of mails of which the journal knows but their notices."""
    key = b"replayed"
    known = select(Digest.id).where(Digest.key == key)
    found = session.exec(known).first()
    if found is None:
        session.add(
            Digest(key=key, kind=MailKind.DIGEST, language="en", message=b"", composed_at=at)
        )
        session.flush()
        found = session.exec(known).one()
    return found or 0
