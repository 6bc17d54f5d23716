"""Another address: both agree, then everything goes there, and nobody else learns anything."""

from pathlib import Path

import pytest
from sqlmodel import select

from feedsvc.actions import leave, move, sign
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import Signup
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.doors import AddressChange, Confirmation
from feedsvc.domain.tables.ledger import Digest, MailKind, MailState
from feedsvc.domain.tables.people import Reach, Signature, Signer, Suppression
from feedsvc.domain.tables.staff import AuditLine
from tests.web.mine import ANNA, LETTER, fresh_link, later, links, planned, rows, signer
from tests.web.visiting import visitor
from tests.world import World

NEW = "anna.new@example.com"


@pytest.fixture
def anna(here_and_now: World) -> World:
    """Give a world in which Anna has signed and follows the river."""
    here_and_now.campaign("river", kind="petition", letter=LETTER)
    here_and_now.join(ANNA, "river")
    here_and_now.send()
    return here_and_now


async def asked(world: World, new: str = NEW) -> tuple[str, str]:
    """Let Anna ask to be written to elsewhere; return the links to the old and the new address."""
    url = await fresh_link(world)
    async with visitor(world) as client:
        answer = await client.post(url, data={"do": "move", "email": new})
    assert answer.status_code == 303
    await world.tick()
    old, to = (links(world, kind, "move_url") for kind in (MailKind.MOVE_FROM, MailKind.MOVE_TO))
    return (old or [""])[-1], (to or [""])[-1]


async def agree(world: World, *urls: str) -> str:
    """Press the button behind each of these links; return the last page."""
    page = ""
    async with visitor(world) as client:
        for url in urls:
            page = (await client.post(url)).text
    return page


def moved(world: World) -> bool:
    index = world.here.keys.address_index(NEW)
    return bool(
        world.read(lambda s: s.exec(select(Signer).where(Signer.address_index == index)).first())
    )


async def test_both_addresses_are_asked_and_the_old_one_sees_the_new(anna: World) -> None:
    await asked(anna)
    assert [address for address, _ in anna.mails(MailKind.MOVE_FROM)] == [ANNA]
    assert [address for address, _ in anna.mails(MailKind.MOVE_TO)] == [NEW]
    assert links(anna, MailKind.MOVE_FROM, "new_address") == [NEW]


async def test_no_row_holds_the_new_address(anna: World) -> None:
    await asked(anna)
    assert "anna.new" not in "".join(repr(row) for rows in anna.dump().values() for row in rows)


@pytest.mark.parametrize("first", [0, 1])
async def test_the_address_changes_when_both_have_agreed(anna: World, first: int) -> None:
    urls = await asked(anna)
    page = await agree(anna, urls[first])
    assert "has agreed, too" in page
    assert not moved(anna)
    page = await agree(anna, urls[1 - first])
    assert "Your address is changed" in page
    assert anna.here.keys.unseal(signer(anna, NEW).address_sealed or b"", Sealed.ADDRESS) == NEW


async def test_looking_agrees_to_nothing_and_shows_no_address(anna: World) -> None:
    urls = await asked(anna)
    before = anna.dump()
    async with visitor(anna) as client:
        pages = [await client.get(url) for url in urls] + [await client.head(url) for url in urls]
    assert {page.status_code for page in pages} == {200}
    assert not any(word in page.text for page in pages for word in ("@example", "river"))
    assert anna.dump() == before


async def test_agreeing_twice_is_the_same_as_once(anna: World) -> None:
    urls = await asked(anna)
    await agree(anna, *urls)
    before = anna.dump()
    assert "Your address is changed" in await agree(anna, *urls)
    assert anna.dump() == before


@pytest.mark.parametrize("who", [0, 1])
async def test_either_address_can_say_no(anna: World, who: int) -> None:
    urls = await asked(anna)
    async with visitor(anna) as client:
        page = await client.post(urls[who], data={"do": "refuse"})
        late = [await client.post(url) for url in urls]
    assert "Nothing changes" in page.text
    assert [answer.status_code for answer in late] == [410, 410]
    assert not moved(anna)


async def test_a_change_is_over_after_a_week(anna: World) -> None:
    urls = await asked(anna)
    anna.pass_time(days=7)
    async with visitor(anna) as client:
        assert {(await client.post(url)).status_code for url in urls} == {410}
    assert not moved(anna)


