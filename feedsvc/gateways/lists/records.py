"""The records of a list: the header, then one after the other what each says, or why it cannot."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from io import BufferedReader
from typing import Final, NamedTuple, Protocol

import orjson

from feedsvc.domain.importing.cells import bare
from feedsvc.domain.importing.columns import Columns
from feedsvc.errors import Invalid
from feedsvc.gateways.lists.lines import SAVE, Lines

DELIMITERS: Final = ",;\t"


class Form(StrEnum):
    """How a list is written."""

    CSV = "csv"
    NDJSON = "ndjson"


class Record(NamedTuple):
    """One record: the number of its first line, its cells, and what is wrong with it, if anything."""

    line: int
    cells: Sequence[str]
    problem: str = ""


class Source(Protocol):
    """A list that is being read."""

    lines: Lines
    columns: Columns

    def __iter__(self) -> Iterator[Record]:
        """Give one record after the other."""
        ...


def read(file: BufferedReader, form: Form, told: Mapping[str, str]) -> Source:
    """Begin to read a list; raises Invalid when it is none, or names no address."""
    return _Csv(Lines(file), told) if form is Form.CSV else _Ndjson(Lines(file), told)


class _Csv:
    """A table: a header, then a record a line, or more where a cell in quotation marks has breaks."""

    def __init__(self, lines: Lines, told: Mapping[str, str]) -> None:
        self.lines = lines
        first = next(iter(lines), "")
        if not first.isprintable() and not first.rstrip("\r\n").replace("\t", "").isprintable():
            raise Invalid("file", "does not begin with a header that we can read.", remedy=SAVE)
        self._delimiter = max(DELIMITERS, key=first.count)
        self._whole = first
        self.columns = Columns(self._header(first), told)

    def _header(self, first: str) -> list[str]:
        try:
            return [name.strip() for name in next(csv.reader([first], delimiter=self._delimiter))]
        except (csv.Error, StopIteration) as error:
            raise Invalid("file", "has no header.", remedy="Name the columns in line 1.") from error

    def __iter__(self) -> Iterator[Record]:
        lines, width = self.lines, len(self.columns.header)
        table = csv.reader(iter(lines), delimiter=self._delimiter, strict=True)
        while True:
            begins = lines.number + 1
            lines.record.clear()
            try:
                cells = next(table)
            except StopIteration:
                return
            except csv.Error:
                yield from self._torn(begins)
                continue
            if "'" in lines.record[0]:
                cells = list(map(bare, cells))
            if lines.problem:
                problem, lines.problem = lines.problem, ""
                yield Record(begins, cells, problem)
            elif len(cells) == width or (len(cells) > width and not any(cells[width:])):
                yield Record(begins, cells)
            elif cells:
                yield Record(begins, cells, f"has {len(cells)} cells; the header has {width}")

    def _torn(self, begins: int) -> Iterator[Record]:
        """Give each line of a record that does not end as it should, so that all can be mended."""
        why = f"a quotation mark in line {begins} is not closed, or stands within a cell"
        self.lines.problem = ""
        for number, line in enumerate(self.lines.record, begins):
            cells = line.rstrip("\r\n").split(self._delimiter)
            yield Record(number, list(map(bare, cells)), why)


class _Ndjson:
    """An object a line; the first one says what there is, and later ones may say less or more."""

    def __init__(self, lines: Lines, told: Mapping[str, str]) -> None:
        self.lines = lines
        self._first = next((line for line in lines if line.strip()), "")
        self.columns = Columns(list(self._object(self._first) or ()), told)

    def __iter__(self) -> Iterator[Record]:
        if self._first and not self.lines.resumed:
            yield self._record(self._first)
        for line in self.lines:
            self.lines.record.clear()
            if line.strip():
                yield self._record(line)

    def _record(self, line: str) -> Record:
        number, found = self.lines.number, self._object(line)
        if self.lines.problem:
            problem, self.lines.problem = self.lines.problem, ""
            return Record(number, [line], problem)
        if found is None:
            return Record(number, [line], "is no JSON object")
        if more := found.keys() - set(self.columns.header):
            return Record(number, [line], f"has a field that line 1 has not: {', '.join(more)}")
        return Record(number, [_cell(found.get(name)) for name in self.columns.header])

    def _object(self, line: str) -> dict[str, object] | None:
        try:
            found = orjson.loads(line)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


def _cell(value: object) -> str:
    """Write a value as a cell of a table would have it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else str(value)
