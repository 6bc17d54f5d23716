"""Who is due gets one mail with what they lack, when it has settled and at their own hour."""

from datetime import timedelta

import pytest
from sqlmodel import select

from feedsvc.actions import choose, leave
from feedsvc.domain.tables.ledger import Digest, Mail
from feedsvc.domain.tables.people import Cadence, Reach, Suppression
from feedsvc.records.books import Books, books
from tests.world import World

ANNA = "anna@example.org"


@pytest.fixture
def river(here_and_now: World) -> World:
    here_and_now.campaign("river")
    return here_and_now


def join(here: World, email: str = ANNA, slug: str = "river", **fields: object) -> int:
    """Join, and take the confirm mail out of the way."""
    signer_id = here.join(email, slug, **fields)  # type: ignore[arg-type]  # names of the form
    here.send()
    return signer_id


def choose_place(here: World, signer_id: int, zone: str, hour: int, weekday: int = 0) -> None:
    place = {"zone": zone, "hour": hour, "weekday": weekday}
    here.write(choose.choose_time, signer_id, keys=here.here.keys, **place)


def test_mail_waits_until_the_news_has_settled(river: World) -> None:
    join(river)
    river.post()
    assert river.run(minutes=9, seconds=59) == []
    assert river.run(seconds=1) == [ANNA]


def test_more_news_lets_all_of_it_settle_again_but_not_for_ever(river: World) -> None:
    join(river)
    written_to = []
    for n in range(4):
        river.post(title=f"News {n}")
        written_to.append(river.run(minutes=9))
    assert written_to == [[], [], [], [ANNA]]
    assert river.run(minutes=11) == []


def test_one_person_gets_one_mail_across_campaigns(river: World) -> None:
    river.campaign("forest")
    join(river)
    join(river, slug="forest")
    river.post("river")
    river.post("forest")
    assert river.run(minutes=11) == [ANNA]


def test_only_what_is_due_goes_into_the_mail(river: World) -> None:
    river.campaign("forest")
    join(river)
    join(river, slug="forest", cadence="daily")
    river.post("river")
    river.post("forest")
    river.run(minutes=11)
    assert [page.sent for page in (river.books(), river.books(_uid(river, "forest")))] == [0, 0]


def test_no_news_no_mail(river: World) -> None:
    for cadence in Cadence:
        join(river, f"{cadence.value}@example.org", cadence=cadence)
    assert river.run(days=9) == []


def test_people_with_the_same_news_share_one_digest(river: World) -> None:
    for name in ("anna", "bea", "carl"):
        join(river, f"{name}@example.org")
    river.post()
    assert len(river.run(minutes=11)) == 3
    digests = select(Mail.digest_id).join(Digest).where(Digest.kind == "digest").distinct()
    assert len(river.read(lambda s: s.exec(digests).all())) == 1


def test_a_daily_digest_comes_at_the_persons_own_hour(river: World) -> None:
    sydney = join(river, "sydney@example.org", cadence="daily")
    london = join(river, "london@example.org", cadence="daily")
    choose_place(river, sydney, "Australia/Sydney", 8)  # 21:00 UTC
    choose_place(river, london, "Europe/London", 18)
    river.post()  # 9:00 UTC
    assert river.run(hours=9, minutes=9) == []
    assert river.run(minutes=1) == ["london@example.org"]
    assert river.run(hours=3) == ["sydney@example.org"]


def test_what_arrives_after_the_hour_waits_for_the_next_day(river: World) -> None:
    anna = join(river, cadence="daily")
    choose_place(river, anna, "UTC", 10)
    river.pass_time(hours=1, minutes=5)
    river.post()
    assert river.run(minutes=30) == []
    assert river.run(hours=24) == [ANNA]


def test_a_traveller_waits_twelve_hours_at_least_and_loses_nothing(river: World) -> None:
    anna = join(river, cadence="daily")
    choose_place(river, anna, "Pacific/Kiritimati", 0)  # 10:00 UTC
    river.post()
    assert river.run(hours=1, minutes=11) == [ANNA]
    river.post(title="More")
    choose_place(river, anna, "Europe/London", 18)
    assert river.run(hours=8) == []
    assert river.run(hours=24) == []  # the date on which she was served already, in Kiritimati
    assert river.run(hours=24) == [ANNA]


def test_the_weekly_digest_comes_on_its_day(river: World) -> None:
    anna = join(river, cadence="weekly")
    choose_place(river, anna, "UTC", 12, 3)  # Thursday
    river.post()  # on a Monday
    written_to = [river.run(days=1) for _ in range(5)]
    assert written_to == [[], [], [], [ANNA], []]


def test_choosing_at_once_brings_what_has_waited(river: World) -> None:
    anna = join(river, cadence="weekly")
    river.post()
    assert river.run(minutes=30) == []
    at_once = {"campaigns": None, "cadence": Cadence.IMMEDIATE}
    river.write(choose.choose_cadence, anna, **at_once)
    assert river.run(seconds=1) == [ANNA]


def test_choosing_weekly_holds_back_what_has_not_been_planned(river: World) -> None:
    anna = join(river)
    river.post()
    river.write(choose.choose_cadence, anna, campaigns=None, cadence=Cadence.WEEKLY)
    assert river.run(hours=1) == []
    assert river.run(days=8) == [ANNA]


def test_what_came_during_a_pause_comes_after_it(river: World) -> None:
    anna = join(river)
    until = river.now + timedelta(days=2)
    river.write(leave.pause, anna, campaigns=None, until=until)
    river.post()
    assert river.run(days=1) == []
    river.write(choose.resume, anna, now=river.now)
    assert river.run(seconds=1) == [ANNA]


def test_an_address_that_must_not_be_mailed_is_withheld(river: World) -> None:
    join(river)
    suppression = Suppression(
        address_index=river.here.keys.address_index(ANNA),
        reach=Reach.BULK,
        reason="dead",
        created_at=river.now,
    )
    river.write(lambda session: session.add(suppression))
    river.post()
    assert river.run(minutes=11) == []
    assert river.books().withheld == {"suppressed": 1}


def _uid(here: World, slug: str) -> str:
    pages: list[Books] = here.read(books)
    return next(page.update for page in pages if page.campaign == slug)
