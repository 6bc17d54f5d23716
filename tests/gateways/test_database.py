"""The database runs actions: alone when they fail, together when they commit, and says when it cannot."""

import sqlite3
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlmodel import Session, select

from feedsvc import migrations
from feedsvc.domain.tables.content import Fact
from feedsvc.errors import Invalid
from feedsvc.gateways.database import (
    Database,
    Lost,
    execute,
    fetch,
    journalled,
    open_database,
    plain,
)
from feedsvc.gateways.database.engines import make_engine
from feedsvc.gateways.database.writers import GroupWriter
from feedsvc.gateways.journal import Journal


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    yield from _opened(database_url)


@pytest.fixture
def embedded(sqlite_url: str) -> Iterator[Database]:
    yield from _opened(sqlite_url)


@pytest.fixture
def server(postgresql_url: str) -> Iterator[Database]:
    yield from _opened(postgresql_url)


def _opened(url: str) -> Iterator[Database]:
    made = open_database(url)
    migrations.upgrade(made.engine)
    yield made
    made.close()


def put(session: Session, name: str, value: bytes = b"") -> str:
    session.add(Fact(name=name, value=value))
    session.flush()
    return name


def names(session: Session) -> list[str]:
    return sorted(session.exec(select(Fact.name)).all())


def refuse(session: Session) -> None:
    put(session, "never")
    raise Invalid("field", "is wrong")


def queued(database: Database, *acts: Any) -> list[Future[Any]]:
    """Submit actions while the writer is busy, so that they wait together."""
    busy, go = Event(), Event()

    def occupy(_: Session) -> None:
        busy.set()
        go.wait(10)

    first = database.submit(occupy)
    assert busy.wait(10)
    futures = [database.submit(act) for act in acts]
    go.set()
    wait([first, *futures], timeout=10)
    return futures


async def test_what_was_written_is_read(database: Database) -> None:
    assert await database.write(put, "a") == "a"
    assert await database.read(names) == ["a"]


async def test_an_action_that_fails_leaves_nothing_and_its_caller_hears_of_it(
    database: Database,
) -> None:
    with pytest.raises(Invalid, match="field"):
        await database.write(refuse)
    assert await database.read(names) == []


def test_a_failing_action_rolls_back_alone(embedded: Database) -> None:
    embedded.write_now(put, "taken")
    futures = queued(
        embedded,
        lambda s: put(s, "a"),
        refuse,
        lambda s: put(s, "taken"),
        lambda s: put(s, "b"),
    )
    assert [type(future.exception()) for future in futures] == [
        type(None),
        Invalid,
        IntegrityError,
        type(None),
    ]
    assert embedded.read_now(names) == ["a", "b", "taken"]


def test_actions_that_wait_share_one_commit(embedded: Database) -> None:
    commits: list[Any] = []
    event.listen(embedded.engine, "commit", commits.append)
    queued(embedded, *[lambda s, n=n: put(s, str(n)) for n in range(50)])
    assert len(embedded.read_now(names)) == 50
    assert len(commits) <= 2


def test_what_one_action_wrote_is_there_for_the_next_in_the_group(embedded: Database) -> None:
    futures = queued(embedded, lambda s: put(s, "a"), names)
    assert futures[1].result() == ["a"]


