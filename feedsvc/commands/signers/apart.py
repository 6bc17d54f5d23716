"""A long list is read by a process of its own, so that one window is read while another is stored.

It ends when nobody listens any more, so also when we are killed.
"""

import gc
import multiprocessing
import pickle
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path

from feedsvc.commands.signers import files
from feedsvc.commands.signers.chunks import Part, windows
from feedsvc.domain.importing.people import Sealing
from feedsvc.domain.importing.rows import Reading
from feedsvc.errors import FeedsvcError, Misconfigured, Unavailable
from feedsvc.gateways import keyfile
from feedsvc.gateways.lists import records
from feedsvc.gateways.lists.records import Form, Source

LONG = 1 << 18
"""From so many bytes on another process is worth its start, of a second or two."""
AGAIN = "Run the same command again, and it goes on where it was."
_ANEW = multiprocessing.get_context("spawn")  # a fork would hold our locks, and nobody to let go


@dataclass(frozen=True)
class Listing:
    """A list, and all that it takes to read it; `begins` as in `windows`."""

    file: Path
    form: Form
    told: Mapping[str, str]
    reading: Reading
    keys: Path
    slug: str
    begins: tuple[int, int, int]

    def parts(self, source: Source) -> Iterator[Part]:
        """Read the list here."""
        sealing = Sealing(keyfile.read(keyfile.place(self.keys)))
        for window in windows(source, self.reading, sealing, self.slug, self.begins):
            yield from window

    def packed(self) -> Iterator[list[bytes]]:
        """Read the list, and pack its windows up for another process."""
        sealing = Sealing(keyfile.read(keyfile.place(self.keys)))
        with files.opened(self.file) as stream:
            source = records.read(stream, self.form, self.told)
            go_on(source, self.begins)
            for window in windows(source, self.reading, sealing, self.slug, self.begins):
                yield [pickle.dumps(part, pickle.HIGHEST_PROTOCOL) for part in window]


def go_on(source: Source, begins: tuple[int, int, int]) -> None:
    """Pass over what was worked off already."""
    lines, place, _ = begins
    if lines:
        source.lines.go_on(lines, place)


@contextmanager
def read_apart(listing: Listing) -> Iterator[Iterator[Part]]:
    """Give what another process reads; it has gone when this ends."""
    ours, theirs = _ANEW.Pipe(duplex=False)
    process = _ANEW.Process(target=_read, args=(theirs, listing), daemon=True)
    with ThreadPoolExecutor(1, thread_name_prefix="list") as listening:
        try:
            with _deaf():
                process.start()
            theirs.close()
            yield _received(ours, listening)
        finally:
            if process.pid is not None:
                process.kill()
                process.join()
    ours.close()


@contextmanager
def _deaf() -> Iterator[None]:
    """Let a process begin that never hears Ctrl-C; one that comes meanwhile is heard here, after.

    The process inherits what this thread blocks; another thread of ours may still hear it.
    """
    resource_tracker.ensure_running()  # it would let signals in again
    heard: list[int] = []
    asked = signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, asked)
    if heard:
        signal.raise_signal(signal.SIGINT)


def _received(ours: Connection, listening: ThreadPoolExecutor) -> Iterator[Part]:
    """Give one window after the other; the next one comes in meanwhile."""
    coming = listening.submit(ours.recv)
    while window := _window(coming):
        coming = listening.submit(ours.recv)
        for packed in window:
            part: Part = pickle.loads(packed)  # noqa: S301  we have written it ourselves
            yield part


def _window(coming: Future[list[bytes] | str]) -> list[bytes]:
    """Wait for a window; none is left when it is empty."""
    try:
        said = coming.result()
    except EOFError as error:
        raise Unavailable("The process that reads the list was ended.", remedy=AGAIN) from error
    if isinstance(said, str):
        raise Misconfigured(said)
    return said


def _read(told: Connection, listing: Listing) -> None:
    """Read a list and tell it, as long as somebody listens."""
    gc.disable()  # rows make no circles, and a window of them would be looked through all the time
    try:
        for window in listing.packed():
            told.send(window)
        told.send([])
    except FeedsvcError as error:
        told.send(str(error))
    except BrokenPipeError:
        return
