"""An import that is killed goes on where it was, and ends as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlmodel import select

from feedsvc.commands.signers.apart import AGAIN
from feedsvc.domain.tables.doors import ImportRun
from feedsvc.domain.tables.people import Signature, Signer, Subscription
from tests.world import World, world

ROWS = 12_000
KILLS = 4


def written(folder: Path, count: int = ROWS) -> Path:
    """Write a list with a bad line in every hundred, people who are there twice, and no consents."""
    rows = ["email,name,consent source,consent date"]
    for number in range(count):
        consent = "stall,2025-01-01" if number % 3 else ","
        person = number if number % 50 else number // 2
        rows.append(f"p{person}@{'example.org' if number % 100 else ''},Zoë {number},{consent}")
    file = folder / "people.csv"
    file.write_text("\n".join(rows) + "\n", "utf-8")
    return file


def command(here: World, file: Path) -> list[str]:
    """Spell out the import beside this installation."""
    settings = file.with_suffix(".toml")
    url, keys = here.here.database.url, here.here.settings.keys.file
    settings.write_text(f'[database]\nurl = "{url}"\n[keys]\nfile = "{keys}"\n')
    importing = [sys.executable, "-m", "feedsvc", "signers", "import", str(file)]
    return [*importing, "--campaign", "river", "--config", str(settings)]


def came_of(here: World, file: Path) -> dict[str, object]:
    """Tell what came of it, without times and seals."""
    read = here.read
    people = read(lambda s: s.exec(select(Signer.address_index, Signer.confirmed_at)).all())
    wishes = read(lambda s: s.exec(select(Subscription.consent_source)).all())
    names = read(lambda s: s.exec(select(Signature.confirmed_at)).all())
    (run,) = read(lambda s: s.exec(select(ImportRun)).all())
    return {
        "people": len(people),
        "asked": sum(confirmed_at is None for _, confirmed_at in people),
        "wishes": sorted(wishes),
        "signatures": sum(at is not None for at in names),
        "counts": run.counts,
        "lines": (run.lines, run.bytes_read),
        "refused": Path(f"{file}.refused.csv").read_text("utf-8"),
    }


def killed_now_and_then(importing: list[str]) -> int:
    """Import, killed at random moments; return how often it really was under way."""
    kills = 0
    for _ in range(KILLS):
        process = subprocess.Popen(importing, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        assert process.stderr
        process.stderr.readline()  # it says what the columns are when it begins
        time.sleep(random.random() * 0.6)  # noqa: S311  no secret
        os.kill(process.pid, signal.SIGKILL)
        process.stderr.close()
        kills += process.wait() == -signal.SIGKILL
    return kills


def begun(importing: list[str]) -> subprocess.Popen[str]:
    """Begin an import in a session of its own, and wait until it reads."""
    process = subprocess.Popen(
        importing,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )
    assert process.stderr
    process.stderr.readline()  # it says what the columns are when it begins
    return process


def gone(session: int) -> bool:
    """Wait until no process of a session is left."""
    for _ in range(100):
        try:
            os.killpg(session, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_who_reads_the_list_ends_with_an_import_that_is_killed(
    here_and_now: World, tmp_path: Path
) -> None:
    here_and_now.campaign(kind="petition")
    process = begun(command(here_and_now, written(tmp_path, ROWS * 4)))
    time.sleep(1)
    process.kill()
    process.communicate()
    assert gone(process.pid)


@pytest.mark.parametrize("seconds", [0, 3])
def test_ctrl_c_ends_an_import_with_one_line(
    here_and_now: World, tmp_path: Path, seconds: float
) -> None:
    here_and_now.campaign(kind="petition")
    process = begun(command(here_and_now, written(tmp_path, ROWS * 8)))
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.strip().endswith(f"Interrupted. {AGAIN}")
    assert "Traceback" not in said
    assert gone(process.pid)


def test_an_import_that_is_killed_ends_the_same(
    here_and_now: World, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    here_and_now.campaign(kind="petition")
    file = written(tmp_path)
    importing = command(here_and_now, file)
    assert killed_now_and_then(importing)
    subprocess.run(importing, check=True, capture_output=True)
    killed = came_of(here_and_now, file)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with world(f"sqlite:///{elsewhere / 'feedsvc.db'}", elsewhere) as here:
        here.campaign(kind="petition")
        subprocess.run(command(here, written(elsewhere)), check=True, capture_output=True)
        assert killed == came_of(here, elsewhere / file.name)
    assert killed["people"] == len({n if n % 50 else n // 2 for n in range(ROWS) if n % 100})
