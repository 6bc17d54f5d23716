"""Who is erased is a row that names nobody: it adds up, and its address is not used again."""

import asyncio
from typing import Any

import pytest
from sqlmodel import Session, select

from feedsvc.actions import deliver, erase, leave, move, sign
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import Signup
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.doors import AddressChange, Confirmation, FreshLink, Intake
from feedsvc.domain.tables.ledger import MOVING, Mail, MailKind, MailState, Snapshot
from feedsvc.domain.tables.people import Reach, Signature, Signer, Subscription, Suppression
from feedsvc.domain.tables.staff import AuditLine
from feedsvc.domain.tokens import Purpose, Token
from tests.world import World

ANNA, BEA = "anna@planted.example.org", "bea@example.org"


@pytest.fixture
def river(here_and_now: World) -> World:
    here_and_now.campaign("river", kind="petition")
    here_and_now.campaign("forest", kind="petition")
    return here_and_now


def erased(here: World, signer_id: int) -> None:
    here.write(erase.erase, signer_id, now=here.now)


def all_of(here: World, table: Any) -> list[Any]:
    return list(here.read(lambda session: session.exec(select(table)).all()))


def signer(here: World, signer_id: int) -> Signer:
    found: Signer = next(one for one in all_of(here, Signer) if one.id == signer_id)
    return found


def traces(here: World, address: str) -> list[str]:
    """Name the tables that hold the keyed hash of an address."""
    index = here.here.keys.address_index(address)
    rows = here.dump().items()
    return [table for table, found in rows for row in found if index in row]


def test_the_row_stays_and_holds_nothing(river: World) -> None:
    anna = river.join(ANNA, time_zone="Pacific/Chatham", language="ar")
    erased(river, anna)
    left = signer(river, anna)
    assert left.erased_at == river.now
    held = (left.address_index, left.address_sealed, left.language_sealed, left.zone_sealed)
    assert [value for value in (*held, left.language_tag) if value is not None] == []
    assert (left.zone_tag, left.domain_tag) == (b"", b"")
    assert (left.daily_hour, left.weekly_day) == (0, 0)


def test_the_words_of_a_consent_are_gone(river: World) -> None:
    anna = river.join(ANNA, consent_text=f"{ANNA} said so at the market", source="import market")
    erased(river, anna)
    [wish] = all_of(river, Subscription)
    assert (wish.consent_source, wish.consent_text) == ("erased", "erased")


def test_nothing_goes_to_an_address_that_was_erased_before_somebody_moved_there(
    river: World,
) -> None:
    moving(river)
    index = river.here.keys.address_index(BEA)
    river.write(erase.erase_address, index, by="test", now=river.now)
    assert (river.send(), traces(river, BEA)) == ([], ["suppression"])
    asked = [mail.id for mail in all_of(river, Mail) if mail.kind in MOVING]
    assert len(asked) == 2
    assert not [kept for kept in all_of(river, Snapshot) if kept.mail_id in asked]


def test_that_an_address_was_asked_counts_though_who_asked_is_erased(river: World) -> None:
    for number in range(3):
        anna = moving(river, f"x{number}@example.org")
        river.send()
        erased(river, anna)
    assert len([mail for mail in all_of(river, Mail) if mail.kind == MailKind.MOVE_TO]) == 1
    assert not [change for change in all_of(river, AddressChange) if change.address_sealed]


def test_who_has_moved_is_erased_under_both_addresses(river: World) -> None:
    anna = moved(river)
    river.pass_time(days=40)
    river.write(move.forget_changes, now=river.now)
    erased(river, anna)
    assert (traces(river, ANNA), traces(river, BEA)) == (["suppression"], ["suppression"])


def test_an_address_that_somebody_else_has_by_now_is_left_alone(river: World) -> None:
    anna = moved(river)
    river.join(ANNA)
    erased(river, anna)
    assert "suppression" not in traces(river, ANNA)


def moving(river: World, address: str = ANNA) -> int:
    """Let somebody join and want to be written to at BEA; both are asked."""
    anna = river.join(address)
    river.send()
    river.write(move.ask_to_move, anna, BEA, keys=river.here.keys, now=river.now)
    asyncio.run(river.tick())
    return anna


def moved(river: World) -> int:
    """Let somebody move from ANNA to BEA."""
    anna = moving(river)
    [change] = all_of(river, AddressChange)
    for purpose in (Purpose.MOVE_FROM, Purpose.MOVE_TO):
        token = Token(purpose, anna, change.id)
        river.write(move.agree, token, keys=river.here.keys, now=river.now)
    return anna


def test_one_keyed_hash_is_left_and_it_suppresses_everything(river: World) -> None:
    anna = river.join(ANNA)
    river.join(ANNA, "forest")
    river.write(_bounced, river.here.keys.address_index(ANNA), river.now)
    erased(river, anna)
    assert traces(river, ANNA) == ["suppression"]
    assert [(one.reach, one.reason) for one in all_of(river, Suppression)] == [("all", "erased")]


def _bounced(session: Session, index: bytes, now: Any) -> None:
    session.add(Suppression(address_index=index, reach=Reach.BULK, reason="5.1.1", created_at=now))


def test_wishes_end_and_what_was_not_sent_is_withheld(river: World) -> None:
    anna = river.join(ANNA)
    river.send()
    river.post(title="First")
    river.run()
    river.post(title="Second")
    river.run_until_planned()
    river.post(title="Third")
    river.run_until_planned(minutes=1)
    erased(river, anna)
    assert [wish.ending for wish in all_of(river, Subscription)] == ["erased"]
    assert [(one.state, one.reason) for one in river.deliveries()] == [
        ("mailed", None),
        ("withheld", "erased"),
        ("withheld", "erased"),
    ]
    assert river.send() == []


