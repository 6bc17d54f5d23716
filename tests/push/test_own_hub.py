"""Our own hub (WebSub 5 to 8): asked, confirmed, sent and signed, and never fooled."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from sqlmodel import Session, select

from feedsvc.actions import hub
from feedsvc.domain import websub
from feedsvc.domain.tables.content import Campaign, FeedVersion
from feedsvc.domain.tables.hubs import HubRequest, HubSubscription
from feedsvc.push import Push
from feedsvc.records import topics
from feedsvc.schedule import tidy_up
from tests.push.outside import SECRET, Outside, Pushing, outside, pushing


@pytest.fixture
async def here(database_url: str, tmp_path: Path) -> AsyncIterator[Pushing]:
    """Give a world with a hub of its own."""
    async with pushing(database_url, tmp_path) as made:
        yield made


@pytest.fixture
async def quick(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Pushing]:
    """Give the same on SQLite alone, for long tables of cases."""
    async with pushing(sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
async def reader() -> AsyncIterator[Outside]:
    """Give a subscriber."""
    async with outside() as made:
        yield made


def rows(here: Pushing, table: type[HubRequest | HubSubscription]) -> int:
    """Count the rows of a table."""
    return len(here.world.read(lambda session: session.exec(select(table)).all()))


async def test_a_subscriber_is_sent_the_very_bytes_that_the_web_serves(
    here: Pushing, reader: Outside
) -> None:
    for suffix in ("atom", "rss", "json"):
        await here.subscribe(reader, f"/{suffix}", topic=here.topic(f"/c/river.{suffix}"))
    here.world.post(title="Second")
    await here.run()
    assert len(reader.sent) == 3
    for call in reader.sent:
        suffix = call.path.removeprefix("/")
        served = await here.client.get(f"/c/river.{suffix}")
        assert call.body == await here.get(f"/c/river.{suffix}")
        assert b"Second" in call.body
        assert call.headers["Content-Type"] == served.headers["Content-Type"]
        assert f'<{here.topic(f"/c/river.{suffix}")}>; rel="self"' in call.headers["Link"]
        assert f'<{here.topic("/hub")}>; rel="hub"' in call.headers["Link"]
        signed = hmac.new(SECRET.encode(), call.body, hashlib.sha256).hexdigest()
        assert call.headers["X-Hub-Signature"] == f"sha256={signed}"


async def test_without_a_secret_nothing_is_signed(here: Pushing, reader: Outside) -> None:
    await here.ask(f"{reader.url}/")
    await here.run()
    here.world.post(title="Second")
    await here.run()
    assert "X-Hub-Signature" not in reader.sent[0].headers


async def test_a_feed_of_the_site_and_of_a_language_can_be_had_too(
    here: Pushing, reader: Outside
) -> None:
    for path in ("/updates.json", "/c/river.en.rss", "/updates.en.atom"):
        await here.subscribe(reader, "/callback", topic=here.topic(path))
    here.world.post(title="Second")
    await here.run()
    assert {call.body for call in reader.sent} == {
        await here.get(path) for path in ("/updates.json", "/c/river.en.rss", "/updates.en.atom")
    }


async def test_it_is_sent_once_and_again_only_when_it_changes(
    here: Pushing, reader: Outside
) -> None:
    await here.subscribe(reader)
    here.world.post(title="Second")
    for _ in range(3):
        await here.run(minutes=1)
    assert len(reader.sent) == 1
    here.world.post(title="Third")
    await here.run()
    assert len(reader.sent) == 2


async def test_several_changes_are_sent_as_one(here: Pushing, reader: Outside) -> None:
    await here.subscribe(reader)
    for title in ("Second", "Third", "Fourth"):
        here.world.post(title=title)
    await here.run()
    assert [b"Second" in call.body and b"Fourth" in call.body for call in reader.sent] == [True]


async def test_what_has_not_changed_in_this_feed_is_not_sent(
    here: Pushing, reader: Outside
) -> None:
    await here.subscribe(reader)
    here.world.post(title="Second")
    await here.run()
    here.world.write(lambda session: _bump(session, here.world.campaign_id()))
    await here.run()
    assert len(reader.sent) == 1


def _bump(session: Session, scope: int) -> None:
    session.get_one(FeedVersion, scope).version += 1


async def test_nothing_is_sent_before_the_callback_has_confirmed(
    here: Pushing, reader: Outside
) -> None:
    await here.ask(f"{reader.url}/callback")
    here.world.post(title="Second")
    assert rows(here, HubSubscription) == 0
    await here.run()
    assert (len(reader.asked), len(reader.sent)) == (1, 0)


async def test_the_callback_keeps_its_query_and_hears_the_lease(
    here: Pushing, reader: Outside
) -> None:
    await here.subscribe(reader, "/callback?mine=a%20b&hub=1", lease_seconds="86400")
    asked = reader.asked[0]
    assert len(asked.pop("hub.challenge")) >= 32
    assert asked == {
        "mine": "a b",
        "hub": "1",
        "hub.mode": "subscribe",
        "hub.topic": here.topic(),
        "hub.lease_seconds": "86400",
    }
    here.world.post(title="Second")
    await here.run()
    assert (reader.sent[0].path, reader.sent[0].query) == ("/callback", "mine=a%20b&hub=1")


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("", 10 * 86_400),
        ("0", 3_600),
        ("60", 3_600),
        ("86400", 86_400),
        ("999999999999", 30 * 86_400),
    ],
)
def test_a_lease_is_bounded(asked: str, granted: int) -> None:
    lease = websub.lease(asked)
    assert lease is not None
    assert lease.total_seconds() == granted


@pytest.mark.parametrize("asked", ["-1", "1.5", "soon", "1e9", "٣", " 60", "9" * 13])
def test_a_lease_that_is_no_number_is_none(asked: str) -> None:
    assert websub.lease(asked) is None


@pytest.mark.parametrize("status", [200, 302, 307, 404, 410])
async def test_a_callback_that_does_not_echo_changes_nothing(
    quick: Pushing, reader: Outside, status: int
) -> None:
    reader.status, reader.echoes = status, status != 200
    await quick.subscribe(reader)
    await quick.run(days=1)
    assert (rows(quick, HubSubscription), len(reader.asked)) == (0, 1)


async def test_a_callback_in_trouble_is_asked_again_and_then_no_more(
    here: Pushing, reader: Outside
) -> None:
    reader.status = 500
    await here.subscribe(reader)
    for _ in range(8):
        await here.run(minutes=5)
    assert len(reader.asked) == 4
    reader.status = 200
    await here.run(hours=1)
    assert rows(here, HubSubscription) == 0


async def test_a_callback_that_was_away_for_a_moment_is_confirmed(
    here: Pushing, reader: Outside
) -> None:
    reader.status = 503
    await here.subscribe(reader)
    reader.status = 200
    await here.run(seconds=10)
    assert rows(here, HubSubscription) == 1
    assert reader.asked[0]["hub.challenge"] != reader.asked[1]["hub.challenge"]


async def test_a_restart_between_asking_and_confirming_loses_nothing(
    here: Pushing, reader: Outside
) -> None:
    await here.ask(f"{reader.url}/callback")
    here.world.write(hub.questions, limit=1, now=here.world.now)  # taken by one that then dies
    await here.run()
    assert reader.asked == []
    await here.run(seconds=31)
    assert rows(here, HubSubscription) == 1


async def test_asking_again_renews_and_replaces(here: Pushing, reader: Outside) -> None:
    await here.subscribe(reader, lease_seconds="3600")
    here.world.pass_time(minutes=50)
    await here.ask(f"{reader.url}/callback", secret="another", lease_seconds="3600")
    await here.run()
    here.world.post(title="Second")
    await here.run(minutes=50)
    assert rows(here, HubSubscription) == 1
    signed = hmac.new(b"another", reader.sent[0].body, hashlib.sha256).hexdigest()
    assert reader.sent[0].headers["X-Hub-Signature"] == f"sha256={signed}"


async def test_asking_again_without_confirming_changes_nothing(
    here: Pushing, reader: Outside
) -> None:
    await here.subscribe(reader)
    reader.echoes = False
    for fields in ({"secret": "stolen"}, {"mode": "unsubscribe"}):
        await here.ask(f"{reader.url}/callback", **fields)
        await here.run()
    here.world.post(title="Second")
    await here.run()
    signed = hmac.new(SECRET.encode(), reader.sent[0].body, hashlib.sha256).hexdigest()
    assert reader.sent[0].headers["X-Hub-Signature"] == f"sha256={signed}"


async def test_of_two_requests_the_newest_counts(here: Pushing, reader: Outside) -> None:
    await here.ask(f"{reader.url}/callback", secret="old")
    await here.ask(f"{reader.url}/callback", secret="new")
    await here.run()
    here.world.post(title="Second")
    await here.run()
    signed = hmac.new(b"new", reader.sent[0].body, hashlib.sha256).hexdigest()
    assert len(reader.asked) == 1
    assert reader.sent[0].headers["X-Hub-Signature"] == f"sha256={signed}"


async def test_an_answer_to_a_request_that_was_replaced_meanwhile_counts_no_more(
    here: Pushing, reader: Outside
) -> None:
    await here.ask(f"{reader.url}/callback")
    (old,) = here.world.write(hub.questions, limit=9, now=here.world.now)
    await here.ask(f"{reader.url}/callback", mode="unsubscribe")
    here.world.write(hub.confirm, old.id, now=here.world.now)
    assert rows(here, HubSubscription) == 0


async def test_who_has_unsubscribed_is_sent_nothing(here: Pushing, reader: Outside) -> None:
    await here.subscribe(reader)
    await here.ask(f"{reader.url}/callback", mode="unsubscribe")
    await here.run()
    assert reader.asked[-1]["hub.mode"] == "unsubscribe"
    here.world.post(title="Second")
    await here.run()
    assert (rows(here, HubSubscription), reader.sent) == (0, [])


async def test_a_feed_that_has_ended_can_be_left(here: Pushing, reader: Outside) -> None:
    await here.subscribe(reader)
    here.world.write(_rename, here.world.campaign_id())
    assert (await here.ask(f"{reader.url}/callback")).status_code == 404
    assert (await here.ask(f"{reader.url}/callback", mode="unsubscribe")).status_code == 202
    await here.run()
    assert rows(here, HubSubscription) == 0


def _rename(session: Session, campaign_id: int) -> None:
    session.get_one(Campaign, campaign_id).slug = "brook"


async def test_who_has_not_renewed_is_sent_nothing_and_forgotten(
    here: Pushing, reader: Outside
) -> None:
    await here.subscribe(reader, lease_seconds="3600")
    here.world.post(title="Second")
    await here.run(minutes=61)
    assert reader.sent == []
    await tidy_up(here.world.here, here.world.now)
    assert rows(here, HubSubscription) == 0


async def test_gone_ends_it(here: Pushing, reader: Outside) -> None:
    await here.subscribe(reader)
    reader.status = 410
    here.world.post(title="Second")
    await here.run()
    assert rows(here, HubSubscription) == 0


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500, 503])
async def test_whatever_else_is_said_it_is_sent_again_later(
    quick: Pushing, reader: Outside, status: int
) -> None:
    await quick.subscribe(reader)
    reader.status = status
    quick.world.post(title="Second")
    await quick.run()
    await quick.run(seconds=1)
    assert len(reader.sent) == 1
    reader.status = 204
    await quick.run(seconds=5)
    await quick.run(hours=2)
    assert len(reader.sent) == 2
    assert {call.path for call in reader.sent} == {"/callback"}


async def test_the_waits_grow_and_after_three_days_it_ends(here: Pushing, reader: Outside) -> None:
    await here.subscribe(reader)
    reader.status = 500
    here.world.post(title="Second")
    tries = []
    for _ in range(24 * 4 + 40):
        before = len(reader.sent)
        await here.run(minutes=30)
        tries.append(len(reader.sent) - before)
    assert sum(tries[:48]) > 10
    assert sum(tries) < 120
    assert rows(here, HubSubscription) == 1
    await here.run(days=1)
    assert rows(here, HubSubscription) == 0


def test_a_wait_doubles_up_to_an_hour_and_leaves_a_little_to_chance() -> None:
    for attempts in range(1, 40):
        longest = min(2.0 * 2**attempts, 3_600.0)
        waits = {websub.wait(attempts).total_seconds() for _ in range(20)}
        assert len(waits) > 1
        assert longest * 0.75 <= min(waits) <= max(waits) <= longest


async def test_a_crash_between_sending_and_marking_repeats_it_at_most(
    here: Pushing, reader: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.subscribe(reader)
    here.world.post(title="Second")

    def killed(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(hub, "deliver", killed)
        with pytest.raises(ExceptionGroup):
            await here.run()
    await here.run(seconds=10)
    assert len(reader.sent) == 1
    await here.run(seconds=31)
    await here.run(minutes=5)
    assert len(reader.sent) == 2
    assert reader.sent[0].body == reader.sent[1].body


async def test_two_workers_send_it_once(here: Pushing, reader: Outside) -> None:
    for number in range(30):
        await here.subscribe(reader, f"/{number}")
    other = Push(here.world.here, here.world.clock)
    here.world.post(title="Second")
    await asyncio.gather(*(push.jobs["distribute"]() for push in (here.push, other)))
    await other.close()
    assert sorted(call.path for call in reader.sent) == sorted(f"/{n}" for n in range(30))


async def test_a_slow_subscriber_holds_up_no_other(here: Pushing, reader: Outside) -> None:
    async def slow(request: web.Request) -> web.Response:
        if request.method == "POST":
            await asyncio.sleep(2)
        return web.Response(text=request.query.get("hub.challenge", ""))

    application = web.Application()
    application.router.add_route("*", "/", slow)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await here.ask(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    for number in range(40):
        await here.subscribe(reader, f"/{number}")
    here.world.post(title="Second")
    began = time.monotonic()
    run = asyncio.create_task(here.push.jobs["distribute"]())
    while len(reader.sent) < 40:
        await asyncio.sleep(0.01)
        assert time.monotonic() < began + 10
    took = time.monotonic() - began
    assert not run.done()
    await run
    await runner.cleanup()
    assert took < 2


async def test_each_feed_is_printed_once_for_all_its_subscribers(
    here: Pushing, reader: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed, calls = topics.printed, []

    def counted(*args: object) -> object:
        calls.append(args[-2:])
        return printed(*args)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(topics, "printed", counted)
    for number in range(25):
        await here.subscribe(reader, f"/{number}")
    here.world.post(title="Second")
    await here.run()
    assert (len(reader.sent), len(calls)) == (25, 1)


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"topic": "http://127.0.0.1:8000/c/lake.atom"}, 404, "no such feed"),
        ({"topic": "http://elsewhere.example/c/river.atom"}, 404, "no such feed"),
        ({"topic": "http://127.0.0.1:8000/c/river.xx.atom"}, 404, "no such feed"),
        ({"topic": "http://127.0.0.1:8000/c/river.exe"}, 404, "no such feed"),
        ({"topic": "http://127.0.0.1:8000/c/river.atom?x=1"}, 404, "no such feed"),
        ({"topic": "http://127.0.0.1:8000/c/River.atom"}, 404, "no such feed"),
        ({"topic": ""}, 404, "no such feed"),
        ({"mode": "publish"}, 400, "knows when they change"),
        ({"mode": "denied"}, 400, "subscribe or unsubscribe"),
        ({"mode": ""}, 400, "subscribe or unsubscribe"),
        ({"callback": ""}, 400, "hub.callback"),
        ({"callback": "https://user@reader.example/"}, 400, "hub.callback"),
        ({"callback": "javascript:alert(1)"}, 400, "hub.callback"),
        ({"lease_seconds": "soon"}, 400, "hub.lease_seconds"),
        ({"secret": "s" * 200}, 400, "hub.secret"),
        ({"secret": "é" * 100}, 400, "hub.secret"),
    ],
)
async def test_what_cannot_be_taken_is_refused_in_plain_words(
    quick: Pushing, fields: dict[str, str], status: int, said: str
) -> None:
    answer = await quick.ask(**fields)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert answer.headers["content-type"].startswith("text/plain")
    assert rows(quick, HubRequest) == 0


async def test_a_secret_of_199_bytes_is_taken(here: Pushing, reader: Outside) -> None:
    assert (await here.ask(f"{reader.url}/", secret="s" * 199)).status_code == 202


async def test_nobody_calls_one_host_through_us_without_end(here: Pushing, reader: Outside) -> None:
    reader.echoes = False
    asked = [(await here.ask(f"{reader.url}/{number}")).status_code for number in range(50)]
    await here.run()
    refused = await here.ask(f"{reader.url}/more")
    assert (set(asked), refused.status_code, len(reader.asked)) == ({202}, 429, 50)
    assert refused.headers["retry-after"] == "600"
    here.world.pass_time(minutes=61)
    await tidy_up(here.world.here, here.world.now)
    assert (await here.ask(f"{reader.url}/more")).status_code == 202


async def test_one_host_does_not_take_all_the_room(
    here: Pushing, reader: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(hub.ask.__globals__, "SUBSCRIPTIONS_OF_HOST", 2)
    for number in range(2):
        await here.subscribe(reader, f"/{number}")
    assert (await here.ask(f"{reader.url}/more")).status_code == 429
    assert (await here.ask(f"{reader.url}/1")).status_code == 202


async def test_callbacks_and_secrets_are_not_in_the_database(
    here: Pushing, reader: Outside
) -> None:
    await here.ask(f"{reader.url}/needle", secret=SECRET)
    asked = repr(here.world.dump())
    await here.run()
    kept = repr(here.world.dump())
    assert [word in text for text in (asked, kept) for word in ("needle", SECRET)] == [False] * 4


async def test_without_the_setting_there_is_no_hub(database_url: str, tmp_path: Path) -> None:
    async with pushing(database_url, tmp_path, hub="") as here:
        answer = await here.ask("https://reader.example/")
        assert (answer.status_code, answer.text) == (404, "There is no hub here.\n")
        assert here.push.jobs == {}


async def test_by_default_only_public_callbacks_are_called(
    database_url: str, tmp_path: Path, reader: Outside
) -> None:
    async with pushing(database_url, tmp_path, hub="self") as here:
        assert (await here.ask(f"{reader.url}/")).status_code == 400
        name = f"https://localhost:{reader.url.rpartition(':')[2]}/"
        assert (await here.ask(name)).status_code == 202
        await here.run()
        assert reader.asked == []
