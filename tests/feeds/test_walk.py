"""A walk from the head to the beginning finds every update exactly once (P1, P2, J3, D3)."""

from collections import Counter
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from feedsvc.domain.tables.content import Entry
from tests.feeds.site import FORMATS, MANY, amended, edit, retitled
from tests.feeds.walking import Page, fetch, merged, walk
from tests.web.serving import client
from tests.world import World

RUN = 50
STEMS = ("/c/river", "/c/river.en", "/updates", "/updates.en")


def post_many(world: World, count: int, **fields: str) -> None:
    """Post updates, the first of them when the campaign is an hour old."""
    world.campaign()
    world.pass_time(hours=1)
    for number in range(count):
        world.pass_time(minutes=1)
        world.post(title=f"News {number}", key=f"k{number}", **fields)
    world.pass_time(hours=1)


def amend(world: World, folder: Path, *numbers: int) -> None:
    """Say more in some updates, an hour later."""
    world.pass_time(hours=1)
    edit(world, folder, {f"river/k{number}.md": amended for number in numbers})
    world.pass_time(hours=1)


def published(world: World) -> set[str]:
    """Return the ids of everything that was published."""

    def tags(session: Session) -> set[str]:
        rows = select(Entry.tag).where(col(Entry.published_at).is_not(None))
        return set(session.exec(rows).all())

    found = world.read(tags)
    assert isinstance(found, set)
    return found


def archives(world: World) -> dict[str, list[Page]]:
    """Fetch the archives of every feed in every format, newest first."""
    with client(world) as http:
        urls = [f"{stem}.{suffix}" for stem in STEMS for suffix in FORMATS]
        return {url: list(walk(http, url))[1:] for url in urls}


def found_by(pages: list[Page]) -> tuple[set[str], list[str]]:
    """Return the ids that a walk came by, and the titles after merging."""
    kept = merged(pages)
    return set(kept), sorted(seen.title for seen in kept.values())


@pytest.mark.parametrize("count", [5, 50, 51])
def test_every_update_is_found_exactly_once(
    here_and_now: World, tmp_path: Path, count: int
) -> None:
    post_many(here_and_now, count)
    amend(here_and_now, tmp_path, 0, 3, count - 1)

    look(here_and_now, count)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("stem", ["/c/busy", "/c/busy.en"])
def test_every_one_of_five_hundred_updates_is_found_exactly_once(
    whole: World, stem: str, suffix: str
) -> None:
    with client(whole) as http:
        kept = merged(walk(http, f"{stem}.{suffix}"))

    found = Counter(seen.title for seen in kept.values() if seen.title.startswith("News "))
    assert found == Counter(f"News {number}" for number in range(MANY))


def look(world: World, count: int) -> None:
    """Walk every feed in every format, and look at what was found."""
    wanted = sorted(["Save the river", *(f"News {number}" for number in range(count))])
    with client(world) as http:
        walks = {
            f"{stem}.{suffix}": list(walk(http, f"{stem}.{suffix}"))
            for stem in STEMS
            for suffix in FORMATS
        }

    ids = published(world)
    assert {url: found_by(pages) for url, pages in walks.items()} == dict.fromkeys(
        walks, (ids, wanted)
    )
    twice = {
        url: len(page.entries) - len({seen.id for seen in page.entries})
        for pages in walks.values()
        for page in pages
        for url in [page.url]
    }
    assert set(twice.values()) == {0}


def test_after_merging_an_amended_update_is_the_amended_one(
    here_and_now: World, tmp_path: Path
) -> None:
    post_many(here_and_now, RUN + 10)
    amend(here_and_now, tmp_path, 2)

    with client(here_and_now) as http:
        kept = {seen.title: seen for seen in merged(walk(http, "/c/river.atom")).values()}

    newest = max(seen.updated for seen in kept.values())
    assert kept["News 2"].updated == newest > kept["News 59"].updated


@pytest.mark.parametrize("suffix", ["atom", "rss"])
def test_the_way_back_leads_to_the_head(here_and_now: World, suffix: str) -> None:
    post_many(here_and_now, 2 * RUN + 30)

    with client(here_and_now) as http:
        head, *runs = walk(http, f"/c/river.{suffix}")
        back = [page.next for page in runs]
        currents = {fetch(http, str(page.current)).raw for page in runs}

    assert len(runs) >= 2
    assert [head.next, head.current] == [None, None]
    assert back[1:] == [page.url for page in runs[:-1]]
    assert currents == {head.raw}


def test_archives_hold_fixed_runs(here_and_now: World) -> None:
    post_many(here_and_now, 3 * RUN)

    with client(here_and_now) as http:
        sizes = {
            url: [len(page.entries) for page in list(walk(http, url))[1:]]
            for url in (f"/c/river.{suffix}" for suffix in FORMATS)
        }

    assert set(map(tuple, sizes.values())) == {(RUN,) * len(sizes["/c/river.atom"])}
    assert len(sizes["/c/river.atom"]) >= 2


def test_later_news_leaves_the_archives_as_they_are(here_and_now: World, tmp_path: Path) -> None:
    post_many(here_and_now, 2 * RUN + 5)
    before = archives(here_and_now)

    for number in range(RUN):
        here_and_now.pass_time(minutes=1)
        here_and_now.post(title=f"Later {number}")
    amend(here_and_now, tmp_path, 1, RUN + 1)
    edit(here_and_now, tmp_path, {"river/campaign.md": retitled})
    here_and_now.pass_time(hours=1)

    after = {page.url: page.raw for pages in archives(here_and_now).values() for page in pages}
    runs = [page for pages in before.values() for page in pages]
    assert len(runs) >= 2 * len(before)
    assert [page.url for page in runs if after.get(page.url) != page.raw] == []


def test_a_head_that_is_cut_for_its_size_loses_nothing(here_and_now: World) -> None:
    post_many(here_and_now, RUN - 10, body="word " * 7_900)

    with client(here_and_now) as http:
        for suffix in FORMATS:
            head, *rest = walk(http, f"/c/river.{suffix}")
            assert 5 <= len(head.entries) < RUN - 10
            assert len(head.raw) <= 250_000
            assert set(merged([head, *rest])) == published(here_and_now)
