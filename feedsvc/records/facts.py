"""Facts about the database as a whole."""

from datetime import datetime

from sqlmodel import Session, select

from feedsvc.config import Site
from feedsvc.domain.sealing import MARK, Keys
from feedsvc.domain.tables.content import Fact
from feedsvc.errors import Misconfigured
from feedsvc.records.locks import hold

TAG_AUTHORITY = "tag authority"


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