def test_a_group_whose_commit_fails_is_lost_to_all_and_the_writer_lives_on(
    embedded: Database,
) -> None:
    def full(_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    event.listen(embedded.engine, "commit", full)
    futures = queued(embedded, lambda s: put(s, "a"), lambda s: put(s, "b"))
    event.remove(embedded.engine, "commit", full)
    assert all(future.exception() is not None for future in futures)
    assert embedded.write_now(put, "c") == "c"
    assert embedded.read_now(names) == ["c"]


def test_a_disk_that_is_full_is_lost(embedded: Database) -> None:
    def fill(session: Session) -> None:
        session.execute(text("PRAGMA max_page_count = 1"))
        for n in range(200):
            put(session, str(n), bytes(100_000))

    with pytest.raises(Lost):
        embedded.write_now(fill)


def test_a_file_that_another_process_holds_is_lost_not_wrong(
    embedded: Database, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.write_now(lambda session: session.execute(text("PRAGMA busy_timeout = 50")))
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Lost) as lost:
            embedded.write_now(put, "a")
        assert lost.value.remedy
        other.execute("ROLLBACK")
    other.close()
    assert embedded.write_now(put, "b") == "b"


def test_a_reader_of_the_embedded_database_cannot_write(embedded: Database) -> None:
    with pytest.raises(Lost):
        embedded.read_now(put, "a")
    assert embedded.read_now(names) == []


def test_a_server_that_is_not_there_is_lost(tmp_path: Path) -> None:
    with pytest.raises(Lost):
        open_database(f"postgresql://nobody@/nothing?host={tmp_path}")


def test_a_connection_that_was_cut_is_lost_and_the_next_works(server: Database) -> None:
    def die(session: Session) -> None:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(Lost):
        server.write_now(die)
    assert server.write_now(put, "a") == "a"


def test_a_deadlock_is_tried_again(server: Database) -> None:
    for name in ("a", "b"):
        server.write_now(put, name, b"0")
    met = [Event(), Event()]
    tries = []

    def both(session: Session, mine: int, names: str) -> None:
        tries.append(mine)
        for place, name in enumerate(names):
            row = select(Fact).where(Fact.name == name).with_for_update()
            fact = session.exec(row).one()
            fact.value += b"+"
            session.flush()
            if place == 0:
                met[mine].set()
                met[1 - mine].wait(5)

    futures = [server.submit(both, 0, "ab"), server.submit(both, 1, "ba")]
    for future in futures:
        future.result(20)
    assert len(tries) == 3
    values = server.read_now(lambda s: s.exec(select(Fact.value)).all())
    assert set(values) == {b"0++"}


def test_journal_lines_go_with_their_action(embedded: Database, sqlite_url: str) -> None:
    def noted(session: Session, line: str, *, good: bool) -> None:
        journalled(session, line)
        if not good:
            raise Invalid("field", "is wrong")

    queued(
        embedded,
        lambda s: noted(s, "one", good=True),
        lambda s: noted(s, "two", good=False),
        lambda s: noted(s, "three", good=True),
    )
    file = Path(sqlite_url.removeprefix("sqlite:///")).with_suffix(".journal")
    assert file.read_text() == "one\nthree\n"


def test_an_action_whose_journal_line_finds_no_room_is_lost_as_a_whole(sqlite_url: str) -> None:
    made = open_database(sqlite_url)
    migrations.upgrade(made.engine)
    writer = GroupWriter(make_engine(sqlite_url, pool=1), Journal(Path("/dev/full")))

    def noted(session: Session) -> None:
        put(session, "noted")
        journalled(session, "a line")

    with pytest.raises(Lost, match="journal"):
        writer.submit(noted).result()
    writer.close()
    assert made.read_now(names) == []
    made.close()


def test_closing_finishes_what_was_handed_over(database_url: str) -> None:
    made = open_database(database_url)
    migrations.upgrade(made.engine)
    futures = [made.submit(put, str(n)) for n in range(20)]
    made.close()
    assert all(future.result() for future in futures)


def test_what_the_embedded_database_promises_is_set(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url)
    with engine.connect() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        found = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in asked]
    engine.dispose()
    assert found == ["wal", 2, 1, 1]


def test_the_driver_of_postgresql_is_ours(server: Database) -> None:
    assert server.engine.dialect.driver == psycopg.__name__


# Plain statements, which on SQLite go past the session

PUT = plain("INSERT INTO fact (name, value) VALUES (:name, :value)")
NAMES = plain(
    "SELECT name FROM fact WHERE name %(chosen)s ORDER BY name",
    chosen=("IN (SELECT value FROM json_each(:chosen))", "= ANY(:chosen)"),
)
WRONG = plain("INSERT INTO fact (nothing) VALUES (:name)")


