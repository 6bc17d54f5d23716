"""A list being written: for its owner only, and under its own name only once it is complete."""

import csv
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import orjson

from feedsvc.domain.dates import rfc3339
from feedsvc.domain.importing.cells import neutral
from feedsvc.errors import Misconfigured
from feedsvc.gateways.lists.records import Form

Write = Callable[[Sequence[Sequence[object]]], None]
"""Writes some rows; their values stand in the order of the header."""


@contextmanager
def writing(path: Path | None, form: Form, header: Sequence[str]) -> Iterator[Write]:
    """Write a list into a file, or (None) to standard output; what breaks off leaves no file."""
    if path is None:
        yield _written(sys.stdout.buffer.write, form, header)
        sys.stdout.buffer.flush()
        return
    beside = path.with_name(f".{path.name}.part")
    try:
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "wb") as file:
            os.fchmod(number, 0o600)
            yield _written(file.write, form, header)
            file.flush()
            os.fsync(number)
        beside.replace(path)
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be written ({error.strerror}).",
            remedy="Look at its folder, at your rights and at the disk.",
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def _written(write: Callable[[bytes], object], form: Form, header: Sequence[str]) -> Write:
    if form is Form.NDJSON:
        return lambda rows: _drop(write(b"".join(_object(header, row) for row in rows)))
    write(_table([header]))
    return lambda rows: _drop(write(_table([_cells(row) for row in rows])))


def _drop(_: object) -> None:
    """Nobody asks how many bytes there were."""


def _table(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cells(row: Sequence[object]) -> list[str]:
    return [neutral(str(_plain(value))) if value is not None else "" for value in row]


def _object(header: Sequence[str], row: Sequence[object]) -> bytes:
    values = zip(header, map(_plain, row), strict=True)
    return orjson.dumps(dict(values)) + b"\n"


def _plain(value: object) -> object:
    """Write an instant as text."""
    return rfc3339(value) if isinstance(value, datetime) else value
