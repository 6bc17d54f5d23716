"""Who joins late is told once where the campaign stands; nothing that came before is mailed as news."""

import asyncio
import email
import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from feedsvc.actions import deliver, leave
from feedsvc.domain import tokens
from feedsvc.domain.mime import Skeleton
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.ledger import Digest, Mail, MailKind, MailState
from feedsvc.domain.tables.people import Reach, Signer, Subscription, Suppression
from feedsvc.domain.tokens import LEAVING
from tests.web.visiting import visitor
from tests.world import World, world

LETTER = {"addressees": [{"name": "The Minister"}], "body": "Please."}
ARABIC = {"ar": {"title": "خبر", "body": "نص"}}
ANNA = "anna@example.org"


@pytest.fixture
def late(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Give a world that welcomes, with a petition and a statement that have had news."""
    with world(database_url, tmp_path, digest={"welcome": True}) as made:
        made.campaign(kind="petition", letter=LETTER)
        made.campaign("forest")
        for slug in ("river", "forest"):
            made.post(slug, f"So far: {slug}", occurred_on="2026-01-05", texts=ARABIC)
        made.run()
        yield made


def tick(of: World) -> None:
    """Let the timetable tick, at once."""
    asyncio.run(of.tick())


def welcomes(of: World) -> list[tuple[str, Mail]]:
    """List the welcome mails."""
    return of.mails(MailKind.WELCOME)


def written(of: World) -> list[EmailMessage]:
    """Put the welcome mails together, as they are sent."""
    found = []
    for _, mail in welcomes(of):
        digest = of.read(lambda session, one=mail.digest_id: session.get(Digest, one))
        message = Skeleton(digest.message).splice(of.values(mail))
        read = email.message_from_bytes(message, policy=default)
        assert isinstance(read, EmailMessage)
        found.append(read)
    return found


def plain(mail: EmailMessage) -> str:
    """Return the words of a mail in one line."""
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(str(part.get_content()).split())


def change(of: World, row: type[Any], **values: Any) -> None:
    """Change what is stored in every row."""
    of.write(lambda session: session.execute(update(row).values(**values)))


def test_who_joins_late_is_told_once_where_the_campaign_stands(late: World) -> None:
    late.join(ANNA)
    for _ in range(3):
        tick(late)
    assert late.run() == [ANNA]
    (mail,) = written(late)
    assert "This campaign goes on. 1 person has signed." in plain(mail)
    assert "The latest update (5 January 2026): So far: river http" in plain(mail)
    assert late.run(days=8) == []


def test_welcome_is_no_delivery_and_what_comes_later_is_news_once(late: World) -> None:
    late.join(ANNA)
    late.post(title="Later")
    late.run()
    assert "Later" not in plain(written(late)[0])
    assert len(late.mails(MailKind.DIGEST)) == 1
    assert len(late.deliveries()) == 1


def test_nobody_is_welcomed_unless_the_settings_say_so(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.post()
    here_and_now.join(ANNA)
    tick(here_and_now)
    assert welcomes(here_and_now) == []


def test_campaign_without_news_welcomes_nobody(late: World) -> None:
    late.campaign("lake")
    late.join(ANNA, "lake")
    late.post("lake")
    tick(late)
    assert welcomes(late) == []


def test_withdrawn_campaign_welcomes_nobody(late: World) -> None:
    late.join(ANNA)
    change(late, Campaign, status="withdrawn")
    tick(late)
    assert welcomes(late) == []


def test_who_asked_for_discreet_mails_is_not_welcomed(late: World) -> None:
    late.join(ANNA)
    change(late, Signer, discreet=True)
    tick(late)
    assert welcomes(late) == []


@pytest.mark.parametrize(
    ("status", "signatures", "says"),
    [
        ("open", 2, "This campaign goes on. 2 people have signed."),
        ("open", 0, "This campaign goes on. Nobody has signed yet."),
        ("closed", 1, "This petition takes no more signatures. 1 person has signed."),
        ("won", 12_345, "This campaign has reached its goal. 12,345 people have signed."),
    ],
)
def test_it_says_where_a_petition_stands_when_it_is_planned(
    late: World, status: str, signatures: int, says: str
) -> None:
    late.join(ANNA)
    change(late, Campaign, status=status, signatures=signatures)
    tick(late)
    assert says in plain(written(late)[0])


def test_those_who_join_while_nothing_happens_share_a_digest(late: World) -> None:
    late.join(ANNA)
    tick(late)
    late.join("ben@example.org")
    tick(late)
    (_, first), (_, second) = welcomes(late)
    assert first.digest_id == second.digest_id
    said = [plain(mail) for mail in written(late)]
    assert ["1 person has" in said[0], "2 people have" in said[1]] == [True, True]


def test_it_is_in_the_readers_language(late: World) -> None:
    late.join(ANNA, language="ar")
    tick(late)
    assert "وقّع شخص واحد. آخر تحديث" in plain(written(late)[0])
    assert "خبر" in plain(written(late)[0])


def test_one_yes_is_one_mail_for_all_it_confirmed(late: World) -> None:
    late.sign_up(ANNA, "forest")
    late.join(ANNA)
    tick(late)
    (mail,) = written(late)
    assert "So far: river" in plain(mail)
    assert "So far: forest" in plain(mail)
    assert "<all.127.0.0.1>" in mail["List-Id"]


async def test_one_click_leaves_the_campaign_it_speaks_of(late: World) -> None:
    late.join(ANNA, "forest")
    late.pass_time(days=2)
    late.join(ANNA)
    await late.tick()
    assert await one_click(late) == ["forest"]


async def test_one_click_in_a_welcome_to_several_leaves_those_and_no_others(late: World) -> None:
    late.campaign("lake")
    late.join(ANNA, "lake")
    late.pass_time(days=2)
    late.sign_up(ANNA, "forest")
    late.join(ANNA)
    await late.tick()
    assert await one_click(late) == ["lake"]


async def one_click(of: World) -> list[str]:
    """Press the button that a mail program shows, and return what is still followed."""
    mail = written(of)[0]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = mail["List-Unsubscribe"].strip("<>")
    async with visitor(of) as client:
        await client.post(url, data={"List-Unsubscribe": "One-Click"})
    live = select(Campaign.slug).join(Subscription).where(col(Subscription.ended_at).is_(None))
    return list(of.read(lambda session: session.exec(live).all()))


def test_its_lasting_links_only_take_away(late: World) -> None:
    late.join(ANNA)
    tick(late)
    found = re.findall(r"http://127.0.0.1:8000/(?!c/)\S+", plain(written(late)[0]))
    keys, lasting = late.here.keys, [one.split("/")[-1] for one in found if "/u/" in one]
    assert all(tokens.read(one, keys, *LEAVING) for one in lasting)
    assert [one for one in found if "/u/" not in one] == ["http://127.0.0.1:8000/me"]


def test_who_left_before_it_was_planned_is_not_welcomed(late: World) -> None:
    late.leave(late.join(ANNA))
    tick(late)
    assert welcomes(late) == []


def test_who_paused_before_it_was_planned_is_not_welcomed(late: World) -> None:
    until = late.now + timedelta(days=30)
    late.write(leave.pause, late.join(ANNA), campaigns=None, until=until)
    tick(late)
    assert welcomes(late) == []


@pytest.mark.parametrize("how", ["leave", "pause", "never"])
def test_who_left_before_it_went_out_is_not_sent_it(late: World, how: str) -> None:
    signer = late.join(ANNA)
    late.send()
    tick(late)
    worker = late.write(deliver.enlist, now=late.now)
    (claim,) = late.claims(worker)
    if how == "pause":
        until = late.now + timedelta(days=30)
        late.write(leave.pause, signer, campaigns=None, until=until)
    elif how == "never":
        late.write(leave.never, signer, now=late.now)
    else:
        late.leave(signer)
    assert not late.mark(worker, None, claim.mail_id)
    assert late.run(days=1) == []
    assert welcomes(late)[0][1].state is MailState.CANCELLED


def test_who_left_one_of_two_is_told_of_the_other_alone(late: World) -> None:
    late.sign_up(ANNA, "forest")
    signer = late.join(ANNA)
    late.send()
    tick(late)
    late.leave(signer, "river")
    tick(late)
    assert late.send() == [ANNA]
    said = plain(written(late)[-1])
    assert "So far: forest" in said
    assert "So far: river" not in said


@pytest.mark.parametrize(("days", "told"), [(29, 1), (31, 2)])
def test_who_comes_back_within_a_month_is_not_told_again(late: World, days: int, told: int) -> None:
    signer = late.join(ANNA)
    late.run()
    late.leave(signer)
    late.pass_time(days=days)
    late.join(ANNA)
    late.run()
    assert len(welcomes(late)) == told
    assert len({mail["Message-ID"] for mail in written(late)}) == told


@pytest.mark.parametrize("reach", list(Reach))
def test_suppressed_address_is_not_welcomed(late: World, reach: Reach) -> None:
    late.join(ANNA)
    suppress(late, reach)
    tick(late)
    assert welcomes(late) == []


@pytest.mark.parametrize("reach", list(Reach))
def test_address_suppressed_after_it_was_planned_is_not_sent_it(late: World, reach: Reach) -> None:
    late.join(ANNA)
    late.send()
    tick(late)
    suppress(late, reach)
    assert late.send() == []


def suppress(of: World, reach: Reach) -> None:
    index = of.here.keys.address_index(ANNA)
    row = Suppression(address_index=index, reach=reach, reason="test", created_at=of.now)
    of.write(lambda session: session.add(row))


def test_tick_that_comes_a_day_late_welcomes_nobody_any_more(late: World) -> None:
    late.join(ANNA)
    late.pass_time(days=1)
    tick(late)
    assert welcomes(late) == []


def test_damaged_row_keeps_nobody_else_from_being_welcomed(late: World) -> None:
    late.join(ANNA)
    change(late, Signer, address_sealed=b"\x01")
    late.join("ben@example.org")
    tick(late)
    assert [address for address, _ in welcomes(late)] == ["ben@example.org"]
