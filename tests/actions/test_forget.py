"""What was never confirmed is forgotten after a week: address, name, and the wish to hear."""

import pytest
from sqlmodel import Session, select

from feedsvc.actions import ask, forget
from feedsvc.domain.tables.doors import Confirmation
from feedsvc.domain.tables.people import Signature, Signer, Subscription
from tests.world import World

ANNA = "anna@example.org"


@pytest.fixture
def river(here_and_now: World) -> World:
    here_and_now.campaign("river", kind="petition")
    here_and_now.campaign("forest", kind="petition")
    return here_and_now


def forgotten(here: World, **span: float) -> None:
    here.pass_time(**span)
    here.write(forget.forget_unconfirmed, now=here.now)


def kept(here: World, signer_id: int) -> list[bytes]:
    """Return what is still there by which a person could be found."""
    signer = here.read(lambda s: s.exec(select(Signer).where(Signer.id == signer_id)).one())
    held = (signer.address_index, signer.address_sealed, signer.language_sealed, signer.zone_sealed)
    return [value for value in held if value is not None]


def signed(here: World) -> list[int]:
    return list(here.read(lambda s: s.exec(select(Signature.campaign_id)).all()))


def test_who_never_confirmed_is_forgotten_after_a_week(river: World) -> None:
    anna = river.sign_up(ANNA)
    forgotten(river, days=7)
    assert (len(kept(river, anna)), signed(river)) == (4, [river.campaign_id()])
    forgotten(river, minutes=1)
    assert (kept(river, anna), signed(river)) == ([], [])


def test_nothing_of_who_is_forgotten_tells_where_they_live(river: World) -> None:
    anna = river.sign_up(ANNA, time_zone="Pacific/Chatham")
    forgotten(river, days=7, minutes=1)
    left = river.read(lambda s: s.get(Signer, anna))
    assert (left.zone_tag, left.domain_tag, left.daily_hour, left.weekly_day) == (b"", b"", 0, 0)


def test_a_wish_that_was_never_confirmed_ends(river: World) -> None:
    river.sign_up(ANNA)
    forgotten(river, days=7, minutes=1)
    wish = river.read(lambda s: s.exec(select(Subscription)).one())
    assert wish.ending == "expired"


def test_who_left_before_confirming_is_forgotten_too(river: World) -> None:
    anna = river.sign_up(ANNA)
    river.leave(anna)
    forgotten(river, days=7, minutes=1)
    assert kept(river, anna) == []


def test_who_confirmed_once_loses_only_what_they_did_not_confirm(river: World) -> None:
    anna = river.join(ANNA)
    river.sign_up(ANNA, "forest")
    forgotten(river, days=7, minutes=1)
    assert (len(kept(river, anna)), signed(river)) == (4, [river.campaign_id()])


def test_who_signs_again_within_the_week_is_kept(river: World) -> None:
    anna = river.sign_up(ANNA)
    river.pass_time(days=6)
    river.sign_up(ANNA)
    forgotten(river, days=6)
    assert len(kept(river, anna)) == 4


def test_who_was_forgotten_may_sign_as_if_for_the_first_time(river: World) -> None:
    before = river.sign_up(ANNA)
    forgotten(river, days=8)
    assert river.join(ANNA) != before
    assert signed(river) == [river.campaign_id()]


def test_that_an_address_was_asked_is_forgotten_after_a_month(river: World) -> None:
    river.sign_up(ANNA)
    forgotten(river, days=8)
    assert river.read(_asked) != [None]
    forgotten(river, days=23)
    assert river.read(_asked) == [None]


def test_who_waits_to_be_asked_is_kept_and_a_week_longer_once_they_were(river: World) -> None:
    for _ in range(3):
        river.sign_up(ANNA)
        river.pass_time(days=1)
    forgotten(river, days=8)  # the month of this address is used up
    anna = river.sign_up(ANNA)
    forgotten(river, days=18, hours=23)
    assert (len(kept(river, anna)), signed(river)) == (4, [river.campaign_id()])
    forgotten(river, hours=1)
    ask_all(river)
    assert len(river.read(_asked)) == 4
    forgotten(river, days=7)
    assert (len(kept(river, anna)), signed(river)) == (4, [river.campaign_id()])
    forgotten(river, minutes=1)
    assert (kept(river, anna), signed(river)) == ([], [])


def test_what_was_asked_a_week_ago_is_forgotten_though_its_person_waits_for_another(
    river: World,
) -> None:
    for _ in range(3):
        river.sign_up(ANNA)
        river.pass_time(days=1)
    river.sign_up(ANNA, "forest")
    forgotten(river, days=8)
    assert signed(river) == [river.campaign_id("forest")]


def ask_all(here: World) -> None:
    """Ask whoever is due to be asked."""
    pieces = (here.here.composer, here.here.keys, here.here.settings)
    while here.write(ask.ask, *pieces, now=here.now):
        pass


def _asked(session: Session) -> list[bytes | None]:
    return list(session.exec(select(Confirmation.address_index)).all())
