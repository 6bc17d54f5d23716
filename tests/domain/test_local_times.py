"""What time it is where: each time once, in the order of the clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from feedsvc.domain.cadence import zones
from feedsvc.domain.local_times import PLACES, local_times, places

WINTER = datetime(2026, 1, 15, 12, tzinfo=UTC)
SUMMER = datetime(2026, 7, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize("now", [WINTER, SUMMER])
def test_each_time_that_it_is_somewhere_is_offered_once(now: datetime) -> None:
    offered = [one.at.replace(tzinfo=None) for one in local_times("UTC", now)]
    everywhere = {now.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for zone in places()}
    assert set(offered) >= everywhere
    assert offered == sorted(set(offered))


@pytest.mark.parametrize("own", ["Europe/Paris", "Africa/Ouagadougou", "Etc/GMT+12", "UTC"])
def test_ones_own_zone_stands_for_its_like(own: str) -> None:
    assert own in [one.zone for one in local_times(own, WINTER)]


def test_likely_places_stand_before_the_others() -> None:
    found = {one.zone for one in local_times("UTC", WINTER)}
    assert "Europe/Berlin" in found
    assert "Africa/Algiers" not in found


def test_every_likely_place_exists() -> None:
    assert set(PLACES) <= zones()
    assert len(set(PLACES)) == len(PLACES)
