"""Feeds over HTTP: valid, cheap to poll, and the same bytes for whoever asks."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import psycopg
import pytest
from lxml import etree
from psycopg import sql
from sqlalchemy import make_url
from sqlmodel import Session, select
from starlette.testclient import TestClient

from feedsvc.actions import campaigns, publish
from feedsvc.domain.drafts import UpdateDraft
from feedsvc.domain.tables.content import (
    RevisionText,
    Update,
    UpdateStatus,
)
from feedsvc.gateways.database import open_database
from feedsvc.gateways.database.engines import file_of, is_sqlite
from feedsvc.web.boards import Key
from feedsvc.web.shelf import Shelf
from tests import postgresql
from tests.domain.feeds.reading import parsed
from tests.web.serving import client
from tests.world import World

ARABIC = {"ar": {"title": "نهر", "body": "نص"}}
FORMATS = ("atom", "rss", "json")
CODINGS = ("identity", "gzip", "br")


@pytest.fixture
def river(here_and_now: World) -> World:
    """Give a world with a campaign, its launch and two updates, one of them in Arabic, too."""
    here_and_now.campaign(texts=ARABIC)
    here_and_now.pass_time(hours=1)
    here_and_now.post(title="Bridge & <ferry>", occurred_on="2017-12")
    here_and_now.post(title="Second", texts=ARABIC)
    here_and_now.pass_time(hours=1)
    return here_and_now


@pytest.fixture
def http(river: World) -> Iterator[TestClient]:
    """Give a client of its feeds."""
    with client(river) as made:
        yield made


def titles(document: bytes) -> list[str]:
    """Return the titles of a JSON feed."""
    return [item["title"] for item in json.loads(document)["items"]]


def ids(document: bytes) -> list[str]:
    """Return the ids of a feed in any format."""
    if document.startswith(b"{"):
        return [item["id"] for item in json.loads(document)["items"]]
    return [entry.id for entry in parsed(document).entries]


def plant(world: World, update: str, values: Mapping[str, str]) -> None:
    """Change the text of an update behind everybody's back."""

    def change(session: Session) -> None:
        rows = select(RevisionText).where(RevisionText.title == update)
        for text in session.exec(rows).all():
            for name, value in values.items():
                setattr(text, name, value)

    world.write(change)


@pytest.mark.parametrize("suffix", ["atom", "rss"])
@pytest.mark.parametrize("stem", ["/c/river", "/updates", "/c/river.ar", "/updates.ar"])
def test_feedparser_reads_every_entry_without_complaint(
    http: TestClient, stem: str, suffix: str
) -> None:
    found = parsed(http.get(f"{stem}.{suffix}").content)
    assert len(found.entries) == (2 if stem.endswith(".ar") else 3)


@pytest.mark.parametrize("stem", ["/c/river", "/updates", "/c/river.ar", "/updates.en"])
def test_ids_are_the_same_in_all_three_formats(http: TestClient, stem: str) -> None:
    atom, rss, json_feed = (ids(http.get(f"{stem}.{suffix}").content) for suffix in FORMATS)
    assert atom == rss == json_feed
    assert all(each.startswith("tag:") for each in atom)


def test_an_entry_has_the_same_id_in_the_feeds_of_campaign_and_site(http: TestClient) -> None:
    assert ids(http.get("/c/river.atom").content) == ids(http.get("/updates.atom").content)


def test_a_language_feed_has_only_what_is_in_that_language(http: TestClient) -> None:
    feed = json.loads(http.get("/c/river.ar.json").content)
    assert feed["language"] == "ar"
    assert {item["language"] for item in feed["items"]} == {"ar"}


def test_the_plain_feed_has_an_update_in_its_first_text_where_the_campaigns_language_is_lacking(
    river: World,
) -> None:
    river.post(title="وحده", language="ar")
    with client(river) as http:
        items = json.loads(http.get("/updates.json").content)["items"]
    assert [item["language"] for item in items if item["title"] == "وحده"] == ["ar"]
    assert len(items) == 4


def test_in_the_feed_of_everything_each_entry_names_its_campaign(http: TestClient) -> None:
    feed = json.loads(http.get("/updates.json").content)
    assert all("Save the river" in item["tags"] for item in feed["items"])


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_200_says_all_that_a_cache_and_a_reader_need(http: TestClient, suffix: str) -> None:
    answer = http.get(f"/c/river.{suffix}")
    base = "http://127.0.0.1:8000"
    assert answer.headers["cache-control"] == (
        "public, max-age=1800, s-maxage=60, stale-while-revalidate=60, stale-if-error=3600"
    )
    assert answer.headers["link"] == f'<{base}/c/river.{suffix}>; rel="self"'
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["last-modified"] == "Mon, 02 Mar 2026 10:00:00 GMT"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "set-cookie" not in answer.headers


