"""What is mine: the same answer to whoever asks; a fresh link shows and changes, and no other does."""

from collections.abc import Mapping

import httpx2
import pytest

from feedsvc.actions import choose, leave
from feedsvc.domain import tokens
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.tables.doors import FreshLink
from feedsvc.domain.tables.ledger import MailKind, MailState
from feedsvc.domain.tables.people import Cadence, Ending, Reach, Signer, Suppression
from feedsvc.domain.tokens import Purpose, Token
from feedsvc.records import fresh_links
from tests.web.mine import (
    ANNA,
    LETTER,
    fresh_link,
    later,
    links,
    planned,
    rows,
    signer,
    wishes,
    words,
)
from tests.web.visiting import BASE, service, visitor
from tests.world import World


@pytest.fixture
def anna(here_and_now: World) -> World:
    """Give a world in which Anna has signed and follows the river, and follows the forest."""
    here_and_now.campaign("river", kind="petition", letter=LETTER)
    here_and_now.campaign("forest")
    here_and_now.join(ANNA, "river", time_zone="Europe/Berlin")
    here_and_now.join(ANNA, "forest")
    here_and_now.send()
    return here_and_now


def suppress(world: World, address: str, reach: Reach) -> None:
    index = world.here.keys.address_index(address)
    row = Suppression(address_index=index, reach=reach, reason="test", created_at=world.now)
    world.write(lambda session: session.add(row))


