"""A request that comes again is done once and hears the same (DESIGN 4, Idempotency-Key)."""

from functools import partial
from pathlib import Path
from threading import Event

import anyio
import httpx2
import pytest
from sqlalchemy import func
from sqlmodel import Session, select

from feedsvc.actions import answers, keys
from feedsvc.actions.answers import Claim, Reply
from feedsvc.actions.tidy import tidy
from feedsvc.domain.tables.content import Update
from feedsvc.domain.tables.staff import Answer, Scope
from feedsvc.errors import Conflict
from tests.web.api.conftest import Bearer, repeatable
from tests.world import World, world

UPDATES = "/api/campaigns/river/updates"
NEWS = {"title": "Vote today", "body": "It is today."}


def posted(here_and_now: World) -> int:
    return int(here_and_now.read(lambda s: s.exec(select(func.count()).select_from(Update)).one()))


async def test_twenty_at_once_make_one_update_and_equal_answers(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    headers, told = bearer() | repeatable(), list[httpx2.Response]()

    async def send() -> None:
        told.append(await api.post(UPDATES, json=NEWS, headers=headers))

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(send)
    assert {answer.status_code for answer in told} == {201}
    assert len({(answer.content, answer.headers["location"]) for answer in told}) == 1
    assert (len(told), posted(here_and_now)) == (20, 1)
    here_and_now.pass_time(minutes=11)
    await here_and_now.tick()
    assert len(here_and_now.mails()) == 1


async def test_a_repeat_hears_what_was_said_then_not_how_it_stands_now(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    headers = bearer() | repeatable()
    first = await api.post(UPDATES, json=NEWS, headers=headers)
    await here_and_now.tick()
    here_and_now.pass_time(days=3)
    assert (await api.post(UPDATES, json=NEWS, headers=headers)).content == first.content


async def test_another_body_under_the_same_key_is_refused(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    headers = bearer() | repeatable()
    await api.post(UPDATES, json=NEWS, headers=headers)
    other = await api.post(UPDATES, json=NEWS | {"title": "Other"}, headers=headers)
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert posted(here_and_now) == 1


async def test_the_order_of_fields_does_not_make_another_body(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    headers = bearer() | repeatable()
    await api.post(UPDATES, json=NEWS, headers=headers)
    turned = dict(reversed(NEWS.items()))
    assert (await api.post(UPDATES, json=turned, headers=headers)).status_code == 201
    assert posted(here_and_now) == 1


async def test_each_staff_key_and_each_address_has_its_own(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.campaign("sea")
    one, other = bearer(name="one") | repeatable(), bearer(name="other") | repeatable()
    await api.post(UPDATES, json=NEWS, headers=one)
    await api.post(UPDATES, json=NEWS, headers=other)
    await api.post("/api/campaigns/sea/updates", json=NEWS, headers=one)
    assert posted(here_and_now) == 3


async def test_what_was_refused_can_be_tried_again_under_the_same_key(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.post(key="taken")
    headers = bearer() | repeatable()
    refused = await api.post(UPDATES, json=NEWS | {"key": "taken"}, headers=headers)
    again = await api.post(UPDATES, json=NEWS | {"key": "free"}, headers=headers)
    assert (refused.status_code, again.status_code) == (409, 201)


async def test_a_post_without_a_key_names_header_and_remedy(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    answer = await api.post(UPDATES, json=NEWS, headers=bearer())
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (400, "Idempotency-Key")
    assert "new random value" in error["remedy"]
    assert posted(here_and_now) == 0


async def test_an_answer_is_forgotten_after_thirty_days(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    await api.post(UPDATES, json=NEWS, headers=bearer() | repeatable())
    here_and_now.pass_time(days=31)
    here_and_now.write(tidy, now=here_and_now.now)
    assert here_and_now.read(lambda s: s.exec(select(Answer)).first()) is None


def test_a_rival_is_told_to_wait_when_the_first_takes_too_long(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "PATIENCE", "200ms")
    begun, end = Event(), Event()

    def slow(_session: Session) -> Reply:
        begun.set()
        end.wait(10)
        return Reply(201, b"{}")

    with world(postgresql_url, tmp_path) as made:
        scopes = [Scope.ADMIN]
        key, _ = made.write(keys.create_key, "staff", scopes=scopes, by="test", now=made.now)
        claim = Claim(key.id or 0, "/api/x", "k1", b"hash")
        submit = made.here.database.submit
        run = partial(submit, partial(answers.once, claim=claim, act=slow, now=made.now))
        first = run()
        begun.wait(10)
        with pytest.raises(Conflict, match="still being worked on"):
            run().result(10)
        end.set()
        assert first.result(10) == run().result(10)
