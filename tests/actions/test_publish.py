"""Publishing gives arrival numbers, keeps embargoes and moves the feeds."""

from feedsvc.domain.tables.content import UpdateStatus
from tests.world import World


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
    update = here_and_now.post(publish_at="2026-03-03T09:00:00Z")
    assert update.status is UpdateStatus.SCHEDULED
    assert update.arrival is None
