"""The door takes in who filled a form in, and shows it again to whoever may be a program."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import Signup
from feedsvc.domain.tables.doors import Intake
from feedsvc.domain.tables.people import Signature, Subscription
from feedsvc.web import door
from tests.web.visiting import BASE, by_hand, visitor
from tests.world import World

LETTER = {"addressees": [{"name": "The Minister"}], "body": "Please."}
ANNA = {"email": "anna@example.org", "name": "Anna", "updates": "true"}
ORG = "https://org.example"
AGAIN = "press the button once more"
TOKEN = re.compile(r'name="token" value="([^"]+)"')


@pytest.fixture
def river(here_and_now: World) -> World:
    here_and_now.campaign(kind="petition", letter=LETTER)
    return here_and_now


def taken(here: World) -> list[Signup]:
    """Open what was taken in."""
    rows = here.read(lambda session: session.exec(select(Intake.sealed)).all())
    unseal = here.here.keys.unseal
    return [Signup.model_validate_json(unseal(row, Sealed.INTAKE)) for row in rows]


def allow(here: World, monkeypatch: pytest.MonkeyPatch, section: str, **values: Any) -> None:
    for name, value in values.items():
        monkeypatch.setitem(getattr(here.here.settings, section).__dict__, name, value)


async def test_the_form_of_the_page_is_taken_after_three_seconds(river: World) -> None:
    async with visitor(river) as client:
        shown = await client.get("/c/river")
        river.pass_time(seconds=3)
        typed = ANNA | {"token": TOKEN.findall(shown.text)[0]}
        page = await client.post("/c/river/sign", data=typed, headers={"Origin": "null"})
    assert (page.status_code, len(taken(river))) == (202, 1)


@pytest.mark.parametrize(
    "odd",
    [
        {"token": ""},
        {"token": "x" * 39},
        {"homepage": "https://pills.example"},
    ],
)
async def test_a_form_as_programs_send_it_is_shown_again_and_taken_then(
    river: World, odd: dict[str, str]
) -> None:
    async with visitor(river) as client:
        page = await client.post("/c/river/sign", data=by_hand(river, ANNA | odd))
        assert (page.status_code, taken(river)) == (422, [])
        assert AGAIN in page.text
        assert "pills" not in page.text
        river.pass_time(seconds=3)
        fresh = ANNA | {"token": TOKEN.findall(page.text)[0]}
        assert (await client.post("/c/river/sign", data=fresh)).status_code == 202


async def test_a_form_that_comes_too_early_is_shown_again_with_all_that_was_typed(
    river: World,
) -> None:
    early = {"token": door.mark(river.here.keys, river.now - timedelta(seconds=2.9))}
    typed = early | ANNA | {"cadence": "weekly", "time_zone": "Asia/Beirut"}
    async with visitor(river) as client:
        page = await client.post("/c/river/sign", data=typed)
    assert (page.status_code, taken(river)) == (422, [])
    kept = ("anna@example.org", "Anna", "Asia/Beirut")
    assert all(f'value="{value}"' in page.text for value in kept)
    assert 'value="weekly" selected' in page.text
    assert ' value="true" checked' in page.text


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}],
)
async def test_a_form_that_another_site_sends_is_shown_again(
    river: World, headers: dict[str, str]
) -> None:
    async with visitor(river) as client:
        page = await client.post("/c/river/sign", data=by_hand(river, ANNA), headers=headers)
    assert (page.status_code, AGAIN in page.text, taken(river)) == (422, True, [])


async def test_a_listed_site_may_post_the_form(
    river: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(river, monkeypatch, "http", embed_origins=(ORG,))
    headers = {"Origin": ORG, "Sec-Fetch-Site": "cross-site"}
    async with visitor(river) as client:
        page = await client.post("/c/river/sign", data=ANNA, headers=headers)
    assert page.status_code == 202
    assert taken(river)[0].source == f"form {ORG}"


async def test_our_own_page_may_post_the_form_where_a_browser_names_it(river: World) -> None:
    headers = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}
    async with visitor(river) as client:
        page = await client.post("/c/river/sign", data=by_hand(river, ANNA), headers=headers)
    assert page.status_code == 202


async def test_who_only_follows_signs_nothing(river: World) -> None:
    typed = {"email": "anna@example.org", "updates": "true", "follow": "true"}
    async with visitor(river) as client:
        page = await client.post("/c/river/sign", data=by_hand(river, typed))
        assert page.status_code == 202
        await river.tick()
    assert river.read(lambda s: len(s.exec(select(Subscription)).all())) == 1
    assert river.read(lambda s: s.exec(select(Signature)).all()) == []


async def test_a_forgotten_name_is_no_wish_to_follow(river: World) -> None:
    async with visitor(river) as client:
        page = await client.post("/c/river/sign", data=by_hand(river, ANNA | {"name": ""}))
    assert (page.status_code, taken(river)) == (422, [])
    assert "Please give your name." in page.text


async def test_a_refused_follower_finds_their_form_open(river: World) -> None:
    typed = {"email": "anna@", "updates": "true", "follow": "true"}
    async with visitor(river) as client:
        page = await client.post("/c/river/sign", data=by_hand(river, typed))
    assert re.search(
        r'<details class="only" id="only-follow" open>.*role="alert"', page.text, re.DOTALL
    )


async def test_a_site_may_send_followers_as_json(river: World) -> None:
    wish = {"email": "anna@example.org", "updates": True}
    async with visitor(river) as client:
        assert (await client.post("/c/river/sign", json=wish)).status_code == 202
        nothing = await client.post("/c/river/sign", json=wish | {"updates": False})
    assert nothing.status_code == 422


async def test_what_no_person_typed_refuses_nobody(river: World) -> None:
    odd = {"time_zone": "Etc/Unknown", "letter_version": "many", "passcode": "x" * 300}
    async with visitor(river) as client:
        page = await client.post("/c/river/sign", data=by_hand(river, ANNA | odd))
    assert page.status_code == 202
    assert (taken(river)[0].time_zone, taken(river)[0].letter_version) == (None, None)


async def test_the_page_says_which_letter_it_shows_and_asks_the_browser_for_the_zone(
    river: World,
) -> None:
    async with visitor(river) as client:
        page = await client.get("/c/river")
    assert 'name="letter_version" value="1"' in page.text
    assert "resolvedOptions().timeZone" in page.text
    assert "script-src 'sha256-" in page.headers["content-security-policy"]


async def test_a_page_without_the_form_allows_no_script(here_and_now: World) -> None:
    here_and_now.campaign(kind="petition", letter=LETTER, status="withdrawn")
    async with visitor(here_and_now) as client:
        policies = [
            (await client.get(path)).headers["content-security-policy"]
            for path in ("/", "/c/river")
        ]
    assert not any("script-src" in policy for policy in policies)


async def test_who_reloads_after_signing_is_sent_to_the_page(river: World) -> None:
    async with visitor(river) as client:
        found = await client.get("/c/river/sign?lang=ar")
        elsewhere = [
            await client.get(f"/c/{slug}/sign") for slug in ("@evil.example", "%5Cevil.example")
        ]
    assert (found.status_code, found.headers["location"]) == (303, f"{BASE}/c/river?lang=ar")
    assert all(one.headers["location"].startswith(f"{BASE}/c/") for one in elsewhere)


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("93.184.216.77", True),
        ("::ffff:93.184.216.77", True),
        ("93.184.217.7", False),
        ("2606:2800:220:1::1", False),
    ],
)
async def test_a_sign_up_is_known_by_its_network_only(
    river: World, address: str, *, same: bool
) -> None:
    for client_address in ("93.184.216.34", address):
        async with visitor(river, client=client_address) as client:
            await client.post("/c/river/sign", data=by_hand(river, ANNA))
    first, second = [one.network for one in taken(river)]
    assert len(first) == 16
    assert (first == second) is same


async def test_networks_of_the_new_internet_are_wider(river: World) -> None:
    for client_address in ("2606:2800:220:1aa::1", "2606:2800:220:1ff:9::2"):
        async with visitor(river, client=client_address) as client:
            await client.post("/c/river/sign", data=by_hand(river, ANNA))
    first, second = [one.network for one in taken(river)]
    assert first == second


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.3", "fd00::1", "unix"])
async def test_an_address_that_is_not_public_may_be_anybody(river: World, address: str) -> None:
    async with visitor(river, client=address) as client:
        await client.post("/c/river/sign", data=by_hand(river, ANNA))
    assert taken(river)[0].network == ""


@pytest.mark.parametrize(("passcode", "waits"), [("clover", False), ("Clover", True), ("", True)])
async def test_who_has_the_passcode_of_the_stall_does_not_wait_for_their_network(
    river: World, monkeypatch: pytest.MonkeyPatch, passcode: str, *, waits: bool
) -> None:
    allow(river, monkeypatch, "limits", passcode="clover")
    async with visitor(river, client="93.184.216.34") as client:
        shown = await client.get("/c/river", params={"passcode": passcode})
        found = re.findall(r'name="passcode" value="([^"]*)"', shown.text)
        assert found == ([passcode] * 2 if passcode else [])
        assert ("no-store" in shown.headers["cache-control"]) is bool(passcode)
        typed = by_hand(river, ANNA | {"passcode": passcode})
        await client.post("/c/river/sign", data=typed)
    assert bool(taken(river)[0].network) is waits
    assert taken(river)[0].passcode == ""


async def test_no_passcode_is_none(river: World) -> None:
    async with visitor(river, client="93.184.216.34") as client:
        await client.post("/c/river/sign", json=ANNA | {"updates": True, "passcode": ""})
    assert taken(river)[0].network
