"""Staff steer the mailing of an update, and its books say where it stands."""

from typing import Any

import httpx2
import pytest

from feedsvc.actions import deliver
from tests.web.api.conftest import Bearer, Bell, repeatable
from tests.world import SENT, World

ANNA, BEA = "anna@example.org", "bea@example.org"


@pytest.fixture
async def queued(here_and_now: World) -> World:
    """Give a world with two mails of one update in the queue."""
    here_and_now.campaign()
    for address in (ANNA, BEA):
        here_and_now.join(address)
    here_and_now.send()
    here_and_now.post()
    here_and_now.pass_time(minutes=11)
    await here_and_now.tick()
    return here_and_now


class Desk:
    """Somebody of the staff, with one update before them."""

    def __init__(self, api: httpx2.AsyncClient, headers: dict[str, str], uid: str) -> None:
        self._api, self._headers, self._uid = api, headers, uid

    async def order(self, name: str, key: str = "", **document: object) -> httpx2.Response:
        """Pause, resume or cancel."""
        headers = self._headers | repeatable(key or name)
        path = f"/api/updates/{self._uid}/{name}"
        return await self._api.post(path, headers=headers, json=document or None)

    async def books(self) -> Any:
        """Read the books of the one notice."""
        answer = await self._api.get(f"/api/updates/{self._uid}/books", headers=self._headers)
        return answer.json()["notices"][0]


@pytest.fixture
def desk(api: httpx2.AsyncClient, bearer: Bearer, queued: World) -> Desk:
    return Desk(api, bearer(), queued.books().update)


async def test_a_pause_is_answered_with_the_books(desk: Desk, queued: World) -> None:
    answer = await desk.order("pause")
    [news] = answer.json()["notices"]
    assert (answer.status_code, news["state"], news["balanced"]) == (200, "paused", True)
    assert answer.headers["location"].endswith("/books")
    assert queued.send() == []


async def test_an_order_wakes_the_timetable(desk: Desk, bell: Bell) -> None:
    await desk.order("pause")
    assert bell.rung == 1


async def test_a_repeated_order_is_given_once(desk: Desk, queued: World) -> None:
    first = await desk.order("pause")
    await desk.order("resume")
    again = await desk.order("pause")
    assert first.content == again.content
    assert (await desk.books())["state"] == "sending"


async def test_a_resumed_mailing_goes_on(desk: Desk, queued: World) -> None:
    await desk.order("pause")
    await desk.order("resume")
    await queued.tick()
    assert sorted(queued.send()) == [ANNA, BEA]


async def test_a_cancelled_mailing_cannot_be_resumed(desk: Desk, queued: World) -> None:
    assert (await desk.order("cancel")).json()["notices"][0]["state"] == "cancelled"
    refused = await desk.order("resume")
    assert (refused.status_code, refused.json()["detail"]) == (409, "The mailing was cancelled.")
    await queued.tick()
    assert (await desk.books())["withheld"] == {"cancelled": 2}


async def test_a_mailing_that_has_ended_cannot_be_paused(desk: Desk, queued: World) -> None:
    queued.send()
    refused = await desk.order("pause")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "The mailing has ended: nothing is left to stop.",
    )
    assert refused.json()["remedy"]


async def test_an_order_takes_no_fields_so_none_is_passed_over(desk: Desk) -> None:
    answer = await desk.order("pause", until="tomorrow")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "until")


async def test_every_order_is_in_the_audit_under_the_name_of_the_key(
    desk: Desk, queued: World
) -> None:
    await desk.order("pause")
    assert ("staff", "pause mailing") in {line[2:4] for line in queued.dump()["audit_line"]}


async def test_the_books_say_how_fast_it_goes(desk: Desk, queued: World) -> None:
    before = await desk.books()
    assert (before["state"], before["rate_per_minute"]) == ("sending", 0)
    assert (before["started_at"], before["seconds_left"]) == ("2026-03-02T09:11:00Z", None)
    queued.pass_time(seconds=30)
    worker = queued.write(deliver.enlist, now=queued.now)
    [claim] = queued.claims(worker, limit=1)
    queued.mark(worker, None, claim.mail_id)
    queued.mark(worker, deliver.Mark(claim.mail_id, SENT, ""), None)
    going = await desk.books()
    assert (going["rate_per_minute"], going["seconds_left"]) == (2, 30)
    queued.send()
    done = await desk.books()
    assert (done["state"], done["rate_per_minute"], done["seconds_left"]) == ("done", None, None)


async def test_the_books_say_what_keeps_the_sender_from_sending(
    api: httpx2.AsyncClient, bearer: Bearer, queued: World
) -> None:
    worker = queued.write(deliver.enlist, now=queued.now)
    path = f"/api/updates/{queued.books().update}/books"
    key, told = bearer(), []
    for problem in ("connect: refused", ""):
        queued.write(deliver.seen, worker, now=queued.now, problem=problem)
        told.append((await api.get(path, headers=key)).json()["problem"])
    said = "the sender is in trouble, and tries again by itself: connect: refused"
    assert told == [said, None]
