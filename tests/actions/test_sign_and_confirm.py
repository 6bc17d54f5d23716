"""Signing asks; confirming counts; nothing counts unconfirmed."""

import pytest
from sqlmodel import Session, col, select

from feedsvc.actions import confirm, crowd, forget, tidy
from feedsvc.domain.tables.content import Campaign, Letter
from feedsvc.domain.tables.doors import Confirmation, FreshLink, Intake
from feedsvc.domain.tables.ledger import Mail, MailKind, Snapshot
from feedsvc.domain.tables.people import Cadence, Reach, Signature, Subscription, Suppression
from feedsvc.errors import NotFound
from tests.world import World

ANNA = "anna@example.org"


@pytest.fixture
def river(here_and_now: World) -> World:
    here_and_now.campaign("river", kind="petition")
    return here_and_now


def asked(here: World) -> tuple[int, int]:
    """Return whom the newest link asked, and its number."""
    newest = select(Confirmation).order_by(col(Confirmation.id).desc()).limit(1)
    found = here.read(lambda s: s.exec(newest).one())
    return found.signer_id, found.id


def counted(here: World, slug: str = "river") -> int:
    wanted = select(Campaign.signatures).where(Campaign.slug == slug)
    found = here.read(lambda s: s.exec(wanted).one())
    assert isinstance(found, int)
    return found


def wish(here: World) -> Subscription:
    found = here.read(lambda s: s.exec(select(Subscription)).one())
    assert isinstance(found, Subscription)
    return found


def test_whoever_signs_is_asked_to_confirm(river: World) -> None:
    river.sign_up(ANNA)
    assert river.send() == [ANNA]


def test_who_has_not_confirmed_hears_nothing(river: World) -> None:
    river.sign_up(ANNA)
    river.send()
    river.post()
    assert river.run(days=9) == []
    assert river.books().eligible == 0


def test_one_address_is_asked_once_a_day_and_three_times_a_month(river: World) -> None:
    asked_on = []
    for day in range(10):
        for _ in range(2):
            river.sign_up(ANNA)
        asked_on += [day] * len(river.send())
        river.pass_time(days=1, minutes=1)
    assert asked_on == [0, 1, 2]


def test_nothing_is_left_of_a_signup_that_was_worked_off(river: World) -> None:
    river.sign_up(ANNA)
    assert river.read(lambda s: s.exec(select(Intake)).all()) == []


def test_confirming_counts_signature_and_wish(river: World) -> None:
    river.join(ANNA)
    signature = river.read(lambda s: s.exec(select(Signature)).one())
    assert signature.confirmed_at == river.now
    assert wish(river).live


def test_a_link_works_once_and_then_shows_the_same(river: World) -> None:
    river.sign_up(ANNA)
    first = river.write(confirm.confirm, *asked(river), now=river.now)
    before = river.dump()
    river.pass_time(days=1)
    assert river.write(confirm.confirm, *asked(river), now=river.now) == first
    assert river.dump() == before


def test_a_yes_to_one_link_answers_every_link_that_is_out(river: World) -> None:
    river.sign_up(ANNA)
    first = asked(river)
    river.pass_time(days=1)
    river.sign_up(ANNA)
    assert asked(river) != first
    shown = river.write(confirm.confirm, *asked(river), now=river.now)
    before = river.dump()
    assert river.write(confirm.confirm, *first, now=river.now) == shown
    assert river.dump() == before


def test_a_link_confirms_nobody_else(river: World) -> None:
    anna = river.sign_up(ANNA)
    river.sign_up("bea@example.org")
    _, bea_was_asked = asked(river)
    with pytest.raises(NotFound):
        river.write(confirm.confirm, anna, bea_was_asked, now=river.now)
    assert counted(river) == 0


def test_signatures_are_counted_once_and_when_they_are_confirmed(river: World) -> None:
    river.campaign("forest", kind="petition")
    river.sign_up(ANNA)
    assert counted(river) == 0
    river.confirm(river.signer_id(ANNA))
    river.sign_up(ANNA)
    river.write(confirm.confirm, *asked(river), now=river.now)
    river.join("bea@example.org", updates=False)
    assert (counted(river), counted(river, "forest")) == (2, 0)


def test_a_crowd_is_counted(river: World) -> None:
    keys, settings = river.here.keys, river.here.settings
    river.write(crowd.add_crowd, "river", keys, settings, count=3, now=river.now)
    assert counted(river) == 3


def test_a_link_whose_signature_is_a_week_old_confirms_nothing(river: World) -> None:
    river.campaign("forest", kind="petition")
    river.sign_up(ANNA)
    river.pass_time(days=7, minutes=1)
    river.sign_up(ANNA, "forest")
    assert river.write(confirm.confirm, *asked(river), now=river.now) == [
        river.campaign_id("forest")
    ]
    assert (counted(river), counted(river, "forest")) == (0, 1)


