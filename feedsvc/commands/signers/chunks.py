"""A list in chunks: each is read, checked and sealed before a transaction begins.

A window is what is read at once. Its people are given out in the order of their hashes: neighbours
lie on the same pages of an index, so that a chunk changes few of them. Who is to be asked to confirm
comes after the others, in the order of the list.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from feedsvc.actions.import_signers import Verdict
from feedsvc.domain.importing.people import Person, Sealing
from feedsvc.domain.importing.rows import Reading, Standing
from feedsvc.errors import Invalid
from feedsvc.gateways.lists.lines import Lines
from feedsvc.gateways.lists.records import Record, Source

ROWS = 600
OFTEN = 8
"""A chunk has so many rows at most, and the same person so often."""
WINDOW = 40_000
SPAN = 1 << 23
"""A window has so many rows at most, and about so many bytes."""

RefusedLine = tuple[int, str, list[str]]


class Part(NamedTuple):
    """A chunk: `stored` people of its window are in with it, and the list was read up to `place`.

    With the last one of a window, `stored` is 0 and the rest of what was read comes along.
    """

    people: Sequence[Person]
    lines: int
    place: int
    stored: int
    beside: Counter[str]
    refused: Sequence[RefusedLine] = ()


@dataclass
class _Window:
    """What a window consists of so far."""

    sure: list[Person] = field(default_factory=list)
    asked: list[Person] = field(default_factory=list)
    beside: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedLine] = field(default_factory=list)

    def add(self, person: Person) -> None:
        """Take a person up."""
        asked = person.consent is None or person.common.standing is Standing.PENDING
        (self.asked if asked else self.sure).append(person)

    def people(self) -> list[Person]:
        """Give the people in the order in which they are stored."""
        return [*sorted(self.sure, key=attrgetter("person_index")), *self.asked]


def windows(
    source: Source, reading: Reading, sealing: Sealing, slug: str, begins: tuple[int, int, int]
) -> Iterator[Iterator[Part]]:
    """Give the list window after window; `begins` says the line, the place, and who is in already."""
    records = iter(source)
    lines, place, stored = begins
    take = _taking(source, reading, sealing, slug)
    while window := _gather(records, take, source.lines, place + SPAN):
        ends = source.lines.number, source.lines.place
        yield _parts(window, (lines, place, stored), ends)
        (lines, place), stored = ends, 0


def _gather(
    records: Iterator[Record], take: Callable[[Record, _Window], None], lines: Lines, until: int
) -> _Window | None:
    """Gather rows for a window; None when the list has ended."""
    window, any_at_all = _Window(), False
    for record in islice(records, WINDOW):
        any_at_all = True
        take(record, window)
        if lines.place >= until:
            break
    return window if any_at_all else None


def _parts(window: _Window, begins: tuple[int, int, int], ends: tuple[int, int]) -> Iterator[Part]:
    """Cut what is not stored of a window into chunks."""
    lines, place, stored = begins
    *most, last = _cut(window.people()[stored:])
    for people in most:
        stored += len(people)
        yield Part(people, lines, place, stored, Counter())
    yield Part(last, *ends, 0, window.beside, window.refused)


def _cut(people: list[Person]) -> Iterator[list[Person]]:
    """Cut people into chunks in which nobody is too often; there is one at least."""
    begun, often = 0, Counter[bytes]()
    for place, person in enumerate(people):
        if place - begun == ROWS or often[person.person_index] == OFTEN:
            yield people[begun:place]
            begun, often = place, Counter()
        often[person.person_index] += 1
    yield people[begun:]


def _taking(
    source: Source, reading: Reading, sealing: Sealing, slug: str
) -> Callable[[Record, _Window], None]:
    """Return what reads one record; one that cannot be read stops no other."""
    values, read, seal = source.columns.values, reading.row, sealing.person

    def take(record: Record, into: _Window) -> None:
        problem = record.problem
        if not problem:
            said = values(record.cells)
            if (said.get("campaign") or slug).strip() != slug:
                into.beside[Verdict.ELSEWHERE] += 1
                return
            try:
                into.add(seal(read(said)))
            except Invalid as error:
                problem = str(error)
            else:
                return
        into.beside[Verdict.REFUSED] += 1
        into.refused.append((record.line, problem, list(record.cells)))

    return take
