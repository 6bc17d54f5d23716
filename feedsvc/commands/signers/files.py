"""The file of a list on the command line: what it is called, how it is written, and its hash."""

import hashlib
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feedsvc.domain.sealing import Keys
from feedsvc.errors import Misconfigured
from feedsvc.gateways.lists.records import Form

STANDARD = Path("-")
_ENDINGS = {".json": Form.NDJSON, ".jsonl": Form.NDJSON, ".ndjson": Form.NDJSON}
_TABLES = {".csv", ".tsv", ".txt", ""}


def form_of(file: Path, asked: Form | None) -> Form:
    """Say how a list is written: as asked, else by the ending of its name."""
    ending = file.suffix.lower()
    if asked is None and file != STANDARD and ending not in {*_ENDINGS, *_TABLES}:
        raise Misconfigured(
            f"The ending of {file} does not say how it is written.",
            remedy="Save it as CSV, or say --format csv or ndjson.",
        )
    return asked or _ENDINGS.get(ending, Form.CSV)


@contextmanager
def opened(file: Path) -> Iterator[io.BufferedReader]:
    """Open a list to read it; - is standard input."""
    stream: io.BufferedReader
    if file == STANDARD:
        stream = io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False))
        yield stream
        return
    try:
        stream = io.BufferedReader(io.FileIO(file), 1 << 18)
    except OSError as error:
        raise Misconfigured(
            f"{file} cannot be read ({error.strerror}).",
            remedy="Look at its name, and whether you may read it.",
        ) from error
    with stream:
        yield stream


def size(stream: io.BufferedReader) -> int | None:
    """Return how long a list is; None when that is not known."""
    return os.fstat(stream.fileno()).st_size if stream.seekable() else None


def digest(keys: Keys, stream: io.BufferedReader, *said: object) -> bytes | None:
    """Hash a list and what was said of it; None when it can be read but once.

    The hash is keyed: from a plain one a dump could be asked who was in a short list.
    """
    if not stream.seekable():
        return None
    hashed = hashlib.file_digest(stream, "sha256")
    stream.seek(0)
    hashed.update(repr(said).encode())
    return keys.hash(hashed.hexdigest(), "list")


def refused(file: Path, *, dry_run: bool) -> Path:
    """Say where refused lines go; those of a dry run lie apart."""
    name = "standard-input" if file == STANDARD else str(file)
    return Path(f"{name}{'.dry-run' if dry_run else ''}.refused.csv")
