"""The public pages show what is out, in the reader's language, and change nothing."""

import base64
import hashlib
import html
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy
from sqlmodel import Session

from feedsvc.actions import campaigns
from feedsvc.commands.content import load_all
from feedsvc.domain.tables.content import Campaign, Update, UpdateStatus
from feedsvc.gateways import files
from feedsvc.web import feeds
from feedsvc.web import files as web_files
from tests.web.visiting import BASE, visitor
from tests.world import World

LETTER = {
    "addressees": [{"name": "Julie Bishop", "office": "Foreign Minister"}],
    "salutation": "Dear Minister,",
    "body": "Please **support** it.",
    "closing": "Yours",
}
ARABIC = {"title": "أنقذوا النهر", "body": "كلمات."}


async def test_home_lists_campaigns_newest_first(here_and_now: World) -> None:
    here_and_now.campaign("old")
    here_and_now.pass_time(days=1)
    here_and_now.campaign("new")
    async with visitor(here_and_now) as client:
        page = (await client.get("/")).text
    assert page.index("Save the new") < page.index("Save the old")


async def test_petition_shows_its_letter_and_a_form(here_and_now: World) -> None:
    here_and_now.campaign(kind="petition", letter=LETTER)
    async with visitor(here_and_now) as client:
        page = (await client.get("/c/river")).text
    for words in ("Julie Bishop", "Dear Minister,", "<strong>support</strong>", "Sign this"):
        assert words in page


async def test_statement_shows_its_signatories_verbatim_and_in_order(here_and_now: World) -> None:
    folders = files.read(files.shipped("updates")).folders
    names = next(list(one.signatories) for one in folders if one.signatories)
    here_and_now.campaign(signatories=names)
    async with visitor(here_and_now) as client:
        page = (await client.get("/c/river")).text
    shown = re.findall(r'<li><bdi dir="auto">(.*?)</bdi></li>', page)
    assert len(shown) == 46
    assert [html.unescape(name) for name in shown] == names


async def test_updates_stand_newest_event_first(here_and_now: World) -> None:
    here_and_now.campaign()
    for title, day in (("Middle", "2017-06"), ("First", "2017"), ("Last", None)):
        here_and_now.post(title=title, occurred_on=day)
    async with visitor(here_and_now) as client:
        page = (await client.get("/c/river")).text
    assert re.findall(r"<h3><a [^>]*>(\w+)</a></h3>", page) == ["Last", "Middle", "First"]
    assert "June 2017" in page


async def test_no_heading_in_an_update_is_greater_than_its_title(here_and_now: World) -> None:
    here_and_now.campaign()
    update = here_and_now.post(body="# Great\n\nWords.\n\n## Smaller\n\nWords.")
    async with visitor(here_and_now) as client:
        among_others = (await client.get("/c/river")).text
        alone = (await client.get(f"/c/river/{update.key}")).text
    assert re.findall(r"<(h\d)>(?:Great|Smaller)", among_others) == ["h4", "h5"]
    assert re.findall(r"<(h\d)>(?:Great|Smaller)", alone) == ["h2", "h3"]


@pytest.mark.parametrize("fields", [{"status": "draft"}, {"publish_at": "2026-03-03T09:00:00Z"}])
async def test_nothing_is_shown_before_it_is_out(
    here_and_now: World, fields: dict[str, str]
) -> None:
    here_and_now.campaign()
    update = here_and_now.post(title="Secret", **fields)
    async with visitor(here_and_now) as client:
        pages = [await client.get(path) for path in ("/", "/c/river", f"/c/river/{update.key}")]
    assert [page.status_code for page in pages] == [200, 200, 404]
    assert not any("Secret" in page.text for page in pages)


async def test_withdrawn_update_is_gone_and_says_so(here_and_now: World) -> None:
    here_and_now.campaign()
    update = here_and_now.post(title="Wrong")
    here_and_now.write(_withdraw, update.id)
    async with visitor(here_and_now) as client:
        page = await client.get(f"/c/river/{update.key}")
        campaign = await client.get("/c/river")
    assert page.status_code == 410
    assert "withdrawn" in page.text
    assert "Wrong" not in page.text + campaign.text