def test_the_three_formats_have_their_content_types(http: TestClient) -> None:
    types = [http.get(f"/c/river.{suffix}").headers["content-type"] for suffix in FORMATS]
    assert types == [
        "application/atom+xml; charset=utf-8",
        "application/rss+xml; charset=utf-8",
        "application/feed+json",
    ]


@pytest.mark.parametrize("coding", CODINGS)
def test_what_a_client_has_is_answered_with_304(http: TestClient, coding: str) -> None:
    wanted = {"Accept-Encoding": coding}
    first = http.get("/c/river.atom", headers=wanted)
    again = http.get("/c/river.atom", headers=wanted | {"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert again.headers[name] == first.headers[name]


def test_each_coding_carries_the_same_document_under_a_tag_of_its_own(http: TestClient) -> None:
    answers = [http.get("/updates.json", headers={"Accept-Encoding": coding}) for coding in CODINGS]
    assert [answer.headers.get("content-encoding") for answer in answers] == [None, "gzip", "br"]
    assert len({answer.headers["etag"] for answer in answers}) == 3
    assert len({answer.content for answer in answers}) == 1


def test_a_client_that_goes_by_the_date_gets_304(http: TestClient) -> None:
    changed = http.get("/c/river.rss").headers["last-modified"]
    again = http.get("/c/river.rss", headers={"If-Modified-Since": changed})
    assert again.status_code == 304


def test_there_is_no_date_while_its_second_lasts(river: World) -> None:
    river.post(title="Now")
    with client(river) as http:
        assert "last-modified" not in http.get("/c/river.rss").headers
        river.pass_time(seconds=1)
        assert "last-modified" in http.get("/c/river.rss").headers


def test_a_tag_that_we_did_not_issue_gets_the_feed(http: TestClient) -> None:
    assert http.get("/c/river.atom", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("coding", CODINGS)
def test_head_answers_as_get_without_the_body(http: TestClient, coding: str) -> None:
    wanted = {"Accept-Encoding": coding}
    get, head = (
        http.request(method, "/c/river.json", headers=wanted) for method in ("GET", "HEAD")
    )
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(get.headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_feeds_cannot_be_written_to(http: TestClient, method: str) -> None:
    answer = http.request(method, "/c/river.atom")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "path",
    ["/c/lake.atom", "/c/river.fr.atom", "/updates.fr.json", "/c/river..rss", "/c/%00.atom"],
)
def test_a_feed_that_is_not_there_is_404_in_plain_text(http: TestClient, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_the_feeds_of_a_withdrawn_campaign_say_so_for_thirty_days_and_are_gone(
    river: World,
) -> None:
    site = river.here.settings.site
    with client(river) as http:
        river.write(campaigns.withdraw_campaign, "river", site=site, by="test", now=river.now)
        said = http.get("/c/river.json")
        river.pass_time(days=30)
        await river.tick()
        gone = http.get("/c/river.json")
    assert titles(said.content)[0] == "This feed has ended"
    assert gone.status_code == 410


def test_a_site_without_campaigns_has_a_feed_already(here_and_now: World) -> None:
    with client(here_and_now) as http:
        assert not parsed(http.get("/updates.atom").content).entries


def test_nothing_that_a_request_says_changes_a_byte(river: World) -> None:
    with client(river) as http:
        first = http.get("/c/river.atom")
    river.pass_time(days=40)
    time.sleep(1.01)  # feeds count in seconds, and the clock of the machine must not show either
    with client(river) as http:
        wishes = {"Host": "evil.example", "A-IM": "feed", "Accept-Language": "ar", "Cookie": "a=b"}
        again = http.get("/c/river.atom?null&x=1", headers=wishes)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("path", ["/c/river.atom", "/c/river.rss", "/updates.json", "/feeds.opml"])
def test_two_fetches_give_the_same_bytes(http: TestClient, path: str) -> None:
    assert http.get(path).content == http.get(path).content


@pytest.mark.parametrize(
    "fault",
    [
        {"title": "Second\x0b\x01", "body": "A \x0b\ufffe control character"},
        {"body": "x" * 50_000},
        {"title": ""},
        {"summary": "\u0085\x7f"},
    ],
)
def test_one_bad_row_does_not_stop_the_feed(river: World, fault: dict[str, str]) -> None:
    plant(river, "Second", fault)
    with client(river) as http:
        atom, rss, json_feed = (http.get(f"/updates.{suffix}").content for suffix in FORMATS)
    assert ids(atom) == ids(rss) == ids(json_feed)
    assert "Bridge & <ferry>" in titles(json_feed)


def test_a_date_that_cannot_be_read_takes_out_only_its_update(river: World) -> None:
    def spoil(session: Session) -> None:
        session.exec(select(Update).where(Update.occurred_on == "2017-12")).one().occurred_on = "?"

    river.write(spoil)
    with client(river) as http:
        assert sorted(titles(http.get("/c/river.json").content)) == ["Save the river", "Second"]


def test_an_update_is_seen_as_soon_as_another_process_has_committed_it(river: World) -> None:
    other = open_database(river.here.database.url)
    draft = UpdateDraft(title="From elsewhere", body="Text")
    values: dict[str, Any] = {"site": river.here.settings.site, "by": "test", "now": river.now}
    try:
        with client(river) as http:
            before = [http.get(f"/updates.{suffix}") for suffix in FORMATS]
            other.write_now(publish.post_update, "river", draft, **values)
            after = [http.get(f"/updates.{suffix}") for suffix in FORMATS]
    finally:
        other.close()
    assert [b"From elsewhere" in answer.content for answer in before] == [False] * 3
    assert [b"From elsewhere" in answer.content for answer in after] == [True] * 3


async def test_an_embargoed_update_waits_for_its_hour(river: World) -> None:
    update = river.post(title="Under embargo", publish_at="2026-03-05T09:00:00Z")
    assert update.status is UpdateStatus.SCHEDULED
    with client(river) as http:
        held = http.get("/c/river.json").content
        river.pass_time(days=5)
        still = http.get("/c/river.json").content
        await river.tick()
        out = http.get("/c/river.json").content
    assert held == still
    assert b"Under embargo" not in held
    assert titles(out)[0] == "Under embargo"


async def test_requests_that_come_at_once_render_a_new_version_once(river: World) -> None:
    shelf = Shelf(river.here)
    editions = await asyncio.gather(*(shelf.find(Key("river")) for _ in range(20)))
    assert shelf.rendered == 1
    assert len({id(edition) for edition in editions}) == 1


async def test_what_does_not_move_the_feed_does_not_render_it_again(river: World) -> None:
    shelf = Shelf(river.here)
    before = await shelf.find(Key("river"))
    river.sign_up("anna@example.org")
    assert await shelf.find(Key("river")) is before


@pytest.mark.parametrize("listens", [False, True])
def test_while_the_database_is_away_feeds_come_from_memory_or_say_come_back(
    river: World, database_url: str, request: pytest.FixtureRequest, *, listens: bool
) -> None:
    with client(river, listens=listens) as http:
        time.sleep(0.5 if listens else 0)
        before = http.get("/c/river.atom")
        _take_away(database_url, request)
        after = http.get("/c/river.atom")
        unseen = http.get("/updates.atom")
    assert (after.status_code, after.content) == (200, before.content)
    assert unseen.status_code == 503
    assert unseen.headers["retry-after"]


def test_the_list_of_feeds_has_those_of_each_language(http: TestClient) -> None:
    answer = http.get("/feeds.opml")
    groups = etree.fromstring(answer.content).findall("body/outline")
    listed = {
        str(group.get("text")): [outline.get("xmlUrl") for outline in group] for group in groups
    }
    base = "http://127.0.0.1:8000"
    assert listed == {
        "العربية": [f"{base}/updates.ar.atom", f"{base}/c/river.ar.atom"],
        "English": [f"{base}/updates.en.atom", f"{base}/c/river.en.atom"],
    }
    assert all(
        http.get(str(url).removeprefix(base)).status_code == 200
        for urls in listed.values()
        for url in urls
    )


def _take_away(url: str, request: pytest.FixtureRequest) -> None:
    """Make the database unreachable, or for SQLite unreadable."""
    if is_sqlite(url):
        with closing(sqlite3.connect(file_of(url))) as file:
            file.execute("ALTER TABLE feed_version RENAME TO gone")
        return
    server: postgresql.Server = request.getfixturevalue("postgresql_server")
    name = make_url(url).database or ""
    with psycopg.connect(server.url, autocommit=True) as connection:
        close = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false")
        connection.execute(close.format(sql.Identifier(name)))
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
