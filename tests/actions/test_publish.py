"""Publishing gives arrival numbers, keeps embargoes and moves the feeds."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from feedsvc.actions import publish
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignStatus,
    FeedVersion,
    Update,
    UpdateStatus,
)
from feedsvc.domain.tables.ledger import Notice
from feedsvc.domain.tables.staff import AuditLine
from feedsvc.errors import Conflict, Invalid, NotFound
from tests.world import World, world


async def test_an_update_reaches_whoever_had_confirmed(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    here_and_now.post()
    here_and_now.join("late@example.org")
    here_and_now.pass_time(minutes=11)
    await here_and_now.tick()
    assert [address for address, _ in here_and_now.mails()] == ["anna@example.org"]


def test_a_future_publish_at_holds_everything_back(here_and_now: World) -> None:
    here_and_now.campaign()
    before = here_and_now.read(_versions)
    update = here_and_now.post(publish_at="2026-03-03T09:00:00Z")
    assert update.status is UpdateStatus.SCHEDULED
    assert update.arrival is None
    assert here_and_now.read(_versions) == before


def test_embargoes_end_in_the_order_of_their_instants(here_and_now: World) -> None:
    here_and_now.campaign()
    for hours in (3, 1, 2):
        at = here_and_now.now + timedelta(hours=hours)
        here_and_now.post(title=f"in {hours}", key=f"in-{hours}", publish_at=at.isoformat())
    here_and_now.pass_time(hours=5)
    assert here_and_now.write(publish.release_due, now=here_and_now.now) == 3
    assert here_and_now.read(_keys_by_arrival) == ["in-1", "in-2", "in-3"]


def test_the_date_of_an_event_does_not_decide_its_arrival(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.post(key="recent", occurred_on="2026-02-28")
    here_and_now.post(key="old", occurred_on="2017-12-07")
    assert here_and_now.read(_keys_by_arrival) == ["recent", "old"]


def test_history_mails_nobody_and_sinks_to_its_place(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    here_and_now.send()
    update = here_and_now.post(notify="none", occurred_on="2017-12-07")
    assert update.published_at == datetime(2017, 12, 7, 12, tzinfo=UTC)
    assert here_and_now.run(days=9) == []


def test_publishing_a_draft_twice_is_the_same_as_once(here_and_now: World) -> None:
    here_and_now.campaign()
    draft = here_and_now.post(status="draft")
    for _ in range(2):
        here_and_now.write(publish.publish, draft.uid, by="test", now=here_and_now.now)
    assert len(here_and_now.read(lambda s: s.exec(select(Notice)).all())) == 1


def test_publishing_what_is_not_there_says_so(here_and_now: World) -> None:
    with pytest.raises(NotFound):
        here_and_now.write(publish.publish, "nothing", by="test", now=here_and_now.now)
    with pytest.raises(NotFound):
        here_and_now.post("nowhere")


def test_a_key_that_is_taken_is_refused(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.post(key="news")
    with pytest.raises(Conflict, match="news"):
        here_and_now.post(key="news")


def test_what_has_not_happened_yet_is_refused(here_and_now: World) -> None:
    here_and_now.campaign()
    with pytest.raises(Invalid, match="occurred_on"):
        here_and_now.post(occurred_on="2026-03-04")


def test_releasing_moves_the_feeds_of_the_campaign_and_of_the_site(here_and_now: World) -> None:
    here_and_now.campaign("river")
    here_and_now.campaign("forest")
    before = here_and_now.read(_versions)
    here_and_now.post("river")
    after = here_and_now.read(_versions)
    river, forest = here_and_now.campaign_id("river"), here_and_now.campaign_id("forest")
    assert {scope: after[scope] - before[scope] for scope in after} == {0: 1, river: 1, forest: 0}


def test_the_estimate_counts_who_would_be_mailed(here_and_now: World) -> None:
    here_and_now.campaign()
    here_and_now.join("anna@example.org")
    here_and_now.sign_up("unconfirmed@example.org")
    here_and_now.leave(here_and_now.join("gone@example.org"))
    assert here_and_now.read(publish.estimate, here_and_now.campaign_id()) == 1


def test_nothing_is_published_about_a_campaign_that_was_withdrawn(here_and_now: World) -> None:
    here_and_now.campaign()
    draft = here_and_now.post(status="draft")
    here_and_now.write(_withdraw)
    with pytest.raises(Conflict, match="Reopen it"):
        here_and_now.write(publish.publish, draft.uid, by="test", now=here_and_now.now)


def test_an_embargo_of_a_withdrawn_campaign_ends_as_a_draft(here_and_now: World) -> None:
    here_and_now.campaign()
    at = here_and_now.now + timedelta(hours=1)
    update = here_and_now.post(publish_at=at.isoformat())
    here_and_now.write(_withdraw)
    here_and_now.pass_time(hours=2)
    assert here_and_now.write(publish.release_due, now=here_and_now.now) == 0
    status = here_and_now.read(lambda s: s.exec(select(Update.status)).one())
    noted = here_and_now.read(lambda s: s.exec(select(AuditLine)).all())[-1]
    assert status is UpdateStatus.DRAFT
    assert (noted.who, noted.about) == ("timetable", update.uid)


def test_what_was_loaded_before_another_released_is_read_anew(
    postgresql_url: str, tmp_path: Path
) -> None:
    with world(postgresql_url, tmp_path) as here:
        here.campaign()
        draft = here.post(key="draft", status="draft")

        def late(session: Session) -> None:
            known = [session.exec(select(kind)).one() for kind in (Campaign, Update)]
            here.post(key="first")
            publish.publish(session, draft.uid, by="test", now=here.now)
            assert known

        here.write(late)
        assert here.read(_arrivals) == {"first": 1, "draft": 2}


def test_a_draft_that_another_published_meanwhile_is_left_alone(
    postgresql_url: str, tmp_path: Path
) -> None:
    with world(postgresql_url, tmp_path) as here:
        here.campaign()
        draft = here.post(key="draft", status="draft")

        def late(session: Session) -> None:
            known = session.exec(select(Update)).one()
            here.write(publish.publish, draft.uid, by="test", now=here.now)
            assert publish.publish(session, draft.uid, by="test", now=here.now) is known

        here.write(late)
        assert here.read(_arrivals) == {"draft": 1}


def _withdraw(session: Session) -> None:
    session.exec(select(Campaign)).one().status = CampaignStatus.WITHDRAWN


def _arrivals(session: Session) -> dict[str, int | None]:
    return dict(session.exec(select(Update.key, Update.arrival)).all())


def _keys_by_arrival(session: Session) -> list[str]:
    return list(session.exec(select(Update.key).order_by(col(Update.arrival))).all())


def _versions(session: Session) -> dict[int, int]:
    rows = session.exec(select(FeedVersion.scope, FeedVersion.version)).all()
    return dict(rows)