def put_plainly(session: Session, name: str) -> int:
    return execute(session, PUT, name=name, value=b"")


def put_both_ways(session: Session, name: str) -> None:
    put_plainly(session, f"{name} plain")
    put(session, f"{name} mapped")
    put_plainly(session, f"{name} plain too")


def refuse_plainly(session: Session) -> None:
    put_plainly(session, "never")
    raise Invalid("field", "is wrong")


def refuse_both_ways(session: Session) -> None:
    put_both_ways(session, "never")
    raise Invalid("field", "is wrong")


async def test_a_plain_statement_is_written_and_says_how_many_rows(database: Database) -> None:
    assert await database.write(put_plainly, "a") == 1
    assert await database.read(names) == ["a"]


def test_a_plain_statement_reads_what_each_database_is_told_in_its_own_way(
    database: Database,
) -> None:
    for name in ("a", "b", "c"):
        database.write_now(put_plainly, name)
    chosen = '["a", "c"]' if database.url.startswith("sqlite") else ["a", "c"]
    found = database.write_now(lambda s: fetch(s, NAMES, chosen=chosen))
    assert [tuple(row) for row in found] == [("a",), ("c",)]


def test_plain_and_mapped_statements_of_an_action_are_one_transaction(database: Database) -> None:
    database.write_now(put_both_ways, "a")
    assert database.read_now(names) == ["a mapped", "a plain", "a plain too"]
    with pytest.raises(Invalid):
        database.write_now(refuse_both_ways)
    assert len(database.read_now(names)) == 3


def test_a_plain_statement_sees_what_the_session_has_flushed(database: Database) -> None:
    def seen(session: Session) -> int:
        put(session, "a")
        chosen = '["a"]' if database.url.startswith("sqlite") else ["a"]
        return len(fetch(session, NAMES, chosen=chosen))

    assert database.write_now(seen) == 1


@pytest.mark.parametrize("refused", [refuse_plainly, refuse_both_ways])
def test_an_action_of_plain_statements_that_fails_leaves_nothing(
    database: Database, refused: Any
) -> None:
    with pytest.raises(Invalid):
        database.write_now(refused)
    assert database.read_now(names) == []


@pytest.mark.parametrize("refused", [refuse_plainly, refuse_both_ways, refuse])
def test_in_a_group_a_failing_action_takes_back_its_plain_statements_and_no_others(
    embedded: Database, refused: Any
) -> None:
    futures = queued(
        embedded,
        lambda s: put_plainly(s, "a"),
        refused,
        lambda s: put_both_ways(s, "b"),
        refused,
        lambda s: put(s, "c"),
    )
    assert [type(future.exception()) for future in futures] == [
        type(None),
        Invalid,
        type(None),
        Invalid,
        type(None),
    ]
    assert embedded.read_now(names) == ["a", "b mapped", "b plain", "b plain too", "c"]


def test_a_group_in_which_all_fail_leaves_nothing_and_each_hears_of_its_own_fault(
    embedded: Database,
) -> None:
    embedded.write_now(put, "taken")
    futures = queued(embedded, refuse_plainly, lambda s: put(s, "taken"), refuse_both_ways)
    assert [type(future.exception()) for future in futures] == [Invalid, IntegrityError, Invalid]
    assert embedded.read_now(names) == ["taken"]
    assert embedded.write_now(put_plainly, "next") == 1


@pytest.mark.parametrize("together", [False, True], ids=["alone", "in a group"])
def test_a_fault_in_a_plain_statement_is_its_own_and_no_outage(
    embedded: Database, *, together: bool
) -> None:
    embedded.write_now(put_plainly, "taken")
    others: list[Any] = [lambda s: put_plainly(s, "a")] if together else []
    acts = [lambda s: put_plainly(s, "taken"), lambda s: execute(s, WRONG, name="a")]
    futures = [one for act in acts for one in queued(embedded, *others, act)[-1:]]
    for future in futures:
        error = future.exception()
        assert isinstance(error, DatabaseError)
        assert not isinstance(error, Lost)
    assert embedded.write_now(put_plainly, "b") == 1


