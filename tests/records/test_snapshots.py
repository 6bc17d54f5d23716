"""A mail has the same bytes at every repeat, whatever has changed since it was planned."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from feedsvc.actions import choose
from feedsvc.domain import tokens
from feedsvc.domain.mime import Skeleton
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.ledger import Mail, Snapshot
from feedsvc.domain.tables.people import Signature, Signer, Subscription
from feedsvc.domain.tokens import Purpose
from feedsvc.records import snapshots
from tests.world import World

ANNA = "anna@example.org"


@pytest.fixture
def planned(here_and_now: World) -> World:
    """Give a world with one mail in the queue."""
    here_and_now.campaign(kind="petition")
    here_and_now.join(ANNA, name="Anna")
    here_and_now.send()
    here_and_now.post()
    here_and_now.run_until_planned()
    return here_and_now


def mail(here: World) -> Mail:
    """Return the only digest mail."""
    ((_, found),) = here.mails()
    return found


def another_address(here: World) -> None:
    sealed = here.here.keys.seal("other@example.org", Sealed.ADDRESS)
    here.write(lambda session: session.execute(update(Signer).values(address_sealed=sealed)))


def another_name(here: World) -> None:
    sealed = here.here.keys.seal("Somebody Else", Sealed.NAME)
    here.write(lambda session: session.execute(update(Signature).values(name_sealed=sealed)))


def another_language(here: World) -> None:
    keys = here.here.keys
    values = {
        "language_sealed": keys.seal("ar", Sealed.LANGUAGE),
        "language_tag": keys.tag("ar", Sealed.LANGUAGE),
    }
    here.write(lambda session: session.execute(update(Signer).values(**values)))


def another_place(here: World) -> None:
    place = {"zone": "Asia/Damascus", "hour": 3, "weekday": 4, "keys": here.here.keys}
    here.write(choose.choose_time, mail(here).signer_id, **place)


def signed_at_another_time(here: World) -> None:
    other = datetime(2020, 2, 29, tzinfo=UTC)
    here.write(lambda session: session.execute(update(Signature).values(signed_at=other)))


def another_site(here: World) -> None:
    site = here.here.settings.site.model_copy(update={"base_url": "https://elsewhere.example"})
    settings = here.here.settings.model_copy(update={"site": site})
    here.here = replace(here.here, settings=settings)


def another_key(here: World) -> None:
    """Rotate the keys, and seal what is kept with the new one."""
    old = here.here.keys
    new = rotated(old)
    here.here = replace(here.here, keys=new)

    def reseal(session: Session) -> None:
        for kept in session.exec(select(Snapshot).where(col(Snapshot.sealed).is_(None))).all():
            address = old.unseal(kept.address_sealed or b"", Sealed.ADDRESS)
            name = old.unseal(kept.name_sealed or b"", Sealed.NAME)
            kept.address_sealed = new.seal(address, Sealed.ADDRESS)
            kept.name_sealed = new.seal(name, Sealed.NAME)

    here.write(reseal)


def rotated(keys: Keys) -> Keys:
    """Give a second key, which seals and signs from now on."""
    return replace(
        keys,
        seals={**keys.seals, 2: b"s" * 32},
        tokens={**keys.tokens, 2: b"t" * 32},
        current=2,
    )


CHANGES = [
    another_address,
    another_name,
    another_language,
    another_place,
    signed_at_another_time,
    another_site,
    another_key,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_repeat_has_the_same_bytes(planned: World, change: Callable[[World], None]) -> None:
    number = mail(planned).id
    before = planned.letter(number)
    change(planned)
    planned.pass_time(days=1)
    assert planned.letter(number) == before


def test_what_is_planned_after_a_rotation_is_signed_with_the_new_key(planned: World) -> None:
    planned.here = replace(planned.here, keys=rotated(planned.here.keys))
    planned.post(title="More")
    planned.run_until_planned()
    used = [planned.read(snapshots.kept, one.id).token_key for _, one in planned.mails()]
    assert used == [1, 2]


def test_each_link_in_a_mail_is_one_of_this_person(planned: World) -> None:
    found, values = mail(planned), planned.values(mail(planned))
    written = values["leave_all_url"].removeprefix(planned.here.settings.site.base_url + "/u/")
    token = tokens.read(written, planned.here.keys, Purpose.LEAVE_ALL)
    assert token is not None
    assert token.subject == found.signer_id


def test_a_mail_that_was_planned_before_keeps_its_sealed_values(planned: World) -> None:
    found = mail(planned)
    before = planned.letter(found.id)
    sealed = planned.here.keys.seal(orjson.dumps(dict(planned.values(found))).decode(), Sealed.MAIL)
    old = {"address_sealed": None, "name_sealed": None, "signed_on": None, "token_key": None}
    planned.write(lambda session: session.execute(update(Snapshot).values(sealed=sealed, **old)))
    assert planned.letter(found.id) == before
    assert planned.send() == [ANNA]


def test_whoever_signed_under_no_name_is_dated_by_their_consent(planned: World) -> None:
    consented = datetime(2019, 5, 6, tzinfo=UTC)
    planned.write(lambda s: s.execute(update(Subscription).values(consented_at=consented)))
    planned.write(lambda s: s.execute(update(Signature).values(signer_id=None)))
    planned.post(title="More")
    planned.run_until_planned()
    values = planned.values(planned.mails()[-1][1])
    assert (values["name"], values["signed_on"]) == ("", "6 May 2019")


def test_a_mail_whose_values_were_wiped_does_not_open(planned: World) -> None:
    found = mail(planned)
    planned.write(lambda session: session.execute(update(Snapshot).values(address_sealed=None)))
    frame = planned.read(snapshots.frame, found.digest_id)
    with pytest.raises(Exception, match="does not open"):
        Skeleton(frame.message).splice(planned.values(found))
