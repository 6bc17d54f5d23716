"""The journal: append-only lines beside the database, which a restore replays before anything is sent."""

import os
from collections.abc import Iterable
from pathlib import Path


class Journal:
    """Lines about mails sent and people who left; keyed hashes only, never an address.

    Lines are written before the commit that they belong to, so that a killed process has written
    all that it committed; `flush` makes them survive a power cut.
    """

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, lines: Iterable[str]) -> None:
        """Append whole lines; raises OSError when the disk does not take them."""
        rest = "".join(f"{line}\n" for line in lines).encode("ascii")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def close(self) -> None:
        """Flush to the disk and let go of the file."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)