def test_the_error_of_a_plain_statement_names_nobody(embedded: Database) -> None:
    embedded.write_now(put_plainly, "anna@example.org")
    with pytest.raises(DatabaseError) as caught:
        embedded.write_now(put_plainly, "anna@example.org")
    assert "anna" not in str(caught.value)


def test_a_plain_statement_that_finds_the_file_held_is_lost_not_wrong(
    embedded: Database, sqlite_url: str
) -> None:
    embedded.write_now(lambda session: session.execute(text("PRAGMA busy_timeout = 50")))
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        futures = [embedded.submit(put_plainly, str(n)) for n in range(3)]
        assert {type(future.exception()) for future in futures} == {Lost}
        other.execute("ROLLBACK")
    other.close()
    assert embedded.read_now(names) == []
    assert embedded.write_now(put_plainly, "b") == 1


def test_a_disk_that_is_full_is_lost_to_the_whole_group_of_plain_statements(
    embedded: Database,
) -> None:
    def fill(session: Session) -> None:
        session.execute(text("PRAGMA max_page_count = 1"))
        for n in range(200):
            execute(session, PUT, name=str(n), value=bytes(100_000))

    futures = queued(embedded, lambda s: put_plainly(s, "a"), fill, lambda s: put_plainly(s, "b"))
    assert {type(future.exception()) for future in futures} == {Lost}
    assert embedded.read_now(names) == []


def test_an_action_of_plain_statements_never_opens_a_session(embedded: Database) -> None:
    begun: list[Any] = []
    event.listen(embedded.engine, "begin", begun.append)
    embedded.write_now(put_plainly, "a")
    assert (begun, embedded.read_now(names)) == ([], ["a"])


def test_a_plain_action_of_which_the_journal_tells_is_told_once(
    embedded: Database, sqlite_url: str
) -> None:
    def noted(session: Session) -> None:
        put_plainly(session, "a")
        journalled(session, "a line")

    embedded.write_now(noted)
    file = Path(sqlite_url.removeprefix("sqlite:///")).with_suffix(".journal")
    assert file.read_text() == "a line\n"


def test_the_log_is_emptied_between_two_transactions(embedded: Database, sqlite_url: str) -> None:
    log = Path(sqlite_url.removeprefix("sqlite:///") + "-wal")
    embedded.write_now(lambda session: session.add(Fact(name="a", value=b"needle" * 9)))
    assert b"needle" in log.read_bytes()
    assert embedded.empty_log_now()
    assert log.read_bytes() == b""
    embedded.write_now(lambda session: session.add(Fact(name="b", value=b"")))


def test_whoever_reads_in_the_log_is_waited_for_elsewhere(
    embedded: Database, sqlite_url: str
) -> None:
    reader = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM fact").fetchone()
    embedded.write_now(lambda session: session.add(Fact(name="a", value=b"needle")))
    assert not embedded.empty_log_now()
    reader.close()
    assert embedded.empty_log_now()


def test_a_writer_that_waits_is_next_though_somebody_writes_all_the_time(tmp_path: Path) -> None:
    file = tmp_path / "busy.db"
    here = open_database(f"sqlite:///{file}")
    here.write_now(lambda session: session.execute(text("CREATE TABLE one (id INTEGER)")))
    greedy, stop, waits = sqlite3.connect(file, isolation_level=None), Event(), list[float]()

    def write() -> None:
        for _ in range(20):
            begun = time.perf_counter()
            here.write_now(lambda session: session.execute(text("INSERT INTO one VALUES (1)")))
            waits.append(time.perf_counter() - begun)
            time.sleep(0.005)  # the other one is writing by then
        stop.set()

    rival = Thread(target=write)
    rival.start()
    while not stop.is_set():
        greedy.execute("BEGIN IMMEDIATE")
        time.sleep(0.04)
        greedy.execute("COMMIT")
        time.sleep(0.002)
    rival.join()
    greedy.close()
    here.close()
    assert statistics.fmean(waits) < 0.1