def test_an_old_link_has_expired(river: World) -> None:
    river.sign_up(ANNA)
    river.pass_time(days=7)
    with pytest.raises(NotFound) as gone:
        river.write(confirm.confirm, *asked(river), now=river.now)
    assert gone.value.remedy


def test_a_link_confirms_as_long_as_it_is_valid_whatever_was_tidied(river: World) -> None:
    river.sign_up(ANNA)
    river.pass_time(days=6)
    river.sign_up(ANNA)
    river.pass_time(days=6)
    river.write(forget.forget_unconfirmed, now=river.now)
    river.write(confirm.confirm, *asked(river), now=river.now)
    assert wish(river).live


def test_the_last_word_before_confirming_decides_the_cadence(river: World) -> None:
    river.sign_up(ANNA, cadence=Cadence.DAILY)
    river.sign_up(ANNA, cadence=Cadence.WEEKLY)
    river.confirm(river.signer_id(ANNA))
    assert wish(river).cadence is Cadence.WEEKLY


def test_signing_again_does_not_change_what_was_confirmed(river: World) -> None:
    river.join(ANNA, cadence=Cadence.DAILY)
    river.sign_up(ANNA, cadence=Cadence.WEEKLY)
    assert wish(river).cadence is Cadence.DAILY


def test_who_signs_again_what_counts_is_sent_a_link_and_not_asked(river: World) -> None:
    anna = river.join(ANNA)
    river.pass_time(days=3)
    river.sign_up(ANNA)
    links = river.read(lambda s: s.exec(select(FreshLink)).all())
    assert [(link.signer_id, link.campaign_id) for link in links] == [(anna, river.campaign_id())]
    assert len(river.mails(MailKind.CONFIRM)) == 1


def test_who_left_and_signs_up_again_is_asked_again_under_a_new_row(river: World) -> None:
    anna = river.join(ANNA)
    river.leave(anna)
    river.pass_time(days=3)
    river.sign_up(ANNA)
    wishes = river.read(lambda s: s.exec(select(Subscription)).all())
    assert [one.confirmed_at is not None for one in wishes] == [True, False]
    assert river.read(lambda s: s.exec(select(FreshLink)).all()) == []


@pytest.mark.parametrize(("seen", "kept"), [(1, 1), (9, 2), (None, 2)])
def test_a_signature_is_put_under_the_letter_that_was_seen(
    river: World, seen: int | None, kept: int
) -> None:
    for version in (1, 2):
        letter = Letter(
            campaign_id=river.campaign_id(),
            version=version,
            language="en",
            addressees=[],
            created_at=river.now,
        )
        river.write(lambda session, letter=letter: session.add(letter))
    river.sign_up(ANNA, letter_version=seen)
    signature = river.read(lambda s: s.exec(select(Signature)).one())
    assert signature.letter_version == kept


def test_confirming_lifts_what_stopped_bulk_mail(river: World) -> None:
    suppression = Suppression(
        address_index=river.here.keys.address_index(ANNA),
        reach=Reach.BULK,
        reason="dead",
        created_at=river.now,
    )
    river.write(lambda session: session.add(suppression))
    river.join(ANNA)
    river.send()
    river.post()
    assert river.run(minutes=11) == [ANNA]


def test_addresses_in_finished_mails_are_forgotten_after_a_month(river: World) -> None:
    river.join(ANNA)
    river.send()
    river.pass_time(days=30, minutes=1)
    river.write(tidy.tidy, now=river.now)
    assert river.read(_snapshots) == []


def test_addresses_in_mails_that_are_still_to_go_are_kept(river: World) -> None:
    river.sign_up(ANNA)
    river.pass_time(days=30, minutes=1)
    river.write(tidy.tidy, now=river.now)
    assert river.read(_snapshots) != [None]


def test_nobody_learns_from_a_confirm_link_what_else_a_person_signed(river: World) -> None:
    river.campaign("forest", kind="petition")
    river.join(ANNA, "river")
    river.pass_time(days=2)
    river.sign_up(ANNA, "forest")
    shown = river.write(confirm.confirm, *asked(river), now=river.now)
    assert shown == [river.campaign_id("forest")]


def _snapshots(session: Session) -> list[bytes]:
    kept = select(Snapshot).join(Mail).where(Mail.kind == MailKind.CONFIRM)
    return [snapshot.sealed or b"" for snapshot in session.exec(kept).all()]


def test_the_words_that_were_agreed_to_last_are_kept(river: World) -> None:
    river.sign_up(ANNA, source="api https://old.example", consent_text="Old words")
    river.pass_time(hours=1)
    river.sign_up(ANNA, source="form", consent_text="New words")
    found = wish(river)
    kept = (found.consent_source, found.consent_text, found.consented_at)
    assert kept == ("form", "New words", river.now)