async def test_news_that_had_not_started_goes_to_the_new_address_once(anna: World) -> None:
    urls = await asked(anna)
    anna.send()
    anna.post("river", "One")
    await planned(anna, minutes=11)
    await agree(anna, *urls)
    assert anna.send() == []
    assert await later(anna, minutes=1) == [NEW]
    assert await later(anna, days=2) == []
    assert (anna.books().sent, anna.books().balanced) == (1, True)


async def test_service_mails_that_had_not_started_are_cancelled(anna: World) -> None:
    urls = await asked(anna)
    await agree(anna, *urls)
    states = [
        mail.state for kind in (MailKind.LINK, MailKind.MOVE_FROM) for _, mail in anna.mails(kind)
    ]
    assert set(states) == {MailState.CANCELLED}


async def test_every_fresh_link_dies(anna: World) -> None:
    urls = await asked(anna)
    page = links(anna, MailKind.LINK, "me_url")[-1]
    await agree(anna, *urls)
    async with visitor(anna) as client:
        assert (await client.get(page)).status_code == 410


async def test_what_stopped_the_old_address_does_not_follow(anna: World) -> None:
    index = anna.here.keys.address_index(ANNA)
    row = Suppression(address_index=index, reach=Reach.BULK, reason="dead", created_at=anna.now)
    anna.write(lambda session: session.add(row))
    await agree(anna, *await asked(anna))
    anna.post("river", "One")
    assert await later(anna, minutes=11) == [NEW]


def sign_without_updates(world: World, email: str, slug: str) -> None:
    world.join(email, slug, updates=False)


async def test_a_signature_under_both_addresses_counts_once(anna: World) -> None:
    sign_without_updates(anna, NEW, "river")
    assert anna.read(lambda s: s.exec(select(Campaign.signatures)).one()) == 2
    await agree(anna, *await asked(anna))
    (signature,) = rows(anna, Signature)
    assert anna.read(lambda s: s.exec(select(Campaign.signatures)).one()) == 1
    assert signature.person_index == anna.here.keys.address_index(NEW)
    assert (signature.signer_id, signature.confirmed_at is None) == (signer(anna, NEW).id, False)


async def test_signing_again_with_the_new_address_counts_nothing_more(anna: World) -> None:
    sign_without_updates(anna, "x@example.org", "river")
    await agree(anna, *await asked(anna))
    values = {"email": NEW, "campaign_id": anna.campaign_id("river"), "name": "Zoë"}
    signup = Signup.model_validate(values)
    sealed = anna.here.keys.seal(signup.model_dump_json(), Sealed.INTAKE)
    anna.write(sign.take_in, [(sealed, anna.now)])
    await anna.tick()
    assert len(rows(anna, Signature)) == 2


@pytest.mark.parametrize("confirmed", [True, False])
async def test_an_address_that_is_known_here_stays_as_it_is(anna: World, confirmed: bool) -> None:  # noqa: FBT001  a parameter of the test
    anna.sign_up(NEW, "river")
    if confirmed:
        anna.confirm(anna.signer_id(NEW))
    owner = anna.signer_id(NEW)
    urls = await asked(anna)
    ((address, mail),) = anna.mails(MailKind.MOVE_TO)
    await agree(anna, urls[0], urls[1])
    assert (address, anna.signer_id(NEW), anna.signer_id(ANNA) > 0) == (NEW, owner, True)
    assert mail.digest_id != anna.mails(MailKind.MOVE_FROM)[0][1].digest_id


async def test_who_has_the_address_already_is_written_to_in_their_language(anna: World) -> None:
    anna.join(NEW, "river", language="ar")
    await asked(anna)
    ((_, mail),) = anna.mails(MailKind.MOVE_TO)
    assert anna.read(lambda s: s.get_one(Digest, mail.digest_id)).language == "ar"


async def test_mail_that_names_an_address_that_was_not_asked_is_wiped_once_it_is_over(
    anna: World,
) -> None:
    index = anna.here.keys.address_index(NEW)
    row = Suppression(address_index=index, reach=Reach.ALL, reason="no", created_at=anna.now)
    anna.write(lambda session: session.add(row))
    await asked(anna)
    anna.write(move.forget_changes, now=anna.now)
    waiting = anna.mails(MailKind.MOVE_FROM)
    anna.send()
    anna.write(move.forget_changes, now=anna.now)
    over = anna.mails(MailKind.MOVE_FROM)
    assert ([one for one, _ in waiting], [one for one, _ in over]) == ([ANNA], [""])


