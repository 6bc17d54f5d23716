"""What those who watch over the service are told."""

import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from feedsvc import app as service
from feedsvc.actions import deliver
from feedsvc.domain.tables.ledger import Mail, MailState, Notice
from feedsvc.web import operation
from feedsvc.web.health import Health, Rate
from feedsvc.web.state import State
from tests.world import World, world

ANNA = "wilhelmina.planted@needle.example.org"


@dataclass
class Sender:
    """What a sender shows of itself."""

    problem: str = ""
    rest_seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)


@contextmanager
def client(
    of: World, problem: str | None = None, sending: Sender | None = None
) -> Iterator[TestClient]:
    """Ask from this machine."""
    health = Health(lambda: None, lambda: problem, sending, lambda: 2.5)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        yield {"here": of.here, "clock": of.clock, "nudge": lambda: None, "health": health}

    app = Starlette(routes=operation.routes, lifespan=lifespan)
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5)) as asking:
        yield asking


def become(here: World, number: int, **fields: Any) -> None:
    """Give the mail with this place in line these values."""

    def change(session: Session) -> None:
        session.exec(select(Mail).order_by(col(Mail.id))).all()[number].sqlmodel_update(fields)

    here.write(change)


@pytest.fixture
def three(here_and_now: World) -> World:
    """Give a world with three mails in the queue, one of them for a large provider."""
    here_and_now.campaign()
    for address in ("anna@example.org", "bea@gmail.com", ANNA):
        here_and_now.sign_up(address, name="Wilhelmina")
    return here_and_now


def test_the_status_counts_what_is_in_hand_and_shows_the_problem(three: World) -> None:
    become(three, 2, state=MailState.SENT, due_at=None)
    three.pass_time(seconds=5)
    with client(three, "plans: KeyError") as asking:
        status = asking.get("/statusz").json()
        metrics = asking.get("/metrics").text
    assert status["mails"] == {"queued": 2, "sending": 0, "deferred": 0, "unknown": 0}
    assert (status["oldest_in_hand_seconds"], status["problem"]) == (5, "plans: KeyError")
    assert "feedsvc_problem 1.0" in metrics
    assert 'feedsvc_mails{state="queued"} 2.0' in metrics


def test_nothing_in_hand_is_no_age(here_and_now: World) -> None:
    with client(here_and_now) as asking:
        assert asking.get("/statusz").json()["oldest_in_hand_seconds"] == 0
        assert "feedsvc_problem 0.0" in asking.get("/metrics").text


def test_what_is_put_off_is_counted_by_group(three: World) -> None:
    for number in range(2):
        become(three, number, state=MailState.DEFERRED)
    with client(three) as asking:
        deferred = asking.get("/statusz").json()["deferred"]
        metrics = asking.get("/metrics").text
    assert deferred == {"gmail": 1, "microsoft": 0, "yahoo": 0, "icloud": 0, "other": 1}
    assert 'feedsvc_mails_deferred{group="gmail"} 1.0' in metrics


def test_claimed_mails_count_under_their_state(three: World) -> None:
    worker = three.write(deliver.enlist, now=three.now)
    become(three, 0, state=MailState.SENDING, worker_id=worker)
    become(three, 1, worker_id=worker)
    with client(three) as asking:
        status = asking.get("/statusz").json()
        assert "feedsvc_mails_claimed 2.0" in asking.get("/metrics").text
    assert status["mails"] == {"queued": 2, "sending": 1, "deferred": 0, "unknown": 0}
    assert status["claimed"] == 2


def test_the_sender_is_shown_with_its_trouble(here_and_now: World) -> None:
    counts = Counter(sent=7, deferred=2, held=1)
    sending = Sender("connect: refused", 30.0, counts)
    with client(here_and_now, sending=sending) as asking:
        status = asking.get("/statusz").json()
        metrics = asking.get("/metrics").text
    assert status["relay_problem"] == "connect: refused"
    assert status["rest_until"] == "2026-03-02T09:00:30+00:00"
    assert (status["sent_by_this_process"], status["sent_per_second"]) == (7, 2.5)
    assert status["outcomes"]["held"] == 1
    assert "feedsvc_relay_problem 1.0" in metrics
    assert "feedsvc_relay_rest_seconds 30.0" in metrics
    assert 'feedsvc_outcomes_total{outcome="sent"} 7.0' in metrics
    assert 'feedsvc_outcomes_total{outcome="refused"} 0.0' in metrics
    assert "feedsvc_sent_per_second 2.5" in metrics


