"""Law 6 below HTTP: what a page asks changes no row, and a reader could not."""

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from feedsvc.actions import leave, publish
from feedsvc.domain.tables.doors import Confirmation
from feedsvc.domain.tables.people import Signer
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.errors import Unavailable
from feedsvc.records import confirmations, pending
from feedsvc.records.books import books
from tests.world import World


def test_looking_at_the_pages_of_confirm_leave_and_books(here_and_now: World) -> None:
    here_and_now.campaign()
    anna = here_and_now.join("anna@example.org")
    here_and_now.post()
    here_and_now.run_until_planned()
    bea = here_and_now.sign_up("bea@example.org")
    asked = here_and_now.read(
        lambda s: s.exec(select(Confirmation.id).where(Confirmation.signer_id == bea)).one()
    )
    before = here_and_now.dump()
    here_and_now.read(confirmations.valid, bea, asked, here_and_now.now)
    here_and_now.read(pending.campaigns, bea, here_and_now.now)
    for purpose in (Purpose.LEAVE_CAMPAIGN, Purpose.LEAVE_MAIL, Purpose.LEAVE_ALL):
        here_and_now.read(leave.campaigns_of, Token(purpose, anna, 1))
        here_and_now.read(leave.known, Token(purpose, anna, 1))
    here_and_now.read(publish.estimate, here_and_now.campaign_id())
    here_and_now.read(books)
    assert here_and_now.dump() == before


def test_a_reader_cannot_write(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    before = here_and_now.dump()

    def write(session: Session) -> None:
        session.exec(select(Signer)).one().daily_hour = 3
        session.flush()
        session.commit()

    if here_and_now.here.database.url.startswith("sqlite"):
        with pytest.raises((OperationalError, Unavailable)):
            here_and_now.read(write)
        assert here_and_now.dump() == before
