"""The archives of a feed: what has left its head is found in them, once and for ever."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from feedsvc.actions import campaigns, load, publish, revise
from feedsvc.actions.moved import configuration_moved
from feedsvc.domain import feeds
from feedsvc.domain.content import Site, Text
from feedsvc.domain.drafts import UpdateDraft
from feedsvc.domain.tables.content import Appearance, CampaignText, EditClass, Update
from feedsvc.records import documents, folders, versions
from tests.world import World, world


def gathered(
    of: World, slug: str | None = "river", language: str | None = None, run: str | None = None
) -> feeds.Feed | documents.NotYet | None:
    """Gather a feed, or a run of its archives."""

    def gather(session: Session) -> feeds.Feed | documents.NotYet | None:
        here, scope = of.here, versions.versions(session, [slug])[slug].scope
        pieces = (session, here.settings, here.templates, scope, language)
        return documents.archive(*pieces, run) if run else documents.gather(*pieces)

    found: feeds.Feed | documents.NotYet | None = of.read(gather)
    return found


def there(found: feeds.Feed | documents.NotYet | None) -> feeds.Feed:
    """Return a document that is there."""
    assert isinstance(found, feeds.Feed)
    return found


def run_of(urls: feeds.Urls) -> str:
    """Return the name of a run, from where it is."""
    return urls.json.rpartition("/")[2].partition(".")[0]


def walk(of: World, slug: str | None = "river", language: str | None = None) -> Iterator[Any]:
    """Go through all documents of a feed, from its head backwards."""
    document = there(gathered(of, slug, language))
    yield document
    while document.previous:
        document = there(gathered(of, slug, language, run_of(document.previous)))
        yield document


def merged(documents_: Iterator[Any]) -> dict[str, feeds.Entry]:
    """Keep of each entry the newest state, as a reader does."""
    kept: dict[str, feeds.Entry] = {}
    for entry in (entry for document in documents_ for entry in document.entries):
        if entry.id not in kept or entry.updated > kept[entry.id].updated:
            kept[entry.id] = entry
    return kept


def rendered(of: World, run: str, slug: str | None = "river") -> list[bytes]:
    """Write a run in every format."""
    document = there(gathered(of, slug, None, run))
    return [each.render(document) for each in feeds.FORMATS.values()]


def fill(of: World, count: int, **fields: Any) -> list[Update]:
    """Post so many updates, a minute apart."""
    posted = []
    for number in range(count):
        of.pass_time(minutes=1)
        posted.append(of.post(title=f"News {number}", notify="none", **fields))
    return posted


def amend(of: World, update: Update, title: str = "Amended", **fields: Any) -> None:
    """Edit an update so that its readers see it again."""
    values = {"edit_class": EditClass.AMENDED, "based_on": 1} | fields
    texts = (Text("en", title=title, body="New words."),)
    site = of.here.settings.site
    of.pass_time(minutes=1)
    of.write(revise.revise, update.uid, texts, site=site, by="test", now=of.now, **values)


def withdraw(of: World, update: Update) -> None:
    """Take an update back."""
    site = of.here.settings.site
    of.write(revise.withdraw, update.uid, site=site, by="test", now=of.now)


@pytest.fixture
def river(here_and_now: World) -> World:
    """Give a world with a campaign and its launch."""
    here_and_now.campaign()
    return here_and_now


def test_a_feed_that_fits_its_head_has_no_archives(river: World) -> None:
    fill(river, 5)
    assert there(gathered(river)).previous is None
    assert gathered(river, run="1") is documents.NOT_YET
    assert gathered(river, run="2") is None


@pytest.mark.parametrize("count", [48, 49, 50, 51, 101])
def test_a_walk_finds_every_update_once(river: World, count: int) -> None:
    titles = {update.key for update in fill(river, count)}
    found = merged(walk(river))
    assert {entry.url.rpartition("/")[2] for entry in found.values()} == titles | {"river"}


def test_a_walk_finds_the_newest_words_of_what_was_amended(river: World) -> None:
    posted = fill(river, 60)
    amend(river, posted[3])
    fill(river, 55)
    found = merged(walk(river))
    assert [entry.title for entry in found.values()].count("Amended") == 1
    assert len(found) == 116


def test_what_has_no_room_at_the_head_is_in_a_part_of_the_next_run(river: World) -> None:
    fill(river, 20, body="word " * 7_000)
    documents_ = list(walk(river))
    assert run_of(documents_[1].urls) == "1-15"
    assert len(merged(iter(documents_))) == 21
    following = documents_[1].next
    assert following
    assert gathered(river, run=run_of(following)) is documents.NOT_YET


def test_a_run_is_linked_both_ways(river: World) -> None:
    fill(river, 120)
    second = there(gathered(river, run="2"))
    links = [second.previous, second.next, second.current]
    assert [urls and urls.atom.partition("/c/")[2] for urls in links] == [
        "river/archive/1.atom",
        "river/archive/3.atom",
        "river.atom",
    ]
    assert gathered(river, run="3") is documents.NOT_YET
    assert gathered(river, run="4") is None


def test_a_full_run_stays_as_it_is_whatever_comes_later(river: World) -> None:
    posted = fill(river, 60)
    before = [rendered(river, "1"), rendered(river, "1", None)]

    def retitle(session: Session) -> None:
        session.exec(select(CampaignText)).one().title = "Another name"
        session.exec(select(CampaignText)).one().body = "Another text"

    river.write(retitle)
    amend(river, posted[3])
    amend(river, posted[4], edit_class=EditClass.SILENT)
    fill(river, 50)
    assert [rendered(river, "1"), rendered(river, "1", None)] == before


def test_a_run_of_the_site_is_in_the_order_of_first_publication(river: World) -> None:
    river.campaign("lake")
    for number in range(30):
        river.pass_time(minutes=1)
        river.post("river", title=f"River {number}", notify="none")
        river.post("lake", title=f"Lake {number}", notify="none")
    first = there(gathered(river, None, None, "1"))
    assert len(first.entries) == 50
    assert {"River 23", "Lake 23"} < {entry.title for entry in first.entries}
    assert "River 24" not in {entry.title for entry in first.entries}


def test_a_withdrawn_update_is_in_no_archive(river: World) -> None:
    fill(river, 10)
    wrong = river.post(title="Wrong", body="What was never so.", notify="none")
    fill(river, 50)
    before = rendered(river, "1")
    withdraw(river, wrong)
    after = rendered(river, "1")
    assert [b"What was never so" in each for each in before] == [True] * 3
    assert [b"What was never so" in each or b"Wrong" in each for each in after] == [False] * 3
    assert b"deleted-entry" in after[0]


def test_language_feeds_have_archives_of_their_own(river: World) -> None:
    fill(river, 52, texts={"ar": {"title": "خبر", "body": "نص"}})
    arabic = list(walk(river, language="ar"))
    assert run_of(arabic[1].urls) == "1"
    assert arabic[1].urls.atom.endswith("/c/river/archive/1.ar.atom")
    assert {entry.language for entry in arabic[1].entries} == {"ar"}


def test_the_plain_feed_keeps_the_language_that_an_update_was_first_in(river: World) -> None:
    posted = river.post(title="وحده", language="ar", notify="none")
    texts = (
        Text("ar", title="وحده", body="All about وحده."),
        Text("en", title="Alone", body="Text"),
    )
    site = river.here.settings.site
    kind = EditClass.TRANSLATION
    values = {"edit_class": kind, "based_on": 1, "site": site, "by": "test", "now": river.now}
    before = {entry.id for entry in there(gathered(river)).entries}
    river.write(revise.revise, posted.uid, texts, **values)
    assert {entry.id for entry in there(gathered(river)).entries} == before
    assert "Alone" in {entry.title for entry in there(gathered(river, language="en")).entries}


@pytest.mark.parametrize("name", ["0", "1-0", "1-50", "01", "-1", "1-", "x", "1-2-3", "9" * 12])
def test_what_is_no_name_of_a_run_is_not_there(river: World, name: str) -> None:
    assert gathered(river, run=name) is None


def test_a_campaign_that_is_renamed_keeps_every_id(river: World) -> None:
    fill(river, 60)
    before = merged(walk(river))
    river.write(campaigns.rename_campaign, "river", "stream", by="test", now=river.now)
    after = merged(walk(river, "stream"))
    assert before.keys() == after.keys()
    assert {entry.url.partition("/c/")[2].partition("/")[0] for entry in after.values()} == {
        "stream"
    }


def test_archives_come_back_from_a_dump_byte_for_byte(river: World, tmp_path: Path) -> None:
    posted = fill(river, 60)
    amend(river, posted[3], edit_class=EditClass.CORRECTION, notes={"en": "A number."})
    withdraw(river, posted[5])
    river.campaign("lake")
    river.post("lake")
    river.write(campaigns.rename_campaign, "river", "stream", by="test", now=river.now)
    site: Site = river.read(folders.of_site)
    with world(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "other") as other:
        bring(other, site)
        for slug in ("stream", None):
            assert rendered(other, "1", slug) == rendered(river, "1", slug)
        assert [feeds.atom(each) for each in walk(other, "river")] == [
            feeds.atom(each) for each in walk(river, "river")
        ]
        assert other.read(folders.of_site) == site


def bring(other: World, site: Site) -> None:
    """Load what a dump holds."""
    before = other.write(load.begin, site.record)
    values = {"site": other.here.settings.site, "by": "test", "now": other.now}
    values["fresh"] = before.empty
    for folder in site.folders:
        other.write(load.load_folder, folder, **values)
    other.write(load.finish, site.record, before, now=other.now)


async def test_updates_of_two_campaigns_at_once_each_have_a_place(river: World) -> None:
    river.campaign("lake")
    site, now = river.here.settings.site, river.now
    posts = [
        river.here.database.write(
            publish.post_update,
            ("river", "lake")[number % 2],
            UpdateDraft(title=f"News {number}", body="Words."),
            site=site,
            by="test",
            now=now,
        )
        for number in range(40)
    ]
    await asyncio.gather(*posts)
    places = river.read(lambda s: s.exec(select(Appearance.place)).all())
    assert sorted(places) == list(range(1, 43))


def test_what_was_amended_within_its_second_is_archived_as_it_reads_now(river: World) -> None:
    posted = river.post(title="Old words", notify="none")
    texts = (Text("en", title="New words", body="So it is."),)
    values: dict[str, Any] = {"site": river.here.settings.site, "by": "test", "now": river.now}
    kind = EditClass.AMENDED
    river.write(revise.revise, posted.uid, texts, edit_class=kind, based_on=1, **values)
    fill(river, 60)
    found = [entry.title for entry in merged(walk(river)).values()]
    assert ("New words" in found, "Old words" in found) == (True, False)


def test_no_moment_goes_back_where_a_clock_is_behind(river: World) -> None:
    posted = river.post()
    before = there(gathered(river))
    river.pass_time(seconds=-63)
    amend(river, posted)
    after = there(gathered(river))
    assert after.entries[0].updated == before.entries[0].updated
    assert after.updated > before.updated


async def test_an_archive_that_is_written_anew_bears_another_date(river: World) -> None:
    posted = fill(river, 55)
    withdraw(river, posted[3])
    moments = [there(gathered(river, run="1")).updated]
    river.pass_time(days=31)
    await river.tick()
    moments.append(there(gathered(river, run="1")).updated)
    river.pass_time(days=1)
    river.write(campaigns.rename_campaign, "river", "stream", by="test", now=river.now)
    moments.append(there(gathered(river, "stream", run="1")).updated)
    river.pass_time(days=1)
    river.write(configuration_moved, "one", river.now)
    river.write(configuration_moved, "another", river.now)
    moments.append(there(gathered(river, None, run="1")).updated)
    assert moments == sorted(set(moments))


def test_what_is_loaded_late_comes_behind_all_archives(river: World, tmp_path: Path) -> None:
    river.campaign("lake")
    for _ in range(30):
        fill(river, 1)
        river.post("lake", notify="none")
    site: Site = river.read(folders.of_site)
    first, second = site.folders
    with world(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "other") as other:
        bring(other, replace(site, folders=(second,)))
        fill(other, 30)
        before = rendered(other, "1", None)
        bring(other, replace(site, folders=(first,)))
        assert rendered(other, "1", None) == before
        assert len(merged(walk(other, None))) == 92


def test_an_update_that_is_restored_into_a_campaign_moves_its_feeds(
    river: World, tmp_path: Path
) -> None:
    fill(river, 2)
    site: Site = river.read(folders.of_site)
    folder = site.folders[0]
    with world(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "other") as other:
        bring(other, replace(site, folders=(replace(folder, updates=folder.updates[:1]),)))
        before = other.read(versions.versions, ["river", None])
        bring(other, site)
        after = other.read(versions.versions, ["river", None])
    assert all(after[scope].number > before[scope].number for scope in ("river", None))


def test_a_dump_without_the_record_of_the_site_moves_its_feeds(
    river: World, tmp_path: Path
) -> None:
    site: Site = river.read(folders.of_site)
    with world(f"sqlite:///{tmp_path / 'other.db'}", tmp_path / "other") as other:
        bring(other, replace(site, record=None))
        assert other.read(versions.versions, [None])[None].number > 0