async def test_permalink_has_its_revisions_and_no_others(here_and_now: World) -> None:
    here_and_now.campaign()
    key = here_and_now.post().key
    async with visitor(here_and_now) as client:
        asked = [f"/c/river/{key}{end}" for end in ("", "@1", "@2", "@0", f"@{10**30}")]
        statuses = [(await client.get(path)).status_code for path in asked]
    assert statuses == [200, 200, 404, 404, 404]


async def test_permalink_has_no_revision_from_before_the_release(
    here_and_now: World, tmp_path: Path
) -> None:
    draft = 'status = "draft"'
    _load(here_and_now, tmp_path, draft, "Zoë told us.")
    _load(here_and_now, tmp_path, draft, "Somebody told us.")
    _load(here_and_now, tmp_path, "based_on = 2", "Somebody told us.")
    _load(here_and_now, tmp_path, "based_on = 2", "Somebody told all.")
    async with visitor(here_and_now) as client:
        pages = [await client.get(f"/c/river/u{end}") for end in ("@1", "@2", "@3", "")]
    assert [page.status_code for page in pages] == [404, 200, 200, 200]
    assert "Zoë" not in "".join(page.text for page in pages)


@pytest.mark.parametrize("path", ["/c/nothing", "/c/nothing/news", "/c/river/news", "/s/x"])
async def test_unknown_address_is_answered_by_a_page(here_and_now: World, path: str) -> None:
    here_and_now.campaign()
    async with visitor(here_and_now) as client:
        page = await client.get(path)
    assert page.status_code == 404
    assert "There is no such page" in page.text


async def test_short_link_leads_to_its_campaign(here_and_now: World) -> None:
    here_and_now.campaign(short_link="go/river")
    async with visitor(here_and_now) as client:
        page = await client.get("/s/go/river")
    assert (page.status_code, page.headers["location"]) == (302, f"{BASE}/c/river")


@pytest.mark.parametrize(
    ("path", "accepted", "frame", "entry"),
    [
        ("/c/river", "ar", "ar", "ar"),
        ("/c/river?lang=ar", "en", "ar", "ar"),
        ("/c/river?lang=nonsense", "en", "en", "en"),
        ("/c/river", "fr, ar;q=0.5", "ar", "ar"),
        ("/c/river", "fr", "en", "en"),
    ],
)
async def test_page_speaks_the_readers_language(
    here_and_now: World, path: str, accepted: str, frame: str, entry: str
) -> None:
    here_and_now.campaign(texts={"ar": ARABIC})
    async with visitor(here_and_now) as client:
        page = await client.get(path, headers={"Accept-Language": accepted})
    assert f'<html lang="{frame}"' in page.text
    assert f'<div lang="{entry}"' in page.text
    assert "Accept-Language" in page.headers["vary"]


async def test_text_that_is_not_in_the_readers_language_says_so(here_and_now: World) -> None:
    here_and_now.campaign(texts={"ar": ARABIC})
    here_and_now.post()
    async with visitor(here_and_now) as client:
        page = (await client.get("/c/river?lang=ar")).text
    assert '<html lang="ar" dir="rtl">' in page
    assert '<article lang="en" dir="ltr">' in page


async def test_page_loads_its_own_style_and_nothing_else(here_and_now: World) -> None:
    async with visitor(here_and_now) as client:
        page = await client.get("/")
    found = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert found
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "public, max-age=60"
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("/", "updates"),
        ("/?lang=ar", "updates.ar"),
        ("/c/river", "c/river"),
        ("/c/river?lang=ar", "c/river.ar"),
        ("/c/river/u", "c/river"),
        ("/c/river/u?lang=ar", "c/river.ar"),
        ("/c/river/u@1?lang=ar", "c/river.ar"),
    ],
)
async def test_page_names_its_feeds_to_readers_and_to_people(
    here_and_now: World, path: str, stem: str
) -> None:
    here_and_now.campaign(texts={"ar": ARABIC})
    here_and_now.post(key="u", texts={"ar": ARABIC})
    async with visitor(here_and_now, feeds.routes) as client:
        page = (await client.get(path)).text
        found = re.findall(r'<link rel="alternate" type="(.*?)" title="(.*?)" href="(.*?)">', page)
        answers = [await client.get(address) for _, _, address in found]
    assert [address for _, _, address in found] == [
        f"{BASE}/{stem}.{suffix}" for suffix in ("atom", "rss", "json")
    ]
    assert [one.headers["content-type"].partition(";")[0] for one in answers] == [
        kind for kind, _, _ in found
    ]
    assert len({title for _, title, _ in found}) == 3
    assert all(f'<a href="{address}"' in page for _, _, address in found)


