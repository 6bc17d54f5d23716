"""A chunk is planned by groups: who reads the same gets the same digest, and nobody is torn apart."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from feedsvc.actions import fan_out, leave, plan, slots
from feedsvc.actions.plan import stretch
from feedsvc.domain.tables.ledger import Digest, DigestEntry, Mail, Slot
from feedsvc.domain.tables.people import Signer
from tests.world import World


@pytest.fixture
def river(here_and_now: World) -> World:
    here_and_now.campaign("river", kind="petition")
    return here_and_now


def join(here: World, name: str, slug: str = "river", **fields: Any) -> int:
    """Join, and take the confirm mail out of the way."""
    signer_id = here.join(f"{name}@example.org", slug, name=name.title(), **fields)
    here.send()
    return signer_id


def plan_in_chunks(here: World, size: int) -> int:
    """Plan what has settled by so many deliveries at a time; return how many steps it took."""
    here.pass_time(minutes=11)
    there, steps = here.here, 0
    while here.write(fan_out.fan_out, chunk=100):
        pass
    here.write(slots.open_slots, digest=there.settings.digest, zones=there.zones, now=here.now)
    while here.write(plan.plan, there.composer, there.keys, chunk=size, now=here.now):
        steps += 1
    return steps


def carried(here: World) -> dict[str, list[int]]:
    """Return what each mail carries, by address, in the order of its entries."""
    found: dict[str, list[int]] = {}
    for address, mail in here.mails():
        entries = select(DigestEntry.notice_id).where(DigestEntry.digest_id == mail.digest_id)
        ordered = entries.order_by(col(DigestEntry.position))
        found.setdefault(address, []).extend(here.read(lambda s, q=ordered: s.exec(q).all()))
    return found


def digests(here: World) -> list[Digest]:
    """Return the digests that mails were planned with."""
    used = select(Digest).where(col(Digest.id).in_(select(Mail.digest_id)), Digest.kind == "digest")
    return list(here.read(lambda s: s.exec(used.order_by(col(Digest.id))).all()))


def test_each_language_has_a_digest_with_the_day_of_signing_in_its_words(river: World) -> None:
    for name, language in {"anna": "en", "basim": "ar", "carl": "en"}.items():
        join(river, name, language=language)
    river.post()
    river.run_until_planned()
    days = {address: river.values(mail)["signed_on"] for address, mail in river.mails()}
    assert {one.language for one in digests(river)} == {"en", "ar"}
    assert days["anna@example.org"] == days["carl@example.org"] == "2 March 2026"
    assert "مارس" in days["basim@example.org"]


def test_each_mail_holds_its_own_name_and_address(river: World) -> None:
    for name, language in {"anna": "en", "basim": "ar", "carl": "en", "dora": "ar"}.items():
        join(river, name, language=language)
    river.post()
    river.run_until_planned()
    names = {address: river.values(mail)["name"] for address, mail in river.mails()}
    assert names == {
        f"{name}@example.org": name.title() for name in ("anna", "basim", "carl", "dora")
    }


def test_who_has_no_tag_yet_is_read_one_by_one(river: World) -> None:
    for name, language in {"anna": "en", "basim": "ar"}.items():
        join(river, name, language=language)
    river.write(lambda session: session.execute(update(Signer).values(language_tag=None)))
    river.post()
    river.run_until_planned()
    assert {one.language for one in digests(river)} == {"en", "ar"}


def test_a_damaged_language_is_known_by_its_tag(river: World) -> None:
    anna, _ = join(river, "anna"), join(river, "bea")
    damaged = update(Signer).where(col(Signer.id) == anna).values(language_sealed=b"\1cut")
    river.write(lambda session: session.execute(damaged))
    river.post()
    assert river.run(minutes=11) == ["anna@example.org", "bea@example.org"]


def test_who_wants_discreet_mails_shares_no_digest_with_others(river: World) -> None:
    anna = join(river, "anna")
    join(river, "bea")
    river.write(
        lambda session: session.execute(
            update(Signer).where(col(Signer.id) == anna).values(discreet=True)
        )
    )
    river.post()
    river.run_until_planned()
    assert len(digests(river)) == 2


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 100])
def test_whatever_the_size_of_a_chunk_each_has_one_mail_with_all_of_it(
    river: World, size: int
) -> None:
    for name in ("anna", "bea", "carl"):
        join(river, name)
    for title in ("One", "Two", "Three"):
        river.post(title=title)
    plan_in_chunks(river, size)
    assert carried(river) == {f"{name}@example.org": [1, 2, 3] for name in ("anna", "bea", "carl")}


def test_entries_go_by_campaign_and_arrival(river: World) -> None:
    river.campaign("forest")
    for slug in ("forest", "river"):
        join(river, "anna", slug)
    for slug in ("forest", "river", "forest"):
        river.post(slug)
    river.run_until_planned()
    assert carried(river) == {"anna@example.org": [2, 1, 3]}


def test_whoever_waits_for_another_day_makes_no_chunk_longer(river: World) -> None:
    for number in range(3 * stretch.LOOKS):
        join(river, f"weekly{number}", cadence="weekly")
    join(river, "anna")
    river.post()
    assert plan_in_chunks(river, 1) > 3
    assert list(carried(river)) == ["anna@example.org"]


def test_a_run_that_has_come_to_its_end_is_planned_at_once(river: World) -> None:
    join(river, "anna")
    river.post()
    river.run_until_planned()
    here = river.here
    assert river.write(plan.plan, here.composer, here.keys, chunk=10, now=river.now) is None
    assert river.read(lambda s: s.exec(select(Slot.planned_at)).all()) == [river.now]


def test_a_pause_that_is_not_over_holds_back_and_one_that_is_does_not(river: World) -> None:
    anna, bea = join(river, "anna"), join(river, "bea")
    for signer_id, days in ((anna, 1), (bea, 3)):
        until = {"campaigns": None, "until": river.now + timedelta(days=days)}
        river.write(leave.pause, signer_id, **until)
    river.post()
    assert river.run(days=2) == ["anna@example.org"]
    assert river.run(days=2) == ["bea@example.org"]
