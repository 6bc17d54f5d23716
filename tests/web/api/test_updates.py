"""Staff post, publish, list and read updates."""

import httpx2

from tests.web.api.conftest import Bearer, Bell, repeatable
from tests.world import World

UPDATES = "/api/campaigns/river/updates"
NEWS = {"title": "Vote today", "body": "It is **today**.", "occurred_on": "2026-03-01"}


async def test_a_posted_update_is_answered_with_all_its_names(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    answer = await api.post(UPDATES, json=NEWS, headers=bearer() | repeatable())
    told = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/updates/{told['id']}"
    assert told["key"] == "2026-03-01-vote-today"
    assert told["url"] == "http://127.0.0.1:8000/c/river/2026-03-01-vote-today"
    assert told["feed_id"] == f"tag:127.0.0.1,2026:{told['id']}/en"
    assert told["published_at"] == "2026-03-02T09:00:00Z"
    assert (told["status"], told["estimate"], told["eligible"]) == ("published", 1, None)


async def test_eligible_is_told_once_the_fan_out_has_ended(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    headers = bearer()
    posted = await api.post(UPDATES, json=NEWS, headers=headers | repeatable())
    await here_and_now.tick()
    told = (await api.get(posted.headers["location"], headers=headers)).json()
    assert told["eligible"] == 1


async def test_a_posted_update_wakes_the_timetable(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World, bell: Bell
) -> None:
    here_and_now.campaign()
    await api.post(UPDATES, json=NEWS, headers=bearer() | repeatable())
    assert bell.rung == 1


async def test_a_draft_waits_until_it_is_published(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    headers = bearer()
    drafted = await api.post(
        UPDATES, json=NEWS | {"status": "draft"}, headers=headers | repeatable()
    )
    assert drafted.json()["arrival"] is None
    address = f"{drafted.headers['location']}/publish"
    published = await api.post(address, headers=headers | repeatable())
    assert (published.status_code, published.json()["status"]) == (200, "published")


async def test_publish_takes_no_fields_so_none_is_passed_over(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    update = here_and_now.post(status="draft")
    answer = await api.post(
        f"/api/updates/{update.uid}/publish",
        json={"publish_at": "2030-01-01T00:00:00Z"},
        headers=bearer() | repeatable(),
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "publish_at"


async def test_texts_in_several_languages_each_get_a_feed_entry(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    both = NEWS | {"texts": {"ar": {"title": "تصويت اليوم", "body": "اليوم."}}}
    answer = await api.post(UPDATES, json=both, headers=bearer() | repeatable())
    assert list(answer.json()["texts"]) == ["en", "ar"]
    assert answer.json()["feed_ids"]["ar"].endswith("/ar")


async def test_a_list_is_read_to_its_end_by_cursor(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    posted = [here_and_now.post(title=f"News {n}").uid for n in range(5)]
    headers, found = bearer(), list[str]()
    after: str | None = ""
    while after is not None:
        asked = f"{UPDATES}?limit=2&after={after}&unknown=passed-over"
        part = (await api.get(asked, headers=headers)).json()
        found += [item["id"] for item in part["items"]]
        after = part["next"]
    assert found == posted[::-1]


async def test_a_part_of_a_list_points_at_the_next(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.post(title="One")
    two = here_and_now.post(title="Two")
    answer = await api.get(UPDATES, params={"limit": 1}, headers=bearer())
    assert answer.headers["link"] == f'<{UPDATES}?limit=1&after={two.uid}>; rel="next"'


async def test_what_has_not_changed_is_not_sent_again(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    address, headers = f"/api/updates/{here_and_now.post().uid}", bearer()
    tag = (await api.get(address, headers=headers)).headers["etag"]
    again = await api.get(address, headers=headers | {"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_books_of_an_update_balance(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    update = here_and_now.post()
    await here_and_now.tick()
    answer = await api.get(f"/api/updates/{update.uid}/books", headers=bearer())
    [news] = answer.json()["notices"]
    assert (news["notice"], news["eligible"], news["balanced"]) == ("news", 1, True)
    assert news["in_hand"]["waiting"] == 1


async def test_history_mails_nobody(
    api: httpx2.AsyncClient, bearer: Bearer, here_and_now: World
) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    history = NEWS | {"notify": "none"}
    told = (await api.post(UPDATES, json=history, headers=bearer() | repeatable())).json()
    assert (told["estimate"], told["eligible"]) == (0, 0)
    assert told["published_at"] == "2026-03-01T12:00:00Z"
