"""The lines of a list, decoded one by one, with their numbers and their places in the file."""

import codecs
import io
from collections.abc import Generator
from typing import Final

from feedsvc.errors import Invalid

LONGEST: Final = 1 << 18
"""A line is at most so long; the rest of it is passed over, and it is refused."""
SNIFF: Final = 4_096
UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
SAVE: Final = (
    'Save it in UTF-8: in Excel by Save As, "CSV UTF-8 (Comma delimited)"; in LibreOffice by Save As, '
    '"Edit filter settings", character set "Unicode (UTF-8)".'
)
TOO_LONG: Final = "the line is too long"
NOT_UTF8: Final = f"is not written in UTF-8, but perhaps in Latin-1 or Windows-1252. {SAVE}"


class Lines:
    """Gives one line after the other; `number` and `place` are those of the last one.

    A byte that cannot be decoded becomes half a character, which no field takes. `record` keeps the
    lines since it was last cleared, `problem` what is wrong with one of them.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        head = file.peek(SNIFF)[:SNIFF]
        self.number = self.place = 0
        self.record: list[str] = []
        self.problem = ""
        self._file = file
        self._coding = UTF16.get(head[:2], "utf-8")
        self.place = len(file.read(len(_mark(head))))
        if self._coding == "utf-8" and b"\0" in head:
            raise Invalid("file", "is no text that we can read.", remedy=SAVE)
        self.resumed = False
        self._lines = self._begin()
        if not head[len(_mark(head)) :].strip():
            raise Invalid(
                "file", "is empty.", remedy="Look whether it was saved, and is the right one."
            )

    def go_on(self, number: int, place: int) -> None:
        """Go on behind the line of this number, which ends at this place."""
        self._lines.close()
        self._file.seek(place)
        self.number, self.place, self.resumed = number, place, True
        self._lines = self._begin()

    def __iter__(self) -> Generator[str]:
        return self._lines

    def _begin(self) -> Generator[str]:
        return self._bytes() if self._coding == "utf-8" else self._wide()

    def _bytes(self) -> Generator[str]:
        readline = self._file.readline
        while raw := readline(LONGEST):
            self.number += 1
            self.place += len(raw)
            if len(raw) == LONGEST and not raw.endswith(b"\n"):
                self._skip()
            try:
                line = raw.decode()
            except UnicodeDecodeError:
                line = raw.decode(errors="surrogateescape")
                self.problem = NOT_UTF8
            self.record.append(line)
            yield line

    def _skip(self) -> None:
        """Pass over the rest of a line that is too long."""
        self.problem = TOO_LONG
        while rest := self._file.readline(LONGEST):
            self.place += len(rest)
            if rest.endswith(b"\n"):
                return

    def _wide(self) -> Generator[str]:
        """Read UTF-16, which has two bytes for a line feed."""
        text = io.TextIOWrapper(self._file, self._coding, errors="surrogatepass", newline="\n")
        try:
            while line := text.readline(LONGEST):
                self.number += 1
                self.place += len(line.encode(self._coding, "surrogatepass"))
                self.problem = TOO_LONG if len(line) == LONGEST else self.problem
                self.record.append(line)
                yield line
        except UnicodeDecodeError as error:
            raise Invalid("file", "ends in the middle of a character.", remedy=SAVE) from error
        finally:
            if not self._file.closed:
                text.detach()


def _mark(head: bytes) -> bytes:
    """Return the byte order mark that a file begins with, if it does."""
    marks = (codecs.BOM_UTF8, *UTF16)
    return next((mark for mark in marks if head.startswith(mark)), b"")