async def act(world: World, told: Mapping[str, str]) -> str:
    """Send a form of Anna's page; return the page after it."""
    url = await fresh_link(world)
    async with visitor(world) as client:
        answer = await client.post(url, data=told, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return words(answer.text)


async def test_everybody_who_asks_gets_the_same_bytes(anna: World) -> None:
    anna.sign_up("pending@example.org")
    anna.leave(anna.join("left@example.org"))
    anna.join("bounced@example.org")
    suppress(anna, "bounced@example.org", Reach.BULK)
    anna.join("never@example.org")
    suppress(anna, "never@example.org", Reach.ALL)
    people = ["nobody", "anna", "pending", "left", "bounced", "never"]
    async with visitor(anna) as client:
        answers = [
            await client.post("/me", data={"email": f"{name}@example.org"}) for name in people
        ]
    assert {answer.status_code for answer in answers} == {202}
    assert len({(answer.content, str(answer.headers)) for answer in answers}) == 1
    await anna.tick()
    asked = {address for address, _ in anna.mails(MailKind.LINK)}
    assert asked == {"anna@example.org", "left@example.org", "bounced@example.org"}


async def test_asking_as_json_is_answered_alike(anna: World) -> None:
    async with visitor(anna) as client:
        answers = [
            await client.post("/me", json={"email": address}) for address in (ANNA, "x@example.org")
        ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("typed", [{}, {"email": "anna"}, {"email": "a\r\nb@example.org"}])
async def test_what_is_no_address_is_refused(anna: World, typed: Mapping[str, str]) -> None:
    before = anna.dump()
    async with visitor(anna) as client:
        answers = [await client.post("/me", data=typed), await client.post("/me", json=typed)]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert anna.dump() == before


async def test_a_page_of_another_site_cannot_ask(anna: World) -> None:
    before = anna.dump()
    async with visitor(anna) as client:
        answer = await client.post(
            "/me", data={"email": ANNA}, headers={"Sec-Fetch-Site": "cross-site"}
        )
    assert answer.status_code == 403
    assert anna.dump() == before


async def test_a_fresh_link_shows_what_is_mine_and_is_kept_by_nobody(anna: World) -> None:
    anna.post("river", "The minister answers")
    await later(anna, minutes=11)
    url = await fresh_link(anna)
    async with visitor(anna) as client:
        page = await client.get(url)
    for word in (ANNA, "Save the river", "Save the forest", "The minister answers", "Sent on"):
        assert word in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_looking_changes_nothing(anna: World) -> None:
    url = await fresh_link(anna)
    before = anna.dump()
    async with visitor(anna) as client:
        for path in ("", "/data", "/erase", "?saved=saved"):
            for method in ("GET", "HEAD"):
                assert (await client.request(method, url + path)).status_code == 200
        await client.get("/me")
    assert anna.dump() == before


async def test_the_page_speaks_the_language_of_its_person_unless_it_is_asked_for_another(
    anna: World,
) -> None:
    speak = choose.choose_language
    anna.write(speak, anna.signer_id(ANNA), language="ar", keys=anna.here.keys)
    url = await fresh_link(anna)
    async with visitor(anna) as client:
        pages = [(await client.get(url + query)).text for query in ("", "?lang=en")]
    assert ['<html lang="ar"' in page for page in pages] == [True, False]


async def test_a_link_opens_for_thirty_minutes(anna: World) -> None:
    url = await fresh_link(anna)
    async with visitor(anna) as client:
        anna.pass_time(minutes=29, seconds=59)
        assert (await client.get(url)).status_code == 200
        anna.pass_time(seconds=1)
        for answer in [
            await client.get(url),
            await client.get(url + "/data"),
            await client.post(url, data={"do": "leave everything"}),
            await client.post(url + "/erase"),
        ]:
            assert answer.status_code == 410
            assert 'value="again"' in answer.text
            assert ANNA not in answer.text
    assert [wish.live for wish in wishes(anna)] == [True, True]


async def test_no_lasting_token_and_no_forged_one_opens_the_page(anna: World) -> None:
    await fresh_link(anna)
    whose, keys = anna.signer_id(ANNA), anna.here.keys
    link = rows(anna, FreshLink)[0].id
    others = [Token(purpose, whose, link) for purpose in Purpose if purpose is not Purpose.FRESH]
    written = [tokens.write(token, keys) for token in others]
    written += [tokens.write(Token(Purpose.FRESH, whose + 1, link), keys), "x", "A" * 39]
    before = anna.dump()
    async with visitor(anna) as client:
        for token in written:
            for path in (f"/me/{token}", f"/me/{token}/data", f"/me/{token}/erase"):
                answer = await client.get(path)
                assert answer.status_code == 410
                assert not any(word in answer.text for word in (ANNA, "river", "forest"))
            assert (await client.post(f"/me/{token}", data={"do": "leave everything"})).is_error
    assert anna.dump() == before


async def test_a_link_dies_with_the_address_it_was_mailed_to(anna: World) -> None:
    url = await fresh_link(anna)
    other = anna.here.keys.address_index("other@example.org")

    def give_away(session: object, signer_id: int) -> None:
        session.get_one(Signer, signer_id).address_index = other  # type: ignore[attr-defined]  # a session

    anna.write(give_away, anna.signer_id(ANNA))
    async with visitor(anna) as client:
        assert (await client.get(url)).status_code == 410


async def test_links_are_five_minutes_apart_and_three_by_which_nobody_acts_in_a_month(
    anna: World,
) -> None:
    sent = []
    for _ in range(12):
        async with visitor(anna) as client:
            await client.post("/me", data={"email": ANNA})
        await anna.tick()
        sent.append(len(anna.mails(MailKind.LINK)))
        anna.pass_time(minutes=2)
    assert sent == [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3]
    anna.pass_time(days=30)
    await fresh_link(anna)
    assert len(anna.mails(MailKind.LINK)) == 4


async def test_a_link_by_which_somebody_acted_keeps_nobody_from_another(anna: World) -> None:
    for number in range(5):
        await act(anna, {"do": "discreet", "discreet": "true"})
        assert len(anna.mails(MailKind.LINK)) == number + 1


async def test_an_expired_link_can_be_changed_for_a_new_one_once_whatever_others_asked_for(
    anna: World,
) -> None:
    urls = []
    for _ in range(3):
        urls.append(await fresh_link(anna))
        anna.pass_time(hours=1)
    async with visitor(anna) as client:
        before = anna.dump()
        await client.get(urls[0])
        await client.post(urls[0], data={"do": "leave everything"})
        assert anna.dump() == before
        answers = [await client.post(urls[0], data={"do": "again"}) for _ in range(2)]
        await anna.tick()
        newest = links(anna, MailKind.LINK, "me_url")[-1]
        assert [answer.status_code for answer in answers] == [202, 410]
        assert len(anna.mails(MailKind.LINK)) == 4
        assert (await client.get(newest)).status_code == 200


async def test_the_sixth_who_asks_for_a_link_from_one_network_waits_their_turn(anna: World) -> None:
    people = [f"p{number}@example.org" for number in range(6)]
    for address in people:
        anna.join(address)
    transport = httpx2.ASGITransport(service(anna), client=("93.184.216.9", 5))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
        for address in people:
            await client.post("/me", json={"email": address})
    await anna.tick()
    assert len(anna.mails(MailKind.LINK)) == 5
    anna.pass_time(minutes=2)
    await anna.tick()
    assert len(anna.mails(MailKind.LINK)) == 6


async def test_choosing_how_often(anna: World) -> None:
    campaign = str(anna.campaign_id("forest"))
    page = await act(anna, {"do": "cadence", "campaign": campaign, "cadence": "weekly"})
    assert "Done." in page
    assert [wish.cadence for wish in wishes(anna)] == [Cadence.IMMEDIATE, Cadence.WEEKLY]


async def test_pausing_until_a_day_begins_where_i_live_and_going_on(anna: World) -> None:
    campaign = {"campaign": str(anna.campaign_id("river"))}
    page = await act(anna, {"do": "pause", "until": "2026-04-01"} | campaign)
    assert "Paused until 1 April 2026" in page
    until = wishes(anna)[0].paused_until
    assert until is not None
    assert until.isoformat() == "2026-03-31T22:00:00+00:00"
    anna.pass_time(minutes=6)
    await act(anna, {"do": "resume"} | campaign)
    assert wishes(anna)[0].paused_until is None


@pytest.mark.parametrize(
    "told",
    [
        {"do": "pause", "campaign": "1", "until": "2026-03-02"},
        {"do": "pause", "campaign": "1", "until": "2036-03-02"},
        {"do": "pause", "campaign": "1", "until": "soon"},
        {"do": "pause", "campaign": "9" * 5000, "until": "2026-04-01"},
        {"do": "cadence", "campaign": "1", "cadence": "hourly"},
        {"do": "cadence", "campaign": "x", "cadence": "daily"},
        {"do": "language", "language": "tlh"},
        {"do": "time", "zone": "Mars/Olympus", "hour": "8", "weekday": "0"},
        {"do": "time", "zone": "Europe/Paris", "hour": "24", "weekday": "0"},
        {"do": "move", "email": "anna"},
        {"do": "dance"},
        {},
    ],
)
async def test_what_cannot_be_taken_changes_nothing(anna: World, told: Mapping[str, str]) -> None:
    url = await fresh_link(anna)
    before = anna.dump()
    async with visitor(anna) as client:
        answer = await client.post(url, data=told)
    assert answer.status_code == 422
    assert anna.dump() == before


async def test_leaving_one_and_coming_back_is_a_new_wish_from_now_on(anna: World) -> None:
    campaign = {"campaign": str(anna.campaign_id("forest"))}
    await act(anna, {"do": "leave"} | campaign)
    anna.post("forest", "Meanwhile")
    assert await later(anna, minutes=11) == [ANNA]  # the link
    await act(anna, {"do": "come back"} | campaign)
    first, second = wishes(anna)[1:]
    assert (first.ending, second.live) == (Ending.LEFT, True)
    assert (second.consent_source, second.consented_at) == ("preferences", anna.now)
    anna.send()
    anna.post("forest", "Later")
    assert await later(anna, minutes=11) == [ANNA]
    assert [page.sent for page in (anna.books(),)] == [1]


async def test_nobody_comes_back_to_what_they_never_had_to_do_with(anna: World) -> None:
    anna.campaign("sea")
    await act(anna, {"do": "come back", "campaign": str(anna.campaign_id("sea"))})
    assert len(wishes(anna)) == 2


async def test_coming_back_lifts_what_a_bounce_stopped(anna: World) -> None:
    anna.leave(anna.signer_id(ANNA))
    suppress(anna, ANNA, Reach.BULK)
    await act(anna, {"do": "come back", "campaign": str(anna.campaign_id("river"))})
    assert [row.lifted_at for row in rows(anna, Suppression)] == [anna.now]


async def test_leaving_everything_by_the_page(anna: World) -> None:
    page = await act(anna, {"do": "leave everything"})
    assert [wish.ending for wish in wishes(anna)] == [Ending.LEFT, Ending.LEFT]
    assert page.count("You left on") == 2


async def test_language_and_time_are_sealed_and_the_page_speaks_the_language(anna: World) -> None:
    page = await act(anna, {"do": "language", "language": "ar"})
    assert "ما يخصّك" in page
    anna.pass_time(minutes=6)
    told = {"zone": "Europe/Berlin", "zone_name": "Pacific/Chatham", "hour": "20", "weekday": "4"}
    await act(anna, {"do": "time"} | told)
    mine, keys = signer(anna), anna.here.keys
    assert keys.unseal(mine.language_sealed or b"", Sealed.LANGUAGE) == "ar"
    assert mine.language_tag == keys.tag("ar", Sealed.LANGUAGE)
    assert keys.unseal(mine.zone_sealed or b"", Sealed.ZONE) == "Pacific/Chatham"
    assert mine.zone_tag == keys.tag("Pacific/Chatham", Sealed.ZONE)
    assert (mine.daily_hour, mine.weekly_day) == (20, 4)


async def test_a_mail_in_the_queue_keeps_its_language_and_comes_once(anna: World) -> None:
    anna.post("river", "One")
    await planned(anna, minutes=11)
    await act(anna, {"do": "language", "language": "ar"})
    assert anna.send() == [ANNA, ANNA]  # the link and the news
    assert await later(anna, days=2) == []


async def test_a_mail_in_the_queue_that_would_tell_is_planned_again_when_discreet(
    anna: World,
) -> None:
    anna.post("river", "One")
    await planned(anna, minutes=11)
    await act(anna, {"do": "discreet", "discreet": "true"})
    assert signer(anna).discreet
    assert anna.send() == [ANNA]  # the link
    assert await later(anna, minutes=1) == [ANNA]
    assert anna.books().sent == 1


async def test_a_link_that_would_tell_is_mailed_anew_when_discreet(anna: World) -> None:
    anna.send()
    index = anna.here.keys.address_index(ANNA)
    anna.pass_time(days=1)
    campaign_id = anna.campaign_id("river")
    anna.write(fresh_links.wish, index, campaign_id=campaign_id, now=anna.now)
    await anna.tick()
    anna.write(choose.choose_discretion, anna.signer_id(ANNA), discreet=True)
    await anna.tick()
    told = [mail.state for _, mail in anna.mails(MailKind.KNOWN)]
    assert told == [MailState.CANCELLED]
    assert anna.send() == [ANNA]


async def test_discreet_people_are_sent_links_that_name_nobody(anna: World) -> None:
    await act(anna, {"do": "discreet", "discreet": "true"})
    anna.pass_time(minutes=6)
    await fresh_link(anna)
    digests = [mail.digest_id for _, mail in anna.mails(MailKind.LINK)]
    assert len(set(digests)) == 2


async def test_my_data_is_everything_as_a_file(anna: World) -> None:
    anna.post("river", "One")
    await later(anna, minutes=11)
    url = await fresh_link(anna)
    async with visitor(anna) as client:
        answer = await client.get(url + "/data")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["about"]["address"] == ANNA
    assert told["about"]["time_zone"] == "Europe/Berlin"
    assert told["signatures"][0]["name"] == "Zoë"
    assert told["signatures"][0]["letter_version"] == 1
    assert {wish["campaign"] for wish in told["subscriptions"]} == {"river", "forest"}
    assert told["subscriptions"][0]["consent_text"]
    assert [row["state"] for row in told["updates"]] == ["mailed"]
    assert "digest" in {mail["kind"] for mail in told["mails"]}
    assert "links" in told


async def test_erasing_is_asked_first_and_then_done(anna: World) -> None:
    url = await fresh_link(anna)
    async with visitor(anna) as client:
        asked = await client.get(url + "/erase")
        assert "cannot be undone" in asked.text
        done = await client.post(url + "/erase")
        again = await client.get(url)
    assert "You are erased" in done.text
    assert again.status_code == 410
    assert [one.address_index for one in rows(anna, Signer)] == [None]


async def test_every_update_is_told_of_with_its_reason(anna: World) -> None:
    anna.write(
        leave.leave,
        anna.signer_id(ANNA),
        campaigns=[anna.campaign_id("forest")],
        now=anna.now,
    )
    anna.post("river", "Fresh")
    await anna.tick()
    url = await fresh_link(anna)
    async with visitor(anna) as client:
        soon = words((await client.get(url)).text)
        await later(anna, minutes=11)
        sent = words((await client.get(url)).text)
    assert "Comes within minutes." in soon
    assert "Sent on 2 March 2026" in sent


async def test_who_waits_for_a_digest_is_told_when_it_comes(anna: World) -> None:
    campaign = str(anna.campaign_id("river"))
    await act(anna, {"do": "cadence", "campaign": campaign, "cadence": "daily"})
    anna.post("river", "Fresh")
    anna.pass_time(minutes=6)
    await anna.tick()
    url = await fresh_link(anna)
    async with visitor(anna) as client:
        page = words((await client.get(url)).text)
    assert "Comes with your daily mail of 3 March 2026, 08:10." in page


async def test_the_link_in_a_digest_shows_nothing(anna: World) -> None:
    anna.post("river", "One")
    await planned(anna, minutes=11)
    (url,) = links(anna, MailKind.DIGEST, "preferences_url")
    async with visitor(anna) as client:
        page = await client.get(url)
    assert url == anna.here.settings.site.base_url + "/me"
    assert not any(word in page.text for word in (ANNA, "river"))


async def test_an_address_that_was_refused_is_shown_again_to_be_mended(here_and_now: World) -> None:
    async with visitor(here_and_now) as client:
        answer = await client.post("/me", data={"email": 'anna"example'})
    assert answer.status_code == 422
    assert 'value="anna&#34;example"' in answer.text
