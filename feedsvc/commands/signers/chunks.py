"""A list in chunks: each is read, checked and sealed before a transaction begins."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from feedsvc.actions.import_signers import Chunk, Verdict
from feedsvc.domain.importing.people import Person, Sealing
from feedsvc.domain.importing.rows import Reading
from feedsvc.errors import Invalid
from feedsvc.gateways.lists.records import Record, Source
from feedsvc.gateways.lists.refused import Refused

ROWS = 500
OFTEN = 8
"""A chunk has so many rows at most, and the same person so often."""


@dataclass
class _Gathered:
    """What a chunk consists of so far."""

    people: list[Person] = field(default_factory=list)
    beside: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[int, str, list[str]]] = field(default_factory=list)
    seen: Counter[bytes] = field(default_factory=Counter)

    @property
    def crowded(self) -> bool:
        """Whether somebody is in it too often."""
        return bool(self.people) and self.seen[self.people[-1].person_index] >= OFTEN


def chunks(
    source: Source, reading: Reading, sealing: Sealing, slug: str, refused: Refused
) -> Iterator[Chunk]:
    """Give the list in chunks. Refused lines of a chunk are durable before it is given out."""
    records = iter(source)
    while rows := _gather(
        records, lambda record, into: _take(source, reading, sealing, slug, record, into)
    ):
        size = refused.add(rows.refused)
        lines = source.lines
        yield Chunk(rows.people, rows.beside, lines.number, lines.place, size)
        refused.size = size


def _gather(
    records: Iterator[Record], take: Callable[[Record, _Gathered], None]
) -> _Gathered | None:
    """Gather rows for a chunk; None when the list has ended."""
    gathered, any_at_all = _Gathered(), False
    for record in islice(records, ROWS):
        any_at_all = True
        take(record, gathered)
        if gathered.crowded:
            break
    return gathered if any_at_all else None


def _take(
    source: Source, reading: Reading, sealing: Sealing, slug: str, record: Record, into: _Gathered
) -> None:
    """Read one record; one that cannot be read stops no other."""
    problem = record.problem
    if not problem:
        said = source.columns.values(record.cells)
        if (said.get("campaign") or slug).strip() != slug:
            into.beside[Verdict.ELSEWHERE] += 1
            return
        try:
            person = sealing.person(reading.row(said))
        except Invalid as error:
            problem = str(error)
        else:
            into.people.append(person)
            into.seen[person.person_index] += 1
            return
    into.beside[Verdict.REFUSED] += 1
    into.refused.append((record.line, problem, list(record.cells)))