def test_the_books_of_a_fan_out_under_way_count_the_erased(river: World) -> None:
    anna = river.join(ANNA)
    river.join(BEA)
    river.send()
    river.post()
    erased(river, anna)
    assert river.run() == [BEA]
    books = river.books()
    assert (books.eligible, books.withheld, books.balanced) == (2, {"erased": 1}, True)


def test_open_mails_are_cancelled_and_no_mail_keeps_its_slots(river: World) -> None:
    anna = river.sign_up(ANNA)
    river.send()
    river.confirm(anna)
    river.post()
    river.run_until_planned()
    river.sign_up(ANNA, "forest")
    erased(river, anna)
    assert [mail.state for mail in all_of(river, Mail)] == ["sent", "cancelled", "cancelled"]
    assert [mail.domain_tag for mail in all_of(river, Mail)] == [b"", b"", b""]
    assert all_of(river, Snapshot) == []


def test_others_keep_what_is_theirs(river: World) -> None:
    anna, bea = river.join(ANNA), river.join(BEA)
    erased(river, anna)
    assert signer(river, bea).address_sealed is not None
    assert len(all_of(river, Snapshot)) == 1
    assert [one.person_index for one in all_of(river, Signature) if one.signer_id] == [
        river.here.keys.address_index(BEA)
    ]


def test_a_signature_goes_on_counting_for_somebody(river: World) -> None:
    anna = river.join(ANNA)
    river.sign_up(ANNA, "forest")
    erased(river, anna)
    [signature] = all_of(river, Signature)
    assert (signature.name_sealed, signature.signer_id) == (None, None)
    assert {one.slug: one.signatures for one in all_of(river, Campaign)} == {
        "river": 1,
        "forest": 0,
    }


def test_links_and_wishes_to_move_are_gone(river: World) -> None:
    anna = river.join(ANNA)
    keys = river.here.keys
    when: Any = {"created_at": river.now, "expires_at": river.now}
    moving = AddressChange(signer_id=anna, address_index=keys.address_index(BEA), **when)
    wanting = AddressChange(
        signer_id=river.join(BEA), address_index=keys.address_index(ANNA), **when
    )
    rows = [moving, wanting, FreshLink(signer_id=anna, due_at=river.now, **when)]
    river.write(lambda session: session.add_all(rows))
    erased(river, anna)
    assert (all_of(river, AddressChange), all_of(river, FreshLink)) == ([], [])
    assert anna not in [one.signer_id for one in all_of(river, Confirmation)]


def test_erasing_twice_changes_nothing(river: World) -> None:
    anna = river.join(ANNA)
    erased(river, anna)
    before = river.dump()
    river.pass_time(days=1)
    erased(river, anna)
    assert river.dump() == before


def test_who_was_erased_does_not_come_back_by_the_form(river: World) -> None:
    form = Signup(email=ANNA, name="Anna", updates=True, campaign_id=river.campaign_id())
    waiting = river.here.keys.seal(form.model_dump_json(), Sealed.INTAKE)
    anna = river.join(ANNA)
    river.write(sign.take_in, [(waiting, river.now)])
    erased(river, anna)
    river.run_until_planned()
    assert traces(river, ANNA) == ["suppression"]
    assert all_of(river, Intake) == []


def test_an_address_that_nobody_has_is_not_written_to_either(river: World) -> None:
    index = river.here.keys.address_index(ANNA)
    found = river.write(erase.erase_address, index, by="test", now=river.now)
    assert (found, traces(river, ANNA)) == (None, ["suppression"])


def test_who_signed_without_updates_is_unnamed_by_their_address(river: World) -> None:
    river.join(ANNA, updates=False)
    index = river.here.keys.address_index(ANNA)
    river.write(erase.erase_address, index, by="test", now=river.now)
    assert traces(river, ANNA) == ["suppression"]
    assert [one.confirmed_at for one in all_of(river, Signature)] == [river.now]


def test_a_mail_of_a_life_that_was_forgotten_keeps_no_slots(river: World) -> None:
    forgotten = river.sign_up(ANNA)
    river.write(lambda s: s.get(Signer, forgotten).forget())
    river.write(erase.erase_address, river.here.keys.address_index(ANNA), by="test", now=river.now)
    assert all_of(river, Snapshot) == []


def test_a_mail_in_flight_is_not_repeated_after_a_crash(river: World) -> None:
    anna = river.join(ANNA)
    river.send()
    river.post()
    river.run_until_planned()
    worker = river.write(deliver.enlist, now=river.now)
    [claim] = river.claims(worker)
    river.mark(worker, None, claim.mail_id)
    erased(river, anna)
    river.write(deliver.take_over, worker, now=river.now)
    newest = river.read(lambda s: s.get(Mail, claim.mail_id))
    assert (newest.state, newest.due_at) == (MailState.UNKNOWN, None)
    assert river.books().balanced


def test_the_audit_says_that_it_was_done_and_not_to_whom(river: World) -> None:
    anna = river.join(ANNA)
    erased(river, anna)
    last = all_of(river, AuditLine)[-1]
    assert (last.who, last.what, last.about) == ("the person", "erase", f"signer {anna}")


def test_who_asked_never_to_be_written_to_stays_so(river: World) -> None:
    anna = river.join(ANNA)
    river.write(leave.never, anna, now=river.now)
    erased(river, anna)
    assert traces(river, ANNA) == ["suppression"]
