"""One chunk of a list: judged, stored and remembered in one transaction."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from feedsvc.actions.import_signers.judge import Changes, Verdict, judge
from feedsvc.actions.import_signers.known import known
from feedsvc.actions.import_signers.runs import Chunk, Run, advance
from feedsvc.actions.import_signers.store import store
from feedsvc.config import DigestSettings
from feedsvc.domain.importing.people import Person
from feedsvc.domain.tables.people import Signer
from feedsvc.gateways.database import fetch, plain
from feedsvc.records.numbers import numbers

_HELD = plain(
    "SELECT last_arrival FROM campaign WHERE id = :campaign %(held)s",
    held=("", "FOR NO KEY UPDATE"),
)
"""Holds the campaign: what arrives next is heard of by all who are confirmed here."""

SHORT = 8
"""So much of an index tells people of one list apart."""


def take(
    session: Session,
    run: Run,
    chunk: Chunk,
    *,
    digest: DigestSettings,
    gap: timedelta,
    now: datetime,
) -> Run:
    """Take a chunk in, and remember that it was; raises Conflict when somebody else did."""
    turn = max(now, run.asked_until + gap) if run.asked_until else now
    counts = Counter(chunk.beside)
    for people in _each_once(chunk.people):
        verdicts, changes = _judged(session, run, people, turn, gap, now)
        ((arrival,),) = fetch(session, _HELD, campaign=run.campaign_id)
        store(session, run.campaign_id, arrival, changes, digest)
        counts.update(verdicts)
        turn = changes.turn
    asked_until = turn - gap if counts[Verdict.ASKED] else run.asked_until
    return advance(session, run, chunk, counts, asked_until)


def foretell(session: Session, run: Run, chunk: Chunk, seen: set[bytes], *, now: datetime) -> Run:
    """Say what would become of a chunk, and store nothing; `seen` are those of earlier ones."""
    counts = Counter(chunk.beside)
    first = [
        one for one in next(_each_once(chunk.people), []) if one.person_index[:SHORT] not in seen
    ]
    verdicts, _ = _judged(session, run, first, now, timedelta(), now)
    counts.update(verdicts)
    counts[Verdict.UNCHANGED] += len(chunk.people) - len(first)
    seen.update(one.person_index[:SHORT] for one in first)
    return replace(run, lines=chunk.lines, place=chunk.place, counts=run.counts + counts)


def _each_once(people: Sequence[Person]) -> Iterator[list[Person]]:
    """Give the people in rounds: who is there twice comes again when the first row is stored."""
    while people:
        if len({one.person_index for one in people}) == len(people):
            yield list(people)
            return
        first: dict[bytes, Person] = {}
        again = [one for one in people if first.setdefault(one.person_index, one) is not one]
        yield list(first.values())
        people = again


def _judged(
    session: Session, run: Run, people: list[Person], turn: datetime, gap: timedelta, now: datetime
) -> tuple[list[Verdict], Changes]:
    found = known(session, run.campaign_id, people)
    unknown = sum(person.person_index not in found.signers for person in people)
    changes = Changes(now, numbers(session, Signer, unknown)[::-1], turn, gap)
    return [judge(person, found, changes) for person in people], changes
