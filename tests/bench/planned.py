"""A database full of queued mails, made in a process of its own: the sender finds it as it is.

python -m tests.bench.planned FOLDER MAILS
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import Session, col, select

from feedsvc.domain.mime import Skeleton
from feedsvc.domain.tables.ledger import Digest, Mail, MailState
from feedsvc.gateways import dkim_key
from tests.bench.crowd import fill, opened
from tests.bench.disk import scratch
from tests.bench.ledger import run_fan_out, run_plan
from tests.world import World

BODY = "A paragraph of an update, as long as they are. " * 80
MESSAGE, KEY = "message.eml", "dkim.pem"


@contextmanager
def planned(mails: int) -> Iterator[Path]:
    """Give a folder with so many queued mails, a DKIM key, and one of the mails as a file."""
    with TemporaryDirectory(dir=scratch()) as folder:
        command = [sys.executable, "-m", "tests.bench.planned", folder, str(mails)]
        subprocess.run(command, check=True)
        yield Path(folder)


@contextmanager
def copied(folder: Path) -> Iterator[Path]:
    """Give a copy that may be used up."""
    with TemporaryDirectory(dir=scratch()) as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        os.sync()  # what is written now is not written while we measure
        yield Path(copy)


def main(folder: Path, mails: int) -> None:
    """Plan the mails."""
    with opened(folder) as here:
        here.now = datetime.now(UTC)
        fill(here, mails)
        here.post(body=BODY)
        run_fan_out(here)
        run_plan(here)
        (folder / MESSAGE).write_bytes(_message(here))
    dkim_key.create(folder / KEY)


def _message(here: World) -> bytes:
    def first(session: Session) -> tuple[Mail, bytes]:
        mail, message = session.exec(
            select(Mail, Digest.message).join(Digest).order_by(col(Mail.id)).limit(1)
        ).one()
        return mail, message

    mail, message = here.read(first)
    assert mail.state is MailState.QUEUED
    return Skeleton(message).splice(here.values(mail))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
