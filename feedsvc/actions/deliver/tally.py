"""How many mails went to which group of domains on a day: what a daily cap and a warm-up look at."""

from collections import Counter
from datetime import date

from sqlmodel import Session, select

from feedsvc.domain.tables.ledger import Tally
from feedsvc.records.locks import insert


def count(session: Session, day: date, sent: Counter[bytes]) -> None:
    """Add what was sent."""
    for domain_tag, number in sorted(sent.items()):  # in order, or two workers wait for each other
        new = insert(session, Tally).values(day=day, domain_tag=domain_tag, sent=number)
        more = {"sent": Tally.sent + new.excluded.sent}
        session.execute(new.on_conflict_do_update(index_elements=["day", "domain_tag"], set_=more))


def sent_on(session: Session, day: date) -> Counter[bytes]:
    """Return how many were sent on a day, by group."""
    rows = session.exec(select(Tally.domain_tag, Tally.sent).where(Tally.day == day)).all()
    return Counter(dict(rows))
