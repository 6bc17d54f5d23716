"""Facts about the database as a whole."""

import secrets
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from feedsvc.config import Site
from feedsvc.domain.sealing import MARK, Keys
from feedsvc.domain.tables.content import Fact
from feedsvc.errors import Misconfigured
from feedsvc.records.locks import hold, on_postgresql

TAG_AUTHORITY = "tag authority"
WIPE_OWED = "wipe owed"
ROTATION = "rotation"
JOURNAL_MARK = "journal mark"


def tag_authority(session: Session, site: Site, now: datetime) -> str:
    """Return the authority of our tag: URIs (RFC 4151 2.1), fixed at its first use."""
    hold(session, TAG_AUTHORITY)
    fact = session.get(Fact, TAG_AUTHORITY)
    if fact is None:
        authority = site.tag_authority or f"{site.host},{now.year}"
        fact = Fact(name=TAG_AUTHORITY, value=authority.encode())
        session.add(fact)
        session.flush()
    return fact.value.decode()


def recognise(session: Session, keys: Keys) -> None:
    """See that these are the keys the database was sealed with; new ones are remembered."""
    for name in known(session, keys):
        session.add(Fact(name=name, value=keys.marks()[name]))


def known(session: Session, keys: Keys) -> set[str]:
    """Return the names of our keys that the database has not met yet.

    Raises Misconfigured when a key is missing or another one stands in its place.
    """
    stored = {fact.name: fact.value for fact in session.exec(select(Fact)).all()}
    marks = keys.marks()
    strangers = [
        name for name in stored if name.startswith(MARK) and marks.get(name) != stored[name]
    ]
    if strangers:
        raise Misconfigured(
            f"The key file does not fit this database ({', '.join(sorted(strangers))}).",
            remedy="Put back the key file that belongs to it, or set [keys] file.",
        )
    return marks.keys() - stored.keys()


def mark(session: Session, number: bytes) -> None:
    """Remember the newest mark in the journal: of what comes before it the database knows."""
    session.merge(Fact(name=JOURNAL_MARK, value=number))


def marked(session: Session) -> bytes | None:
    """Return the newest mark that the database knows of, or None when there never was one."""
    fact = session.get(Fact, JOURNAL_MARK)
    return fact.value if fact else None


def rotation(session: Session) -> int | None:
    """Return the key that everything is being sealed with anew, or None when that is done."""
    begun = session.get(Fact, ROTATION)
    return int(begun.value) if begun else None


def rotate(session: Session, number: int) -> None:
    """Note that everything is to be sealed with a key, until it is."""
    session.merge(Fact(name=ROTATION, value=str(number).encode()))


def rotated(session: Session) -> None:
    """Note that everything is sealed with the newest key."""
    session.execute(delete(Fact).where(col(Fact.name) == ROTATION))


def unlearn(session: Session, keys: Keys) -> None:
    """Forget the marks of keys that are not among these: nothing is sealed with them any more."""
    marks = select(Fact.name).where(col(Fact.name).startswith(MARK))
    gone = set(session.exec(marks).all()) - keys.marks().keys()
    session.execute(delete(Fact).where(col(Fact.name).in_(gone)))


def owe_a_wipe(session: Session) -> None:
    """Note that somebody was erased, whose bytes are still in the log of the database (SQLite)."""
    if not on_postgresql(session):
        session.merge(Fact(name=WIPE_OWED, value=secrets.token_bytes(8)))


def wipe_owed(session: Session) -> bytes | None:
    """Return the newest erasure after which the log of the database was not wiped, or None."""
    owed = session.get(Fact, WIPE_OWED)
    return owed.value if owed else None


def wiped(session: Session, owed: bytes) -> None:
    """Note that the log was wiped, unless somebody was erased since `owed` was read."""
    mine = (col(Fact.name) == WIPE_OWED, col(Fact.value) == owed)
    session.execute(delete(Fact).where(*mine))
