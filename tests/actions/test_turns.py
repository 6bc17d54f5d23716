"""Who signs from a crowded network, or in a crowded hour, waits their turn; nobody is dropped (TRUST 4)."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from feedsvc.actions import forget
from feedsvc.domain.tables.doors import Bucket
from feedsvc.domain.tables.ledger import MailKind
from tests.actions.test_ask import asks
from tests.world import World, world

HERE, THERE = "aa" * 8, "bb" * 8


@pytest.fixture
def river(here_and_now: World) -> World:
    here_and_now.campaign("river", kind="petition")
    here_and_now.campaign("forest", kind="petition")
    return here_and_now


def crowd(here: World, number: int, network: str = HERE) -> list[str]:
    """Let as many sign from a network."""
    addresses = [f"{number}@{network or THERE}.example.org" for number in range(number)]
    for address in addresses:
        here.sign_up(address, network=network)
    return addresses


def asked(here: World) -> list[str]:
    asks(here)
    return [address for address, _ in here.mails(MailKind.CONFIRM)]


def test_five_of_a_network_are_asked_at_once_and_the_others_two_minutes_apart(
    river: World,
) -> None:
    everybody = crowd(river, 7)
    assert asked(river) == everybody[:5]
    river.pass_time(minutes=2)
    assert asked(river) == everybody[:6]
    river.pass_time(minutes=2)
    assert asked(river) == everybody


def test_another_network_does_not_wait_for_it(river: World) -> None:
    crowd(river, 8)
    river.sign_up("bea@example.org", network=THERE)
    assert asked(river)[-1] == "bea@example.org"


def test_who_comes_with_the_passcode_does_not_wait(river: World) -> None:
    crowd(river, 8)
    river.sign_up("bea@example.org", network="")
    assert asked(river)[-1] == "bea@example.org"


def test_who_signs_again_from_elsewhere_does_not_wait_for_the_crowd(river: World) -> None:
    crowd(river, 5)
    river.sign_up("bea@example.org", network=HERE)
    assert "bea@example.org" not in asked(river)
    river.sign_up("bea@example.org", network=THERE)
    assert asked(river)[-1] == "bea@example.org"


def test_only_what_brings_a_mail_counts_against_the_network(river: World) -> None:
    river.sign_up("anna@example.org", network=HERE)
    for _ in range(20):
        river.sign_up("anna@example.org", network=HERE)
        river.sign_up("anna@example.org", "forest", network=HERE)
    river.sign_up("bea@example.org", network=HERE)
    assert asked(river)[-1] == "bea@example.org"


def test_what_a_network_sent_is_forgotten_within_a_day(river: World) -> None:
    crowd(river, 50)
    river.pass_time(hours=24)
    river.write(forget.forget_unconfirmed, now=river.now)
    assert river.read(lambda s: s.exec(select(Bucket)).all()) == []


def test_the_hour_has_so_many_mails_and_the_others_wait_in_turn(
    database_url: str, tmp_path: Path
) -> None:
    with world(database_url, tmp_path, limits={"confirm_mails_per_hour": 4}) as river:
        river.campaign("river", kind="petition")
        everybody = crowd(river, 6, network="")
        assert asked(river) == everybody[:4]
        river.pass_time(minutes=15)
        assert asked(river) == everybody[:5]
        river.now += timedelta(hours=1)
        assert asked(river) == everybody
