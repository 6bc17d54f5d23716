"""Fresh links: mailed once, to the address they were asked for, within the limits."""

import pytest
from sqlmodel import Session, col, select

from feedsvc.actions import link
from feedsvc.domain.tables.doors import FreshLink
from feedsvc.domain.tables.ledger import Digest, MailKind
from feedsvc.domain.tables.people import Reach, Signer, Suppression
from feedsvc.records import fresh_links
from tests.world import World

ANNA = "anna@example.org"


@pytest.fixture
def anna(here_and_now: World) -> World:
    here_and_now.campaign("river", kind="petition")
    here_and_now.join(ANNA)
    here_and_now.send()
    return here_and_now


def signs_again(world: World, slug: str = "river") -> None:
    index, campaign = world.here.keys.address_index(ANNA), world.campaign_id(slug)
    world.write(fresh_links.wish, index, campaign_id=campaign, now=world.now)


def asks(world: World, address: str = ANNA) -> None:
    world.write(fresh_links.wish, world.here.keys.address_index(address), now=world.now)


def mail(world: World) -> None:
    pieces = (world.here.composer, world.here.keys, world.here.settings)
    while world.write(link.mail_links, *pieces, now=world.now):
        pass


def waiting(world: World) -> list[FreshLink]:
    found: list[FreshLink] = world.read(lambda s: list(s.exec(select(FreshLink)).all()))
    return found


def test_who_has_not_confirmed_or_is_not_known_gets_no_link(anna: World) -> None:
    anna.sign_up("pending@example.org")
    for name in ("pending", "nobody"):
        asks(anna, f"{name}@example.org")
    assert waiting(anna) == []


def test_a_link_is_mailed_once_and_good_for_thirty_minutes(anna: World) -> None:
    asks(anna)
    anna.pass_time(hours=1)
    mail(anna)
    mail(anna)
    (row,) = waiting(anna)
    assert len(anna.mails(MailKind.LINK)) == 1
    assert row.expires_at == anna.now + fresh_links.LIFE


def test_who_signs_again_is_told_so_once_a_day_and_three_times_a_month(anna: World) -> None:
    told = []
    for _ in range(31 * 2):
        signs_again(anna)
        mail(anna)
        told.append(len(anna.mails(MailKind.KNOWN)))
        anna.pass_time(hours=12)
    assert told[:6] == [1, 1, 2, 2, 3, 3]
    assert (told[58], told[61]) == (3, 4)


def test_being_told_and_asking_do_not_use_up_each_other(anna: World) -> None:
    signs_again(anna)
    asks(anna)
    mail(anna)
    assert (len(anna.mails(MailKind.KNOWN)), len(anna.mails(MailKind.LINK))) == (1, 1)


def test_who_was_asked_today_is_not_told_too_and_the_other_way_round(anna: World) -> None:
    anna.campaign("forest", kind="petition")
    anna.sign_up(ANNA, "forest")
    signs_again(anna)
    assert waiting(anna) == []
    anna.pass_time(days=1)
    signs_again(anna)
    anna.campaign("meadow", kind="petition")
    anna.sign_up(ANNA, "meadow")
    assert (len(waiting(anna)), len(anna.mails(MailKind.CONFIRM))) == (1, 2)  # river, forest


def test_who_signs_again_is_told_of_what_and_nothing_else(anna: World) -> None:
    anna.campaign("forest")
    signs_again(anna)
    mail(anna)
    ((_, known),) = anna.mails(MailKind.KNOWN)
    message = anna.read(lambda s: s.get(Digest, known.digest_id)).message
    assert b"Save the river" in message
    assert b"forest" not in message


def test_who_wants_discreet_mails_is_not_told_of_what(anna: World) -> None:
    def be_discreet(session: Session) -> None:
        session.exec(select(Signer)).one().discreet = True

    anna.write(be_discreet)
    signs_again(anna)
    mail(anna)
    ((_, sent),) = anna.mails(MailKind.LINK)
    message = anna.read(lambda s: s.get(Digest, sent.digest_id)).message
    assert anna.mails(MailKind.KNOWN) == []
    assert b"river" not in message
    assert b"Campaign updates" not in message


def test_who_asked_never_to_be_written_to_meanwhile_is_not(anna: World) -> None:
    asks(anna)
    index = anna.here.keys.address_index(ANNA)
    ban = Suppression(address_index=index, reach=Reach.ALL, reason="no", created_at=anna.now)
    anna.write(lambda session: session.add(ban))
    mail(anna)
    assert anna.mails(MailKind.LINK) == []


def test_a_damaged_row_stops_nobody_else(anna: World) -> None:
    anna.join("bea@example.org")

    def damage(session: Session) -> None:
        session.exec(select(Signer).order_by(col(Signer.id))).all()[0].address_sealed = b"x"

    anna.write(damage)
    asks(anna)
    asks(anna, "bea@example.org")
    mail(anna)
    assert [address for address, _ in anna.mails(MailKind.LINK)] == ["bea@example.org"]


def test_links_are_forgotten_after_thirty_days(anna: World) -> None:
    asks(anna)
    mail(anna)
    anna.pass_time(days=30)
    anna.write(link.forget_links, now=anna.now)
    assert len(waiting(anna)) == 1
    anna.pass_time(seconds=1)
    anna.write(link.forget_links, now=anna.now)
    assert waiting(anna) == []
