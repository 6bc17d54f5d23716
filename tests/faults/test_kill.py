"""`kill -9` in the middle of a mailing: nothing is lost, next to nothing repeated, the books balance."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from feedsvc.actions import crowd
from feedsvc.records.books import books
from tests.faults.checker import lines, verdict
from tests.faults.service import service, sink, until
from tests.world import world

SIGNERS = 2_000
CONNECTIONS = 4
KILLED_AT = (300, 900, 1_500)


def test_everybody_gets_it_though_the_service_is_killed_three_times(
    database_url: str, tmp_path: Path
) -> None:
    log = tmp_path / "sink.log"
    _post_to_a_crowd(database_url, tmp_path)
    with sink(log) as port, service(tmp_path, _environment(database_url, tmp_path, port)) as served:
        served.start()
        for reached in KILLED_AT:
            until(lambda reached=reached: len(lines(log)) >= reached)  # type: ignore[misc]
            served.kill()
            before = len(lines(log))
            served.start()
            assert until(lambda before=before: len(lines(log)) > before) < 10  # type: ignore[misc]
        expected = {crowd.address(number) for number in range(SIGNERS)}
        until(lambda: {line[1] for line in lines(log)} >= expected)
        until(lambda: "sending" not in _in_hand(database_url, tmp_path))
        assert served.end() == 0, served.log()
    found = verdict(log, expected)
    assert (found.lost, found.changed, found.strangers) == (0, 0, 0)
    assert found.repeats <= CONNECTIONS * len(KILLED_AT)
    assert found.most_copies <= 2


@pytest.mark.parametrize("planted", ["lost", "changed"])
def test_the_checker_sees_what_was_planted(tmp_path: Path, planted: str) -> None:
    log = tmp_path / "sink.log"
    copies = {"lost": "1 a@x <1> aa\n", "changed": "1 a@x <1> aa\n2 a@x <2> ab\n3 b@x <3> bb\n"}
    log.write_text(copies[planted])
    found = verdict(log, {"a@x", "b@x"})
    assert (found.lost, found.changed) == ((1, 0) if planted == "lost" else (0, 1))


def _post_to_a_crowd(database_url: str, folder: Path) -> None:
    with world(database_url, folder) as here:
        here.campaign()
        here.write(
            crowd.add_crowd,
            "river",
            here.here.keys,
            here.here.settings,
            count=SIGNERS,
            now=here.now,
        )
        here.post()


def _in_hand(database_url: str, folder: Path) -> list[str]:
    with world(database_url, folder) as here:
        (one,) = here.read(books)
        assert one.balanced
        return [state for state, number in one.in_hand.items() if number]


def _environment(database_url: str, folder: Path, relay_port: int) -> dict[str, str]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "FEEDSVC_DATABASE__URL": database_url,
        "FEEDSVC_KEYS__FILE": str(folder / "feedsvc.keys"),
        "FEEDSVC_MAIL__RELAY": f"smtp://127.0.0.1:{relay_port}",
        "FEEDSVC_MAIL__CONNECTIONS": str(CONNECTIONS),
        "FEEDSVC_HTTP__PORT": str(port),
        "FEEDSVC_DIGEST__SETTLE_SECONDS": "0",
    }
