"""Polls and mails in one process: what each costs alone, and both together."""

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from tests.bench.planned import copied, planned
from tests.bench.polling import HOST, Server, once, read, request, serving
from tests.bench.relays import quickest
from tests.bench.result import Result

CONNECTIONS = 20
POLLERS, PAUSE = 8, 0.02
"""How many poll, and how long each waits between two: some hundred polls a second."""

ALONE_SECONDS = 10.0
EVERY_SECONDS = 0.25
SENT = re.compile(rb'feedsvc_outcomes_total\{outcome="sent"\} ([0-9.]+)')


@dataclass
class Figures:
    """What a process did while it was watched."""

    cpu: float = 0.0
    mails: int = 0
    polls: list[float] = field(default_factory=list)

    @property
    def p99(self) -> float:
        """How long a poll took, in ms: 99 of 100 took less."""
        return quantiles(self.polls, n=100)[98] * 1e3


def measure(mails: int) -> Iterator[Result]:
    """Measure polls alone, mails alone, and polls during a mailing."""
    with planned(mails) as folder, planned(1) as idle, quickest() as (relay, _):
        polls = _watched(idle, relay, mails=0, polling=True)
        alone = _watched(folder, relay, mails=mails, polling=False)
        both = _watched(folder, relay, mails=mails, polling=True)
    a_poll, a_mail = polls.cpu / len(polls.polls), alone.cpu / alone.mails
    parts = a_poll * len(both.polls) + a_mail * both.mails
    yield Result("a poll beside the timetable, CPU", a_poll * 1e6, "µs", referred="no mailing")
    yield Result("a mail, CPU", a_mail * 1e6, "µs", referred=f"{mails:,} mails, no polls")
    what = f"{len(both.polls):,} polls during {both.mails:,} mails, CPU"
    yield Result(what, both.cpu, "s", parts, "as many polls and mails, each without the other")
    yield Result("p99 of a poll during the mailing", both.p99, "ms", polls.p99, "no mailing")


def _watched(folder: Path, relay: int, *, mails: int, polling: bool) -> Figures:
    """Run a service on a copy of the folder, until so many mails are sent, or for a while."""
    with copied(folder) as copy:
        module = [sys.executable, "-m", "tests.bench.busy"]
        with serving([*module, *map(str, (copy, relay, CONNECTIONS))], quiet=True) as server:
            return asyncio.run(_watch(server, mails, polling=polling))


async def _watch(server: Server, mails: int, *, polling: bool) -> Figures:
    figures, stop = Figures(), asyncio.Event()
    pollers = [_poll(server.port, figures, stop) for _ in range(POLLERS if polling else 0)]
    tasks = [asyncio.create_task(each) for each in pollers]
    await asyncio.sleep(0.5)  # the first poll of all renders
    figures.polls.clear()
    begun, busy, before = time.perf_counter(), server.busy, await _sent(server)
    sent = before
    while sent < mails or (not mails and time.perf_counter() - begun < ALONE_SECONDS):
        await asyncio.sleep(EVERY_SECONDS)
        sent = await _sent(server)
    figures.cpu, figures.mails = server.busy - busy, sent - before
    figures.polls = list(figures.polls)
    stop.set()
    await asyncio.gather(*tasks)
    return figures


async def _poll(port: int, figures: Figures, stop: asyncio.Event) -> None:
    """Poll with what the feed said of itself, as readers do."""
    reader, writer = await asyncio.open_connection(HOST, port)
    asked = request("/c/river.atom")
    while not stop.is_set():
        begun = time.perf_counter()
        writer.write(asked)
        answer = await read(reader)
        figures.polls.append(time.perf_counter() - begun)
        asked = request("/c/river.atom", f"If-None-Match: {answer.header('etag')}\r\n")
        await asyncio.sleep(PAUSE)
    writer.close()
    await writer.wait_closed()


async def _sent(server: Server) -> int:
    answer = await asyncio.to_thread(once, server.port, request("/metrics"))
    found = SENT.search(answer.body)
    return int(float(found[1])) if found else 0
