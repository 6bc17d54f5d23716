"""When an entry was published and updated, over HTTP, and that nothing else moves a feed (F5, F6, F7)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.domain.tables.content import EditClass
from tests.feeds.deeds import revised, withdrawn
from tests.feeds.parsers import Facts
from tests.feeds.site import documents
from tests.feeds.test_parsers import READINGS
from tests.web.serving import client
from tests.world import START, World

FORMATS = {"atom": "atoma, Atom", "json": "atoma, JSON Feed", "rss": "fastfeedparser, RSS"}
MOVING = (EditClass.AMENDED, EditClass.CORRECTION)


@pytest.fixture
def river(here_and_now: World) -> World:
    """Give a world with a campaign and two updates, at odd moments."""
    here_and_now.pass_time(microseconds=654_321)
    here_and_now.campaign()
    here_and_now.pass_time(hours=1)
    here_and_now.post(title="First", key="first")
    here_and_now.pass_time(hours=1)
    here_and_now.post(title="Second", key="second")
    return here_and_now


def shown(world: World, suffix: str) -> list[Facts]:
    """Return what a parser finds in the campaign's feed, the newest first."""
    with client(world) as http:
        return READINGS[FORMATS[suffix]][1](http.get(f"/c/river.{suffix}").content)


def first(facts: list[Facts]) -> Facts:
    """Return the first update, whatever it is called by now."""
    return next(each for each in facts if each.link.endswith("/first"))


def second_of(moment: datetime) -> datetime:
    """Return an instant as feeds write it."""
    return moment.replace(microsecond=0)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_new_update_was_updated_when_it_was_published(river: World, suffix: str) -> None:
    found = first(shown(river, suffix))

    assert found.published == found.updated == second_of(START + timedelta(hours=1))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("edit", MOVING)
def test_an_edit_that_matters_moves_updated_alone_and_brings_it_to_the_head(
    river: World, suffix: str, edit: EditClass
) -> None:
    before = first(shown(river, suffix))
    revised(river, river.post(title="First", key="another"), edit)
    update = river.post(title="Amended", key="amended")
    posted = river.now
    revised(river, update, edit)

    found = next(each for each in shown(river, suffix) if each.link.endswith("/amended"))

    assert (found.published, found.updated) == (second_of(posted), second_of(river.now))
    assert found.title == "Another title"
    assert found in shown(river, suffix)[:2]
    assert first(shown(river, suffix)) == before


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_silent_edit_moves_nothing(river: World, suffix: str) -> None:
    river.pass_time(hours=1)
    update = river.post(title="Frist", key="typo")
    before = [(each.id, each.published, each.updated) for each in shown(river, suffix)]

    revised(river, update, EditClass.SILENT, title="First")

    after = [(each.id, each.published, each.updated) for each in shown(river, suffix)]
    assert after == before
    assert shown(river, suffix)[0].title == "First"


@pytest.mark.parametrize("suffix", FORMATS)
def test_nothing_is_updated_before_it_was_published_or_in_the_future(
    river: World, suffix: str
) -> None:
    revised(river, river.post(title="Amended"), EditClass.AMENDED)
    withdrawn(river, river.post(title="Withdrawn"))

    for each in shown(river, suffix):
        assert each.updated is not None
        assert each.published <= each.updated <= river.now
        assert each.updated.astimezone(UTC).microsecond == 0


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_newest_is_at_the_head(river: World, suffix: str) -> None:
    moments = [each.updated for each in shown(river, suffix)]

    assert moments == sorted(moments, key=str, reverse=True)


def test_no_change_means_the_same_bytes_of_every_document(whole: World) -> None:
    before = documents(whole)
    now = whole.now
    whole.pass_time(days=100)
    after = documents(whole)
    whole.now = now

    assert differing(before, after) == []


def differing(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[str]:
    """Name the documents that are not what they were."""
    return [url for url in {*before, *after} if before.get(url) != after.get(url)]
