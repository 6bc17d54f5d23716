"""Delivery from queued row to durable mark, against a bare loop, `smtp-source` and bare signing."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.bench.figures import PAIRS, Figures, compared, measured
from tests.bench.planned import MESSAGE, copied, planned
from tests.bench.relays import NOT_HERE, quickest, slow, smtp_source
from tests.bench.result import Result

CONNECTIONS = 20
REPLY_SECONDS, FAR_CONNECTIONS, FAR_MAILS = 0.02, 4, 600


def rate(figures: Figures) -> float:
    """Return things a second."""
    return figures.rate


def cpu(figures: Figures) -> float:
    """Return µs of CPU a thing."""
    return figures.cpu


def measure(mails: int) -> Iterator[Result]:
    """Measure mails a second and CPU a mail: as they are, signed, and with a relay far away."""
    with planned(mails) as folder, quickest() as (port, sink):
        yield from _near(folder, port, sink, mails)
        yield from _signed(folder, port, mails)
    yield from _far()


def send(folder: Path, port: int, mails: int, connections: int, *more: str) -> Figures:
    """Send a copy of the queue, in a process of its own."""
    with copied(folder) as copy:
        return measured("sending", copy, port, mails, connections, *more)


def _near(folder: Path, port: int, sink: str, mails: int) -> Iterator[Result]:
    """Measure against what has no database, one after the other, again and again."""
    size = (folder / MESSAGE).stat().st_size
    ours, bare, source = [], [], []
    for _ in range(PAIRS):
        bare.append(measured("bare", folder / MESSAGE, port, mails, CONNECTIONS))
        ours.append(send(folder, port, mails, CONNECTIONS))
        source.append(smtp_source(port, mails, CONNECTIONS, size))
    against = partial(compared, "mails a second, marked durably", "/s")
    name = f"a bare pipelined loop, {CONNECTIONS} connections, {size:,} bytes, {sink}"
    yield against(list(zip(ours, bare, strict=True)), rate, name)
    pairs = [(one, other) for one, other in zip(ours, source, strict=True) if other]
    if pairs:
        yield against(pairs, rate, f"smtp-source -d, the same; {pairs[0][1].cpu:.0f} µs CPU a mail")
    else:
        yield Result("the same", ours[0].rate, "/s", referred=NOT_HERE)
    yield compared("CPU a mail", "µs", list(zip(ours, bare, strict=True)), cpu, "the bare loop")


def _signed(folder: Path, port: int, mails: int) -> Iterator[Result]:
    """Measure with DKIM by ourselves."""
    pairs = []
    for _ in range(PAIRS):
        alone = measured("signing", mails)
        pairs.append((send(folder, port, mails, CONNECTIONS, "--sign"), alone))
    name = "RSA-2048 alone, as many threads as cores"
    yield compared("signed mails a second", "/s", pairs, rate, name)
    yield compared("CPU a signed mail", "µs", pairs, cpu, "the signature alone")


def _far() -> Iterator[Result]:
    """Measure one connection (of some) when every reply takes its time."""
    pairs = []
    with planned(FAR_MAILS) as folder, slow(REPLY_SECONDS) as port:
        for _ in range(PAIRS):
            bare = measured("bare", folder / MESSAGE, port, FAR_MAILS, FAR_CONNECTIONS)
            pairs.append((send(folder, port, FAR_MAILS, FAR_CONNECTIONS), bare))
    what = f"mails a second and connection, {REPLY_SECONDS * 1e3:.0f} ms a reply"
    name = f"the bare loop into the same slow sink, {FAR_CONNECTIONS} connections"
    yield compared(what, "/s", pairs, lambda one: one.rate / FAR_CONNECTIONS, name)
