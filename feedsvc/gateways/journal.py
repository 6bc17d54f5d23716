"""The journal: append-only lines beside the database, which a restore replays before anything is sent."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from feedsvc.domain import journal
from feedsvc.domain.journal import FOR_EVER, Line, Verb

KEPT = timedelta(days=90)
BLOCK = 1 << 20
LONGEST = 200
"""More bytes than the line of a mark has."""


class Journal:
    """Lines about mails sent and people who left; keyed hashes only, never an address.

    Lines are written before the commit that they belong to, so that a killed process has written
    all that it committed; `flush` makes them survive a power cut. Whoever writes or trims holds the
    write lock of the database, so nobody does it at the same time.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._trimmed: object = None
        self._open()
        if self._size() and self._read(self._size() - 1, 1) != b"\n":
            os.write(self._descriptor, b"\n")  # a line that was torn ends here, and spoils no other

    def write(self, lines: Iterable[str]) -> None:
        """Append whole lines; raises OSError when the disk does not take them."""
        self._follow()
        rest = "".join(f"{line}\n" for line in lines).encode("ascii")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def marked(self) -> bool:
        """Whether the last line is a mark: nothing has happened since."""
        self._follow()
        size = self._size()
        last = self._read(max(0, size - LONGEST), LONGEST).decode("ascii", "replace").splitlines()
        line = journal.read(last[-1]) if last else None
        return not size or (line is not None and line.verb is Verb.MARK)

    def after(self, mark: bytes) -> Iterator[Line]:
        """Give the lines after a mark, or all when it is not there; torn ones are passed by."""
        self._follow()
        with self.file.open("rb") as lines:
            lines.seek(self._place(mark))
            for text in lines:
                line = journal.read(text.decode("ascii", "replace"))
                if line is not None:
                    yield line

    def trimmer(self, now: datetime) -> "Trimmer | None":
        """Begin to trim, at most once a day; the rest is done under the write lock."""
        if self._trimmed == now.date():
            return None
        self._trimmed = now.date()
        return Trimmer(self.file, now - KEPT)

    def close(self) -> None:
        """Flush to the disk and let go of the file."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open(self.file, flags, 0o600)

    def _follow(self) -> None:
        """Go on in the file that stands there now: another process may have trimmed it."""
        try:
            there = self.file.stat().st_ino
        except FileNotFoundError:
            there = 0
        if there != os.fstat(self._descriptor).st_ino:
            self.close()
            self._open()

    def _size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def _read(self, start: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, start)

    def _place(self, mark: bytes) -> int:
        """Return where the lines after a mark begin, looking from the end; 0 when it is not there."""
        wanted = f" {Verb.MARK} {mark.hex()}\n".encode("ascii")
        end = self._size()
        while end > 0:
            start = max(0, end - BLOCK)
            found = self._read(start, end - start + len(wanted)).rfind(wanted)
            if found >= 0:
                return start + found + len(wanted)
            end = start
        return 0


class Trimmer:
    """Copies what is kept of a journal: the old part at leisure, the rest when it is swapped in."""

    def __init__(self, file: Path, before: datetime) -> None:
        self._file = file
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        self._copy, self._name = os.fdopen(descriptor, "wb"), Path(name)
        with file.open("rb") as lines:
            self._read = 0
            self._copy.writelines(_kept(self._whole(lines), before))

    def _whole(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Give the lines that are whole; one that is just being written is left to the swap."""
        for text in lines:
            if not text.endswith(b"\n"):
                return
            self._read += len(text)
            yield text

    def swap(self) -> None:
        """Put the copy in place of the journal; the caller holds the write lock of the database."""
        with self._file.open("rb") as lines, self._copy:
            lines.seek(self._read)
            self._copy.write(lines.read())
            self._copy.flush()
            os.fsync(self._copy.fileno())
        self._name.replace(self._file)


def _kept(texts: Iterable[bytes], before: datetime) -> Iterator[bytes]:
    """Give the lines that are kept; an old mark stays where the next of them comes after it.

    So the newest mark always stays: without it the whole journal would be replayed.
    """
    mark = b""
    for text in texts:
        line = journal.read(text.decode("ascii", "replace"))
        if line is None:
            continue
        if line.verb in FOR_EVER or line.at >= before:
            yield mark + text
            mark = b""
        elif line.verb is Verb.MARK:
            mark = text
    yield mark