async def test_an_address_that_must_not_be_written_to_gets_nothing(anna: World) -> None:
    index = anna.here.keys.address_index(NEW)
    row = Suppression(address_index=index, reach=Reach.ALL, reason="no", created_at=anna.now)
    anna.write(lambda session: session.add(row))
    old, _ = await asked(anna)
    assert anna.mails(MailKind.MOVE_TO) == []
    assert "has agreed, too" in await agree(anna, old)
    assert not moved(anna)


async def test_an_address_that_asks_never_to_be_written_to_is_not_asked_any_more(
    anna: World,
) -> None:
    owner = anna.join(NEW, "river")
    await asked(anna)
    anna.write(leave.never, owner, now=anna.now)
    [(address, mail)] = anna.mails(MailKind.MOVE_TO)
    assert (address, mail.state) == ("", MailState.CANCELLED)
    assert [change.address_sealed for change in rows(anna, AddressChange)] == [None]


async def test_never_holds_for_the_address_before_too(anna: World) -> None:
    await agree(anna, *await asked(anna))
    anna.write(leave.never, anna.signer_id(NEW), now=anna.now)
    barred = {row.address_index for row in rows(anna, Suppression)}
    assert barred == {anna.here.keys.address_index(one) for one in (ANNA, NEW)}


async def test_three_changes_a_day_are_asked_for_at_most(anna: World) -> None:
    url = await fresh_link(anna)
    async with visitor(anna) as client:
        for number in range(5):
            await client.post(url, data={"do": "move", "email": f"new{number}@example.org"})
    assert len(rows(anna, AddressChange)) == 3


async def test_links_for_another_purpose_do_not_agree(anna: World) -> None:
    old, _ = await asked(anna)
    digest = links(anna, MailKind.CONFIRM, "confirm_url")[0]
    async with visitor(anna) as client:
        for wrong in (digest.replace("/confirm/", "/move/"), "/move/x", old[:-2] + "AA"):
            assert (await client.post(wrong)).status_code == 410
    assert not moved(anna)


async def test_a_link_to_confirm_that_went_to_the_old_address_confirms_nothing(anna: World) -> None:
    anna.campaign("forest")
    urls = await asked(anna)
    anna.sign_up(ANNA, "forest")
    await agree(anna, *urls)
    pending = [row for row in rows(anna, Confirmation) if row.used_at is None]
    assert [row.expires_at <= anna.now for row in pending] == [True]


async def test_a_change_is_audited_without_an_address_and_leaves_none(anna: World) -> None:
    await agree(anna, *await asked(anna))
    lines = [line for line in rows(anna, AuditLine) if line.what == "move address"]
    assert len(lines) == 1
    assert not any("example" in f"{line.about}{line.detail}" for line in lines)
    (change,) = rows(anna, AddressChange)
    assert change.address_sealed is None


async def test_changes_that_are_over_are_forgotten(anna: World) -> None:
    await asked(anna)
    anna.pass_time(days=7)
    anna.write(move.forget_changes, now=anna.now)
    assert [row.address_sealed for row in rows(anna, AddressChange)] == [None]
    anna.pass_time(days=30)
    anna.write(move.forget_changes, now=anna.now)
    assert rows(anna, AddressChange) == []


async def test_an_address_is_asked_once_a_day_and_three_times_a_month(anna: World) -> None:
    told = []
    for number in range(10):
        anna.join(f"x{number}@example.org", "river")
        for address in (ANNA, f"x{number}@example.org"):
            anna.write(
                move.ask_to_move, anna.signer_id(address), NEW, keys=anna.here.keys, now=anna.now
            )
        await planned(anna, days=1, minutes=1)
        told.append(len(anna.mails(MailKind.MOVE_TO)))
    assert told == [1, 2, 3, 3, 3, 3, 3, 3, 3, 3]


async def test_a_restore_can_read_who_moved(anna: World, tmp_path: Path) -> None:
    if not anna.here.database.url.startswith("sqlite"):
        pytest.skip("only SQLite has a journal")
    await agree(anna, *await asked(anna))
    lines = (tmp_path / "feedsvc.journal").read_text().splitlines()
    old, new = (anna.here.keys.address_index(address).hex() for address in (ANNA, NEW))
    assert f"{anna.now.isoformat()} moved {old} {new}" in lines