async def test_front_page_in_a_language_without_feeds_names_the_plain_ones(
    here_and_now: World,
) -> None:
    here_and_now.campaign()
    async with visitor(here_and_now) as client:
        page = (await client.get("/?lang=ar")).text
    assert f'href="{BASE}/updates.atom"' in page


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["<bdi>PDF</bdi>, 1.5 MB", "plain text, 1 kB"]),
        ("ar", ["<bdi>PDF</bdi>، 1.5 م.ب", "نص عادي، 1 كيلوبايت"]),
    ],
)
async def test_files_are_listed_with_an_update_by_what_they_show(
    here_and_now: World, tmp_path: Path, language: str, told: list[str]
) -> None:
    (tmp_path / "content/river").mkdir(parents=True)
    (tmp_path / "content/river/a.pdf").write_bytes(b"%PDF-1.7\n" + bytes(1_450_000))
    (tmp_path / "content/river/b.txt").write_text("Words.")
    named = '[[file]]\nname = "a.pdf"\ntext = "The <vote>"\n[[file]]\nname = "b.txt"\ntext = "B"'
    _load(here_and_now, tmp_path, named, "Words.")
    async with visitor(here_and_now, web_files.routes) as client:
        for path in ("/c/river", "/c/river/u", "/c/river/u@1"):
            page = (await client.get(f"{path}?lang={language}")).text
            listed = re.findall(
                r'<li><a href="([^"]*)" type="[^"]*">(.*?)</a> <span.*?>\((.*?)\)<', page
            )
            assert [words for _, words, _ in listed] == ["The &lt;vote&gt;", "B"]
            assert [size for _, _, size in listed] == told
            assert [(await client.get(one)).status_code for one, _, _ in listed] == [200, 200]


async def test_client_that_prefers_a_feed_gets_one_without_a_redirect(here_and_now: World) -> None:
    here_and_now.campaign()
    async with visitor(here_and_now) as client:
        page = await client.get("/c/river")
        feed = await client.get("/c/river", headers={"Accept": "application/rss+xml"})
    assert page.headers["content-type"].startswith("text/html")
    assert feed.headers["content-type"].startswith("application/rss+xml")
    assert feed.status_code == 200
    assert all("Accept" in one.headers["vary"].split(", ") for one in (page, feed))


@pytest.mark.parametrize("known", [False, True])
async def test_a_feed_that_was_chosen_says_where_it_is_also_when_it_is_unchanged(
    here_and_now: World, *, known: bool
) -> None:
    here_and_now.campaign()
    wish = {"Accept": "text/html, application/atom+xml", "Accept-Encoding": "identity"}
    async with visitor(here_and_now) as client:
        first = await client.get("/c/river", headers=wish)
        has = {"If-None-Match": first.headers["etag"]} if known else {}
        again = await client.get("/c/river", headers=wish | has)
    assert again.status_code == (304 if known else 200)
    assert again.headers["content-location"] == "/c/river.atom"
    assert again.headers["vary"] == "Accept-Encoding, Accept"


async def test_a_feed_of_a_renamed_campaign_is_elsewhere_and_says_nothing_of_here(
    here_and_now: World,
) -> None:
    here_and_now.campaign()
    now = here_and_now.now
    here_and_now.write(campaigns.rename_campaign, "river", "stream", by="test", now=now)
    async with visitor(here_and_now) as client:
        answer = await client.get("/c/river", headers={"Accept": "application/rss+xml"})
    assert (answer.status_code, answer.headers["location"]) == (301, f"{BASE}/c/stream.rss")
    assert "content-location" not in answer.headers


