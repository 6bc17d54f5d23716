"""The file of refused lines: what they were and why, to be mended and imported again."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from feedsvc.domain.importing.cells import neutral
from feedsvc.errors import Misconfigured

REASON_LIMIT = 300


class Refused:
    """Adds refused lines to a file that only its owner reads; there is none while none was refused.

    `size` is what of it is settled: with the same chunk of the import it is made durable.
    """

    def __init__(self, path: Path, header: Sequence[str], size: int = 0) -> None:
        self.path = path
        self.size = min(size, path.stat().st_size) if path.exists() else 0
        self._header = ["line", "reason", *header]
        self._file: BinaryIO | None = None
        if path.exists():
            with _translated(path), path.open("r+b") as file:
                file.truncate(self.size)
            if not self.size:
                path.unlink()

    def add(self, lines: Sequence[tuple[int, str, Sequence[str]]]) -> int:
        """Add lines behind the settled ones; return how long the file is then, once they are durable."""
        if not lines:
            return self.size
        with _translated(self.path):
            file = self._opened()
            file.seek(self.size)
            file.truncate()
            file.write(self._written(lines))
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _opened(self) -> BinaryIO:
        if self._file is None:
            number = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            os.fchmod(number, 0o600)
            self._file = os.fdopen(number, "r+b")
        return self._file

    def _written(self, lines: Sequence[tuple[int, str, Sequence[str]]]) -> bytes:
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\r\n")
        if not self.size:
            writer.writerow(map(neutral, self._header))
        for number, reason, cells in lines:
            writer.writerow([number, reason[:REASON_LIMIT], *map(neutral, cells)])
        return _bytes(table.getvalue())


def _bytes(text: str) -> bytes:
    """Give back bytes that could not be decoded as they were."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace")


class _translated:  # noqa: N801  reads as a statement
    """Say what keeps the file from being written, and what to do."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise Misconfigured(
                f"Refused lines cannot be kept in {self._path} ({error.strerror}).",
                remedy="Make its folder writable, or copy the list to where you may write.",
            ) from error
