"""CPU of a feed poll in the server's process, against a bare ASGI app and nginx with the same answers."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.nginx import NOT_HERE, nginx
from tests.bench.polling import Answer, Server, cpu, once, request, serving
from tests.bench.result import Result

ROUNDS, REQUESTS = 25, 800
PATH = "/c/river.atom"
CODINGS = ("identity", "br")


def measure() -> Iterator[Result]:
    """Measure 200 and 304, as it is and in br."""
    with _three() as (ours, bare, other, answers):
        for coding in CODINGS:
            for status in (200, 304):
                yield from _compared(ours, bare, other, answers, coding, status)


def _compared(
    ours: Server,
    bare: Server,
    other: Server | None,
    answers: dict[str, Answer],
    coding: str,
    status: int,
) -> Iterator[Result]:
    """Ask one after the other, again and again."""
    accepts = f"Accept-Encoding: {coding}\r\n"
    full = answers[f"/{coding}"]
    known = f"If-None-Match: {full.header('etag')}\r\n" if status == 304 else ""
    asked = [(ours, request(PATH, accepts + known))]
    asked.append((bare, request(f"/{coding}-{status}", accepts + known)))
    if other:
        tag = once(other.port, request(f"/{coding}", accepts)).header("etag")
        theirs = f"If-None-Match: {tag}\r\n" if status == 304 else ""
        asked.append((other, request(f"/{coding}", accepts + theirs)))
    for server, asking in asked:
        assert once(server.port, asking).status == status, (server, asking)
    rounds = [[cpu(server, asking, REQUESTS) for server, asking in asked] for _ in range(ROUNDS)]
    what = f"feed {status}, {coding}, CPU"
    size = f"{len(full.body):,} bytes" if status == 200 else "no body"
    yield _result(what, rounds, 1, f"a bare ASGI app with the same answer, {size}")
    if other:
        yield _result(what, rounds, 2, f"nginx with the same answer, {size}")
    else:
        yield Result(what, median(each[0] for each in rounds), "µs", referred=NOT_HERE)


def _result(what: str, rounds: list[list[float]], place: int, name: str) -> Result:
    """Take the round with the median ratio: machines are noisy."""
    ordered = sorted(rounds, key=lambda each: each[0] / each[place])
    middle = ordered[len(ordered) // 2]
    return Result(what, middle[0], "µs", middle[place], name)


@contextmanager
def _three() -> Iterator[tuple[Server, Server, Server | None, dict[str, Answer]]]:
    """Give ours, the bare one, and nginx where it is installed, with what all of them answer."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        module = [sys.executable, "-m", "tests.bench.server"]
        ours = stack.enter_context(serving([*module, "ours"]))
        answers = {f"/{coding}": _answer(ours, coding) for coding in CODINGS}
        _write(folder, answers)
        bare = stack.enter_context(serving([*module, "bare", str(folder / "answers.json")]))
        yield ours, bare, stack.enter_context(nginx(folder, answers)), answers


def _answer(server: Server, coding: str, known: str = "") -> Answer:
    return once(server.port, request(PATH, f"Accept-Encoding: {coding}\r\n{known}"))


def _write(folder: Path, answers: dict[str, Answer]) -> None:
    """Write down what the bare application answers: ours, without what the server adds."""
    written: dict[str, tuple[int, list[tuple[str, str]], str]] = {}
    for path, answer in answers.items():
        file = folder / f"{path[1:]}.body"
        file.write_bytes(answer.body)
        headers = [pair for pair in answer.headers if pair[0] != "date"]
        described = {"content-type", "content-length", "content-encoding", "link"}
        written[f"{path}-200"] = (200, headers, str(file))
        written[f"{path}-304"] = (304, [p for p in headers if p[0] not in described], "")
    (folder / "answers.json").write_text(json.dumps(written))