def test_a_process_that_sends_no_mail_says_nothing_of_the_relay(here_and_now: World) -> None:
    with client(here_and_now) as asking:
        assert asking.get("/statusz").json()["relay_problem"] is None
        metrics = asking.get("/metrics").text
    assert "feedsvc_relay_problem" not in metrics
    assert "feedsvc_outcomes" not in metrics


def test_a_mailing_that_halted_is_shown_with_its_reason(here_and_now: World) -> None:
    here_and_now.campaign()
    update = here_and_now.post()

    def halt(session: Session) -> None:
        notice = session.exec(select(Notice)).one()
        notice.paused_at, notice.halted = here_and_now.now, "too many are dead"

    here_and_now.write(halt)
    with client(here_and_now) as asking:
        stopped = asking.get("/statusz").json()["stopped"]
        metrics = asking.get("/metrics").text
    assert [(one["update"], one["notice"], one["halted"]) for one in stopped] == [
        (update.uid, "news", "too many are dead")
    ]
    assert "feedsvc_mailings_halted 1.0" in metrics
    assert "feedsvc_mailings_paused 0.0" in metrics


def test_what_is_held_for_a_fault_of_ours_is_counted(three: World) -> None:
    refused = {"state": MailState.REFUSED, "due_at": None, "changed_at": three.now}
    become(three, 0, **refused, reason="ours", reply="rcpt: 550 5.7.1 policy")
    become(three, 1, **refused, reason="ours", reply="quarantined")
    become(three, 2, **refused, reason="theirs")
    with client(three) as asking:
        assert asking.get("/statusz").json()["held"] == 1
        assert "feedsvc_mails_held 1.0" in asking.get("/metrics").text


def test_nobody_is_named(three: World) -> None:
    become(three, 2, state=MailState.DEFERRED)
    with client(three, sending=Sender()) as asking:
        said = asking.get("/statusz").text + asking.get("/metrics").text
    assert [word for word in (ANNA, "planted", "needle", "Wilhelmina") if word in said] == []


def test_what_is_in_hand_is_found_by_indexes(sqlite_url: str, tmp_path: Path) -> None:
    with world(sqlite_url, tmp_path) as here:
        asked: list[tuple[str, Any]] = []

        def note(_c: Any, _cur: Any, statement: str, parameters: Any, *_: Any) -> None:
            asked.append((statement, parameters))

        readers = here.read(lambda session: session.get_bind())
        event.listen(readers, "before_cursor_execute", note)
        with client(here) as asking:
            asking.get("/metrics")
        event.remove(readers, "before_cursor_execute", note)
        mails = [one for one in asked if "FROM mail" in one[0]]
        plans = [here.read(_plan, *one) for one in mails]
    assert len(plans) == 2
    assert [plan for plan in plans if "INDEX ix_mail_" not in plan or "SCAN mail;" in plan] == []


def _plan(session: Session, statement: str, parameters: Any) -> str:
    asked = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return "; ".join(row[3] for row in asked)


def test_the_rate_is_that_of_the_last_minute() -> None:
    moments, counts = iter([0, 30, 60, 90, 120, 120]), iter([0, 600, 1200, 1230, 1260, 1260])
    rate = Rate(lambda: next(counts), lambda: next(moments))
    for _ in range(4):
        rate.sample()
    assert rate.per_second() == pytest.approx(1.0)


def test_a_count_that_has_only_begun_has_no_rate() -> None:
    assert Rate(lambda: 5, lambda: 1.0).per_second() == 0


def test_while_the_relay_is_down_the_service_is_ready_and_says_what_is_wrong(
    database_url: str, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is refused
        relay = f"smtp://127.0.0.1:{taken.getsockname()[1]}"
        with world(database_url, tmp_path, mail={"relay": relay}) as here:
            here.campaign()
            here.sign_up("anna@example.org")
            built = service.build(here.here, clock=here.clock)
            with TestClient(built, base_url="http://127.0.0.1", client=("127.0.0.1", 5)) as asking:
                status = _until_trouble(asking)
                ready = asking.get("/readyz")
                page = asking.get("/c/river")
    assert status["relay_problem"]
    assert status["mails"]["queued"] == 1
    assert (ready.status_code, page.status_code) == (200, 200)


def _until_trouble(asking: TestClient) -> dict[str, Any]:
    end = time.monotonic() + 10
    while True:
        status: dict[str, Any] = asking.get("/statusz").json()
        if status["relay_problem"] or time.monotonic() > end:
            return status
        time.sleep(0.05)
