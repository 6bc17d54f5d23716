"""Facts about the database as a whole."""

from datetime import datetime

from sqlmodel import Session, select

from feedsvc.config import Site
from feedsvc.domain.sealing import MARK, Keys
from feedsvc.domain.tables.content import Fact
from feedsvc.errors import Misconfigured
from feedsvc.records.locks import hold


def tag_authority(session: Session, site: Site, now: datetime) -> str:
    """Return the authority of our tag: URIs (RFC 4151 2.1), fixed at its first use."""
    hold(session, "tag authority")
    fact = session.get(Fact, "tag authority")
    if fact is None:
        authority = site.tag_authority or f"{site.host},{now.year}"
        fact = Fact(name="tag authority", value=authority.encode())
        session.add(fact)
        session.flush()
    return fact.value.decode()


def recognise(session: Session, keys: Keys) -> None:
    """See that these are the keys the database was sealed with; a new one remembers them.

    Raises Misconfigured when a key is missing or another one stands in its place.
    """
    known = {fact.name: fact.value for fact in session.exec(select(Fact)).all()}
    marks = keys.marks()
    strangers = [
        name
        for name, value in known.items()
        if name.startswith(MARK) and marks.get(name) != value
    ]
    if strangers:
        raise Misconfigured(
            f"The key file does not fit this database ({', '.join(sorted(strangers))}).",
            remedy="Put back the key file that belongs to it, or set [keys] file.",
        )
    for name in marks.keys() - known.keys():
        session.add(Fact(name=name, value=marks[name]))
