"""Move all feeds when the configuration or the renderer is another than the one that wrote them."""

from datetime import datetime

from sqlmodel import Session

from feedsvc.domain.tables.content import Fact
from feedsvc.records import feeds
from feedsvc.records.locks import hold

FINGERPRINT = "feed fingerprint"


def configuration_moved(session: Session, fingerprint: str, now: datetime) -> bool:
    """Compare with the fingerprint of the last start; the first one is only remembered (law 10)."""
    hold(session, FINGERPRINT)
    known = session.get(Fact, FINGERPRINT)
    if known is None:
        session.add(Fact(name=FINGERPRINT, value=fingerprint.encode()))
        return False
    if known.value == fingerprint.encode():
        return False
    known.value = fingerprint.encode()
    feeds.move_all(session, now)
    return True
