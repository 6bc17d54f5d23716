"""How much came lately from one network, or goes to everybody: a row each, held while it is looked at."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from feedsvc.domain.buckets import Allowance
from feedsvc.domain.tables.doors import Bucket
from feedsvc.records.locks import insert

EVERYBODY = b"everybody"


def turn(session: Session, tag: bytes, allowance: Allowance, now: datetime) -> datetime:
    """Return when the next may go, and keep others from asking until this transaction ends."""
    return allowance.turn(_held(session, tag, now).full_until, now)


def take(session: Session, tag: bytes, allowance: Allowance, now: datetime) -> None:
    """Take the turn."""
    bucket = _held(session, tag, now)
    bucket.full_until = allowance.after(bucket.full_until, now)


def forget_dry(session: Session, now: datetime) -> None:
    """Forget the networks of which nothing is left to know."""
    session.execute(delete(Bucket).where(col(Bucket.full_until) <= now))


def _held(session: Session, tag: bytes, now: datetime) -> Bucket:
    fresh = insert(session, Bucket).values(tag=tag, full_until=now)
    session.execute(fresh.on_conflict_do_nothing())
    return session.exec(select(Bucket).where(Bucket.tag == tag).with_for_update()).one()
