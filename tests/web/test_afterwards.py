"""What comes after signing: where the campaign stands, and what it offers next; alike for all."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from sqlalchemy import update

from feedsvc.actions import campaigns
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.ledger import MailKind
from feedsvc.web import afterwards
from tests.web.visiting import BASE, by_hand, visitor
from tests.world import World

LETTER = {"addressees": [{"name": "The Minister"}], "body": "Please."}
ANNA = {"email": "anna@example.org", "name": "Anna", "updates": "true"}
GIVE = "https://give.example.org/river?from=a&to=b"
ARABIC = {"ar": {"title": "أنقذوا النهر & الغابة", "body": "كلمات."}}


def petition(world: World, slug: str = "river", **fields: Any) -> None:
    world.campaign(slug, kind="petition", letter=LETTER, **fields)


def has(world: World, **values: Any) -> None:
    """Change what is stored of the only campaign."""
    world.write(lambda session: session.execute(update(Campaign).values(**values)))


async def signed(world: World, query: str = "") -> str:
    """Sign, and return the page that answers."""
    async with visitor(world) as client:
        return (await client.post(f"/c/river/sign{query}", data=by_hand(world, ANNA))).text


async def confirmed(world: World) -> str:
    """Confirm what Anna was asked last, and return the page that answers."""
    world.sign_up("anna@example.org")
    return await thanks(world)


async def thanks(world: World) -> str:
    """Follow the newest confirm link, and return the page that answers."""
    _, mail = world.mails(MailKind.CONFIRM)[-1]
    async with visitor(world) as client:
        return (await client.post(world.values(mail)["confirm_url"])).text


def links(page: str, ending: str = "") -> list[str]:
    """List the addresses that a page links to, but for its own languages."""
    return [html.unescape(one) for one in re.findall(r'href="([^"]*)"', page) if ending in one]


def words(page: str) -> str:
    """Return a page as it reads."""
    text = re.sub(r"<[^>]*>", " ", page.partition("</style>")[2])
    return " ".join(html.unescape(text).split())


async def test_both_pages_offer_what_the_campaign_offers(here_and_now: World) -> None:
    petition(here_and_now, "forest")
    petition(here_and_now, donate_url=GIVE, related=["forest"])
    pages = [await signed(here_and_now), await confirmed(here_and_now)]
    assert all(GIVE in links(page) for page in pages)
    assert all(f"{BASE}/c/forest" in links(page) for page in pages)


FOLLOWER = {"email": "anna@example.org", "updates": "true", "follow": "true"}


async def test_who_signs_and_who_follows_are_told_the_same_of_the_step_that_is_left(
    here_and_now: World,
) -> None:
    petition(here_and_now)
    async with visitor(here_and_now) as client:
        typed = [by_hand(here_and_now, one) for one in (ANNA, FOLLOWER)]
        pages = [(await client.post("/c/river/sign", data=one)).text for one in typed]
    assert pages[0] == pages[1]
    assert "confirm that you want to sign or follow Save the river" in words(pages[0])


@pytest.mark.parametrize(
    ("wish", "lead"),
    [
        ({"updates": True}, "Your signature counts. You will hear of news."),
        ({"updates": False}, "Your signature counts."),
        ({"name": ""}, "Your address is confirmed: you will hear of news."),
    ],
)
async def test_thanks_say_what_the_yes_was_to(
    here_and_now: World, wish: dict[str, Any], lead: str
) -> None:
    petition(here_and_now)
    here_and_now.sign_up("anna@example.org", **wish)
    url = here_and_now.values(here_and_now.mails(MailKind.CONFIRM)[-1][1])["confirm_url"]
    async with visitor(here_and_now) as client:
        pages = [await client.post(url), await client.get(url)]
    assert all(f'<p class="lead">{lead}</p>' in page.text for page in pages)


async def test_related_campaign_is_shown_when_it_is_there_and_not_withdrawn(
    here_and_now: World,
) -> None:
    petition(here_and_now, "old")
    here_and_now.campaign("gone", status="withdrawn")
    petition(here_and_now, related=["not-yet", "old", "gone", "river"])
    here_and_now.write(campaigns.rename_campaign, "old", "new", by="test", now=here_and_now.now)
    page = (await signed(here_and_now)).partition("Related campaigns")[2]
    assert links(page.partition("</main>")[0]) == [f"{BASE}/c/new"]


async def test_campaign_that_was_confirmed_as_well_is_not_put_forward(here_and_now: World) -> None:
    petition(here_and_now, "forest", related=["river"])
    petition(here_and_now, related=["forest"])
    here_and_now.sign_up("anna@example.org", "forest")
    assert "Related" not in words(await confirmed(here_and_now))


async def test_two_names_of_one_campaign_show_it_once(here_and_now: World) -> None:
    petition(here_and_now, "old")
    petition(here_and_now, related=["old", "new"])
    here_and_now.write(campaigns.rename_campaign, "old", "new", by="test", now=here_and_now.now)
    assert links(await signed(here_and_now)).count(f"{BASE}/c/new") == 1


async def test_campaign_that_offers_nothing_has_no_empty_headings(here_and_now: World) -> None:
    petition(here_and_now)
    said = words(await signed(here_and_now))
    assert "Give" not in said
    assert "Related" not in said


async def test_share_links_carry_the_title_and_the_address_in_any_script(
    here_and_now: World,
) -> None:
    petition(here_and_now, texts=ARABIC, short_link="ar/7")
    page = await signed(here_and_now, "?lang=ar")
    title, address = ARABIC["ar"]["title"], f"{BASE}/s/ar/7?lang=ar"
    shared = {urlsplit(one).hostname or urlsplit(one).scheme: one for one in links(page)}
    assert parse_qs(urlsplit(shared["t.me"]).query) == {"url": [address], "text": [title]}
    assert parse_qs(urlsplit(shared["x.com"]).query) == {"url": [address], "text": [title]}
    assert parse_qs(urlsplit(shared["www.facebook.com"]).query) == {"u": [address]}
    assert parse_qs(urlsplit(shared["mailto"]).query)["subject"] == [title]
    for one in ("wa.me", "bsky.app", "sms", "mailto", "share.joinmastodon.org"):
        assert f"{title}\n{address}" in unquote(shared[one])
    assert all(one.isascii() for one in shared.values())


async def test_shared_address_leads_to_the_page_in_its_language(here_and_now: World) -> None:
    petition(here_and_now, texts=ARABIC, short_link="ar/7")
    async with visitor(here_and_now) as client:
        page = await client.get("/s/ar/7?lang=ar", follow_redirects=True)
    assert str(page.url) == f"{BASE}/c/river?lang=ar"


async def test_nothing_of_others_is_loaded_and_no_link_tells_where_one_comes_from(
    here_and_now: World,
) -> None:
    petition(here_and_now, donate_url=GIVE)
    for page in (await signed(here_and_now), await confirmed(here_and_now)):
        assert not re.search(r"<(script|iframe|img|object|embed)|src=", page)
        here = re.compile(rf'href="(#|/|{BASE}/)')
        outside = [one for one in re.findall(r"<a [^>]*>", page) if not here.search(one)]
        assert len(outside) == 9
        assert all('rel="noreferrer noopener"' in one for one in outside)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"signatures": 0}, "Nobody has signed yet."),
        ({"signatures": 1}, "1 person has signed."),
        ({"signatures": 12_345}, "12,345 people have signed."),
    ],
)
async def test_page_after_signing_says_where_a_petition_stands(
    here_and_now: World, values: dict[str, Any], says: str
) -> None:
    petition(here_and_now)
    has(here_and_now, **values)
    assert says in words(await signed(here_and_now))


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("open", "Petition · open for signing"),
        ("closed", "This petition takes no more signatures. 1 person has signed."),
        ("won", "This campaign has reached its goal. 1 person has signed."),
        ("withdrawn", "This campaign was withdrawn. 1 person has signed."),
    ],
)
async def test_page_after_confirming_says_where_a_petition_stands(
    here_and_now: World, status: str, says: str
) -> None:
    petition(here_and_now)
    here_and_now.sign_up("anna@example.org")
    has(here_and_now, status=status)
    assert says in words(await thanks(here_and_now))


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("open", "2 organisations have signed."),
        ("closed", "This campaign has ended. 2 organisations have signed."),
        ("won", "This campaign has reached its goal. 2 organisations have signed."),
        ("withdrawn", "This campaign was withdrawn. 2 organisations have signed."),
    ],
)
async def test_page_after_confirming_says_where_a_statement_stands(
    here_and_now: World, status: str, says: str
) -> None:
    here_and_now.campaign(signatories=["A", "B"])
    here_and_now.sign_up("anna@example.org")
    has(here_and_now, status=status)
    assert says in words(await thanks(here_and_now))


@pytest.mark.parametrize(
    ("signatures", "says"),
    [
        (0, "لم يوقّع أحد بعد"),
        (1, "وقّع شخص واحد"),
        (2, "وقّع شخصان"),
        (3, "وقّع 3 أشخاص"),
        (11, "وقّع 11 شخصًا"),
        (100, "وقّع 100 شخص"),
    ],
)
async def test_numbers_read_as_arabic_has_them(
    here_and_now: World, signatures: int, says: str
) -> None:
    petition(here_and_now)
    has(here_and_now, signatures=signatures)
    assert f"{says}." in words(await signed(here_and_now, "?lang=ar"))


async def test_withdrawn_campaign_asks_for_nothing_any_more(here_and_now: World) -> None:
    petition(here_and_now, donate_url=GIVE)
    here_and_now.sign_up("anna@example.org")
    has(here_and_now, status="withdrawn")
    page = await thanks(here_and_now)
    assert GIVE not in links(page)
    assert not links(page, "x.com")


async def test_latest_update_is_the_newest_event_that_is_out(here_and_now: World) -> None:
    petition(here_and_now)
    here_and_now.post(title="In December", occurred_on="2017-12-07")
    here_and_now.post(title="In April", occurred_on="2017-04-10")
    here_and_now.post(title="Not out", status="draft")
    said = words(await signed(here_and_now))
    assert "The latest update is In December ( 7 December 2017 )." in said
    assert "Not out" not in said


async def test_latest_update_is_dated_in_the_language_of_the_page(here_and_now: World) -> None:
    petition(here_and_now)
    here_and_now.post(title="In December", occurred_on="2017-12-07")
    said = words(await signed(here_and_now, query="?lang=ar"))
    assert "7 ديسمبر 2017" in said
    assert "December 2017" not in said


async def test_page_after_signing_is_the_same_whatever_is_known_of_an_address(
    here_and_now: World,
) -> None:
    petition(here_and_now, donate_url=GIVE)
    here_and_now.post(title="So far")
    here_and_now.join("anna@example.org")
    here_and_now.sign_up("ben@example.org")
    typed = by_hand(here_and_now, ANNA)
    async with visitor(here_and_now) as client:
        pages = [
            (await client.post("/c/river/sign", data=typed | {"email": f"{one}@example.org"})).text
            for one in ("anna", "ben", "nobody")
        ]
    assert len(set(pages)) == 1


async def test_page_is_made_once_for_all_who_see_the_same(
    here_and_now: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    petition(here_and_now)
    first = await signed(here_and_now)
    monkeypatch.delattr(afterwards, "named")
    assert await signed(here_and_now) == first


async def test_page_tells_what_came_since_the_last_one_of_its_process(here_and_now: World) -> None:
    petition(here_and_now)
    typed = by_hand(here_and_now, ANNA)
    async with visitor(here_and_now) as client:
        await client.post("/c/river/sign", data=typed)
        here_and_now.confirm(here_and_now.sign_up("ben@example.org"))
        page = await client.post("/c/river/sign", data=typed)
    assert "1 person has signed." in words(page.text)


async def test_page_that_is_kept_gives_way_to_what_has_changed(here_and_now: World) -> None:
    petition(here_and_now, "forest")
    petition(here_and_now, related=["forest"])
    await signed(here_and_now)
    here_and_now.post(title="Just now")
    assert "Just now" in await signed(here_and_now)
    signer = here_and_now.sign_up("ben@example.org")
    here_and_now.confirm(signer)
    assert "1 person has signed." in words(await signed(here_and_now))
    site = here_and_now.here.settings.site
    here_and_now.write(
        *(campaigns.withdraw_campaign, "forest"), site=site, by="test", now=here_and_now.now
    )
    assert "Related" not in words(await signed(here_and_now))
    has(here_and_now, donate_url=GIVE, revision=2)
    assert GIVE in links(await signed(here_and_now))


async def test_no_more_pages_are_kept_than_there_is_room_for(
    here_and_now: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(afterwards, "KEPT", 2)
    petition(here_and_now)
    for code in ("fr", "de", "pt", "ar"):
        await signed(here_and_now, f"?lang={code}")
    assert len(afterwards._pages) <= 2  # noqa: SLF001  ours
