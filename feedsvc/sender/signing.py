"""Signing beside the loop: RSA takes longer than all the rest, and frees the interpreter meanwhile."""

import asyncio
import os
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from queue import SimpleQueue

from feedsvc.domain.mime import Signer

_Job = tuple[bytes, datetime, "asyncio.Future[bytes]"]


class Signing:
    """Signs mails in as many threads as there are processors; what is done is handed out together."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._loop = asyncio.get_running_loop()
        self._work: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._signed: list[Callable[[], None]] = []
        self._threads = [
            threading.Thread(target=self._sign, name="signer", daemon=True)
            for _ in range(os.cpu_count() or 1)
        ]
        for thread in self._threads:
            thread.start()

    async def sign(self, message: bytes, at: datetime) -> bytes:
        """Return the mail with its signature."""
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._work.put((message, at, answer))
        return await answer

    def close(self) -> None:
        """Let the threads end."""
        for _ in self._threads:
            self._work.put(None)

    def _sign(self) -> None:
        while (job := self._work.get()) is not None:
            message, at, answer = job
            try:
                signed = self._signer.sign(message, at)
            except Exception as error:  # noqa: BLE001  whoever waits must hear of it
                self._done(partial(_fail, answer, error))
            else:
                self._done(partial(_succeed, answer, signed))

    def _done(self, tell: Callable[[], None]) -> None:
        """Wake the loop once for all that is signed until it comes."""
        with self._lock:
            self._signed.append(tell)
            first = len(self._signed) == 1
        if first:
            self._loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        with self._lock:
            signed, self._signed = self._signed, []
        for tell in signed:
            tell()


def _succeed(answer: "asyncio.Future[bytes]", signed: bytes) -> None:
    if not answer.done():
        answer.set_result(signed)


def _fail(answer: "asyncio.Future[bytes]", error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