async def test_signatures_are_not_counted_again_for_every_page(here_and_now: World) -> None:
    here_and_now.campaign(kind="petition", letter=LETTER)
    counted = sqlalchemy.update(Campaign).values(signatures=200_000)
    here_and_now.write(lambda session: session.execute(counted))
    async with visitor(here_and_now) as client:
        pages = [await client.get(path) for path in ("/", "/c/river")]
    assert all("200,000 people have signed" in page.text for page in pages)


async def test_only_confirmed_signatures_are_counted(here_and_now: World) -> None:
    here_and_now.campaign(kind="petition", letter=LETTER)
    here_and_now.join("anna@example.org")
    here_and_now.sign_up("pending@example.org")
    async with visitor(here_and_now) as client:
        assert "1 person has signed" in (await client.get("/c/river")).text


@pytest.mark.parametrize("status", ["closed", "won"])
async def test_petition_that_is_not_open_asks_for_no_name(here_and_now: World, status: str) -> None:
    here_and_now.campaign(kind="petition", letter=LETTER, status=status)
    async with visitor(here_and_now) as client:
        assert 'name="name"' not in (await client.get("/c/river")).text


async def test_head_is_answered_like_get(here_and_now: World) -> None:
    made: Campaign = here_and_now.campaign()
    async with visitor(here_and_now) as client:
        page = await client.head(f"/c/{made.slug}")
    assert (page.status_code, page.content) == (200, b"")


def _withdraw(session: Session, update_id: int) -> None:
    """Take an update back, as far as pages can see it."""
    session.get_one(Update, update_id).status = UpdateStatus.WITHDRAWN


def _load(world: World, folder: Path, front: str, body: str) -> None:
    campaign = folder / "content/river"
    campaign.mkdir(parents=True, exist_ok=True)
    kind = 'title = "River"\nkind = "statement"\nlanguage = "en"'
    (campaign / "campaign.md").write_text(f"+++\n{kind}\n+++\n\nWords.\n")
    (campaign / "u.md").write_text(f'+++\ntitle = "News"\n{front}\n+++\n\n{body}\n')
    world.pass_time(minutes=1)
    load_all(world.here, files.read(folder / "content"), now=world.now)


async def test_discreet_link_leads_on_to_the_update(here_and_now: World) -> None:
    here_and_now.campaign()
    update = here_and_now.post()
    async with visitor(here_and_now) as client:
        answer = await client.get(f"/n/{update.uid}")
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{BASE}/c/river/{update.key}"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("status", ["draft", "scheduled", None])
async def test_discreet_link_to_what_is_not_out_is_unknown(
    here_and_now: World, status: str | None
) -> None:
    here_and_now.campaign()
    later = here_and_now.now + timedelta(days=1) if status == "scheduled" else None
    update = here_and_now.post(
        status="draft" if status == "draft" else "published", publish_at=later
    )
    uid = update.uid if status else "nobody"
    async with visitor(here_and_now) as client:
        answer = await client.get(f"/n/{uid}")
    assert answer.status_code == 404


async def test_every_page_says_how_to_reach_us_and_links_to_what_is_mine(
    here_and_now: World,
) -> None:
    reached_at(here_and_now, "1 <Long> Street\nTown", "us@example.org")
    async with visitor(here_and_now) as client:
        feet = [(await client.get(url)).text.partition("</main>")[2] for url in ("/", "/c/none")]
    for foot in feet:
        assert "1 &lt;Long&gt; Street" in foot
        assert "Town" in foot
        assert ">us@example.org</a>" in foot
        assert f'href="{BASE}/me"' in foot


async def test_no_page_names_an_address_that_nobody_has_set(here_and_now: World) -> None:
    async with visitor(here_and_now) as client:
        page = await client.get("/")
    assert "@localhost" not in page.text
    assert "<address>" not in page.text


def reached_at(world: World, postal_address: str, reply_to: str) -> None:
    """Set where the organisation can be reached."""
    settings = world.here.settings
    site = settings.site.model_copy(update={"postal_address": postal_address})
    mail = settings.mail.model_copy(update={"reply_to": reply_to})
    told = settings.model_copy(update={"site": site, "mail": mail})
    world.here = replace(world.here, settings=told)
