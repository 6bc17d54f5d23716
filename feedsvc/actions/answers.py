"""Do what a request asks once, and repeat the answer to whoever repeats it (Idempotency-Key)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from feedsvc.domain.tables.staff import Answer
from feedsvc.errors import Conflict, Invalid
from feedsvc.records.locks import insert, on_postgresql

PATIENCE = "5s"
LOCK_NOT_AVAILABLE = "55P03"
UNANSWERED = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A request that may come again: whose it is, where it went, its key, and what it said."""

    staff_key_id: int
    path: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered."""

    status: int
    body: bytes


def once(
    session: Session, claim: Claim, act: Callable[[Session], Reply], *, now: datetime
) -> Reply:
    """Run `act` and keep its answer; when there is one already, return that and run nothing.

    Answer and work are one transaction: an error takes the claim back with everything else.
    Raises Conflict when a rival holds the claim for longer than five seconds, Invalid when the
    key came before with another body.
    """
    if not _claimed(session, claim, now):
        return _earlier(session, claim)
    reply = act(session)
    answer = session.exec(_answer(claim)).one()
    answer.status, answer.body = reply.status, reply.body
    return reply


def _claimed(session: Session, claim: Claim, now: datetime) -> bool:
    """Put the claim down; on PostgreSQL a rival waits here for the first to end."""
    row = {
        "staff_key_id": claim.staff_key_id,
        "path": claim.path,
        "key": claim.key,
        "request_hash": claim.request_hash,
        "status": UNANSWERED,
        "body": b"",
        "created_at": now,
    }
    statement = insert(session, Answer).values(row).on_conflict_do_nothing()
    _patience(session, PATIENCE)
    try:
        made = session.execute(statement.returning(col(Answer.key))).first()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise Conflict(
            "The same request is still being worked on.",
            remedy="Send it again in a few seconds, with the same Idempotency-Key.",
        ) from error
    _patience(session, "0")
    return made is not None


def _patience(session: Session, span: str) -> None:
    if on_postgresql(session):
        session.execute(text("SELECT set_config('lock_timeout', :span, true)"), {"span": span})


def _earlier(session: Session, claim: Claim) -> Reply:
    answer = session.exec(_answer(claim)).one()
    if answer.request_hash != claim.request_hash:
        raise Invalid(
            "Idempotency-Key",
            "came before, with another body.",
            remedy="Use a new key for a new request; repeat a request as it was.",
        )
    return Reply(answer.status, answer.body)


def _answer(claim: Claim) -> SelectOfScalar[Answer]:
    return select(Answer).where(
        Answer.staff_key_id == claim.staff_key_id,
        Answer.path == claim.path,
        Answer.key == claim.key,
    )
