"""Law 8: what is poisoned is refused at the door; what slips in stops nobody else."""

from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from feedsvc.actions import deliver, sign
from feedsvc.domain.mime import Skeleton
from feedsvc.domain.outcome import Fault, Kind, Outcome
from feedsvc.domain.tables.ledger import Digest, Mail
from feedsvc.domain.tables.people import Signer
from feedsvc.errors import Invalid
from tests.world import World

HELD = Outcome(Kind.HELD, Fault.OURS)


@pytest.mark.parametrize(
    "poison",
    [
        {"title": "a slot \ufdd0leave_url\ufdd1"},
        {"title": "a null \x00"},
        {"body": "\ud800"},
        {"occurred_on": "10/04/2017"},
        {"occurred_on": "2999-01-01"},
        {"mail_subject": "News\r\nBcc: everybody@example.org"},
    ],
)
def test_a_poisoned_update_is_refused_and_nothing_is_stored(
    here_and_now: World, poison: dict[str, Any]
) -> None:
    here_and_now.campaign()
    before = here_and_now.dump()
    with pytest.raises((Invalid, ValidationError)):
        here_and_now.post(**poison)
    assert here_and_now.dump() == before


def test_a_poisoned_address_is_refused_and_nothing_is_stored(here_and_now: World) -> None:
    here_and_now.campaign()
    before = here_and_now.dump()
    with pytest.raises((Invalid, ValidationError)):
        here_and_now.sign_up("anna@example.org\r\nBcc: everybody@example.org")
    assert here_and_now.dump() == before


DAMAGE = [b"", b"\x01", b"\x01" + bytes(40), b"\xff" + bytes(40)]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(
    ("column", "refused", "withheld"),
    [("address_sealed", {"ours": 1}, {}), ("language_sealed", {}, {"damaged": 1})],
)
def test_a_damaged_signer_stops_nobody_else(
    here_and_now: World,
    column: str,
    refused: dict[str, int],
    withheld: dict[str, int],
    damage: bytes,
) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    bad = here_and_now.join("bea@example.org")
    here_and_now.join("carl@example.org")
    here_and_now.send()

    def break_it(session: Session) -> None:
        setattr(session.get_one(Signer, bad), column, damage)
        session.get_one(Signer, bad).language_tag = None

    here_and_now.write(break_it)
    here_and_now.post()
    assert here_and_now.run(minutes=11) == ["anna@example.org", "carl@example.org"]
    books = here_and_now.books()
    assert (books.refused, books.withheld, books.balanced) == (refused, withheld, True)


def test_a_damaged_signup_stops_nobody_else(here_and_now: World) -> None:
    here_and_now.campaign()
    damaged = [(b"\x01" + bytes(40), here_and_now.now), (b"", here_and_now.now)]
    here_and_now.write(sign.take_in, damaged)
    here_and_now.sign_up("anna@example.org")
    assert here_and_now.run(minutes=1) == ["anna@example.org"]


def test_a_mail_that_cannot_be_spliced_stops_no_other(here_and_now: World) -> None:
    here_and_now.campaign()
    for name in ("anna", "bea", "carl"):
        here_and_now.join(f"{name}@example.org")
    here_and_now.send()
    here_and_now.post()
    here_and_now.run_until_planned()
    worker = here_and_now.write(deliver.enlist, now=here_and_now.now)
    sent = []
    for claim in here_and_now.claims(worker, limit=5):
        assert here_and_now.mark(worker, None, claim.mail_id)
        values = dict(here_and_now.values(here_and_now.read(_mail, claim.mail_id)))
        if values["address"].startswith("bea"):
            values["address"] = "bea@example.org\r\nDATA"
        outcome = Outcome(Kind.SENT)
        try:
            Skeleton(here_and_now.read(_message, claim.digest_id)).splice(values)
            sent.append(values["address"])
        except Invalid:
            outcome = HELD
        here_and_now.mark(worker, deliver.Mark(claim.mail_id, outcome, ""), None)
    assert sent == ["anna@example.org", "carl@example.org"]
    books = here_and_now.books()
    assert (books.sent, books.refused, books.balanced) == (2, {"ours": 1}, True)


def _mail(session: Session, mail_id: int) -> Mail:
    return session.exec(select(Mail).where(Mail.id == mail_id)).one()


def _message(session: Session, digest_id: int) -> bytes:
    return session.exec(select(Digest.message).where(Digest.id == digest_id)).one()
