"""Delivery from queued row to durable mark, against a bare loop of aiosmtplib.sendmail."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from aiosmtplib import SMTP
from sqlmodel import Session

from feedsvc.domain.mime import Skeleton
from feedsvc.domain.tables.ledger import Digest, MailState
from feedsvc.records.books import books
from feedsvc.sender import Sender
from tests.bench.crowd import crowded
from tests.bench.result import Result
from tests.world import World

MAILS = 5_000
CONNECTIONS = 20


def measure() -> Iterator[Result]:
    """Measure mails a second, and CPU a mail."""
    with (
        _sink() as port,
        crowded(
            MAILS, mail={"relay": f"smtp://127.0.0.1:{port}", "connections": CONNECTIONS}
        ) as here,
    ):
        here.post(body="A paragraph of an update, as long as they are. " * 60)
        asyncio.run(here.tick())
        message = _message(here)
        bare_rate, bare_cpu = asyncio.run(_measured(_bare(port, message)))
        rate, cpu = asyncio.run(_measured(_ours(here)))
        name = f"aiosmtplib.sendmail, {CONNECTIONS} connections, {len(message):,} bytes"
        yield Result("mails a second, marked durably", rate, "/s", bare_rate, name)
        yield Result("CPU a mail", cpu, "µs", bare_cpu, name)


async def _measured(work: object) -> tuple[float, float]:
    begun, busy = time.perf_counter(), time.process_time()
    await work  # type: ignore[misc]  # a coroutine
    took, used = time.perf_counter() - begun, time.process_time() - busy
    return MAILS / took, used / MAILS * 1e6


async def _bare(port: int, message: bytes) -> None:
    async def one(count: int) -> None:
        async with SMTP(hostname="127.0.0.1", port=port) as smtp:
            for _ in range(count):
                await smtp.sendmail("a@example.org", ["b@example.org"], message)

    await asyncio.gather(*(one(MAILS // CONNECTIONS) for _ in range(CONNECTIONS)))


async def _ours(here: World) -> None:
    sender = Sender(here.here, lambda: datetime.now(UTC))
    await sender.start()
    while sender.pace.sent < MAILS:  # noqa: ASYNC110 - the sender has no bell for the last mail
        await asyncio.sleep(0.01)
    await sender.stop()
    (found,) = here.read(books)
    assert found.sent == MAILS, found


def _message(here: World) -> bytes:
    _, mail = here.mails()[0]
    assert mail.state is MailState.QUEUED

    def stored(session: Session) -> bytes:
        digest = session.get(Digest, mail.digest_id)
        assert digest is not None
        return digest.message

    return Skeleton(here.read(stored)).splice(here.values(mail))


@contextmanager
def _sink() -> Iterator[int]:
    command = [sys.executable, str(Path(__file__).with_name("sink.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()
