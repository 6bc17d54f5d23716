"""Replay the journal on a database that is older than it: nobody who left is written to, nothing twice.

A restore does it, and every start: a crash leaves a second's worth of lines, a copy that was put in
place by hand leaves more.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from feedsvc.actions.replay import people
from feedsvc.actions.replay.sent import Known, sent
from feedsvc.domain.journal import Line, Verb
from feedsvc.gateways.database import journalled
from feedsvc.records import facts

__all__ = ["Known", "mark", "replay"]


def mark(session: Session, *, now: datetime) -> None:
    """Note in journal and database that up to here they say the same."""
    number = secrets.token_bytes(8)
    facts.mark(session, number)
    journalled(session, f"{now.isoformat()} {Verb.MARK} {number.hex()}")


def replay(session: Session, lines: Sequence[Line], known: Known) -> None:
    """Replay some lines in their order."""
    for line in lines:
        hashes = known.hashes(line.person)
        if line.verb is Verb.SENT:
            sent(session, hashes, line, known)
        elif line.verb is Verb.MOVED:
            known.moved[bytes.fromhex(line.about[0])] = hashes
        else:
            _replay(session, hashes, line)
            session.flush()


def _replay(session: Session, hashes: Sequence[bytes], line: Line) -> None:
    signer = people.known_then(session, hashes, line.at)
    match line.verb:
        case Verb.ERASED:
            people.erase(session, signer, hashes, line.at)
        case Verb.NEVER:
            people.never(session, signer, hashes, line.at)
        case Verb.LIFTED:
            people.lift(session, hashes, line.at)
        case Verb.LEFT if signer:
            people.leave(session, signer.id or 0, line)
        case Verb.UNDONE if signer:
            people.undo(session, signer.id or 0, line)
        case Verb.RETURNED if signer:
            people.come_back(session, signer, line)
